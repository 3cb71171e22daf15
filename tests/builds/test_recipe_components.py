"""The components of a recipe: which ones fit together, the parent image and their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion, ProductCode

from ..build_parts import MANAGED_BASE, PARENT_IMAGE, UPDATE_LINUX
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from ..resources.components import component_document, create_component

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"
MARKETPLACE_BASE = f"arn:aws:imagebuilder:{REGION}:aws-marketplace:component"
IMAGES = f"{MANAGED_BASE}:image"
WINDOWS = f"{IMAGES}/windows-server-2022-english-full-base-x86/x.x.x"
UBUNTU = f"{IMAGES}/ubuntu-server-22-lts-x86/x.x.x"
MARKETPLACE_IMAGE = f"{IMAGES}/minimal-ubuntu-2204-lts-jammy-a060/x.x.x"
PRODUCT = "722e1255-be34-4bbe-9ce6-80634c9d01f7"


def entry(arn: str, **parameters: str) -> dict[str, Any]:
    """A component of a recipe, with values for its parameters."""
    values = [{"name": name, "value": [value]} for name, value in parameters.items()]
    return {"componentArn": arn, **({"parameters": values} if values else {})}


def kept(client: Any, *entries: dict[str, Any], parent: str = PARENT_IMAGE) -> Any:
    """The components of a new recipe as they are got back."""
    arn = client.create_image_recipe(name="web", semanticVersion="1.0.x", parentImage=parent, components=list(entries))[
        "imageRecipeArn"
    ]
    return client.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]["components"]


# ---- references ----


def test_components_keep_their_order_and_their_arns(client: Any) -> None:
    own = create_component(client)
    entries = [entry(own), entry(UPDATE_LINUX), entry(f"{MANAGED_BASE}:component/reboot-linux/x.x.x")]
    assert kept(client, *entries) == entries


@pytest.mark.parametrize("version", ["1.0.0/1", "1.0.0", "1.0.x", "1.x.x", "x.x.x"])
def test_a_component_by_any_of_its_arns(client: Any, version: str) -> None:
    create_component(client)
    entries = [entry(f"{ARN}install-nginx/{version}")]
    assert kept(client, *entries) == entries


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}install-nginx/1.0.0/2",
        f"{ARN}install-nginx/2.x.x",
        f"{ARN}install-apache/x.x.x",
        f"{MANAGED_BASE}:component/install-nginx/x.x.x",
        f"{ARN}install-nginx/1.0.0/1".replace(REGION, "eu-west-1"),
        f"{ARN}install-nginx/1.0.0/1".replace(ACCOUNT, "210987654321"),
    ],
)
def test_an_unknown_component_is_refused(client: Any, arn: str) -> None:
    create_component(client)
    with not_found("Component", arn):
        kept(client, entry(UPDATE_LINUX), entry(arn))


def test_a_number_right_of_a_wildcard_is_refused(client: Any) -> None:
    create_component(client)
    with invalid("components[1].componentArn", WILDCARD_NOT_LAST):
        kept(client, entry(UPDATE_LINUX), entry(f"{ARN}install-nginx/1.x.0"))


# ---- the list ----

ONCE = "A component may be specified in an image recipe at most once"


@pytest.mark.parametrize("version", ["1.0.0/1", "x.x.x", "2.0.0"])
def test_a_component_twice_is_refused_whatever_the_version(client: Any, version: str) -> None:
    first = create_component(client)
    create_component(client, semanticVersion="2.0.0")
    with invalid("components", ONCE):
        kept(client, entry(first), entry(UPDATE_LINUX), entry(f"{ARN}install-nginx/{version}"))


def test_twenty_components_are_the_most(client: Any) -> None:
    entries = [entry(create_component(client, f"component {number}")) for number in range(21)]
    assert kept(client, *entries[:20]) == entries[:20]
    with refused("ServiceQuotaExceededException", 402, "A recipe can contain at most 20 components."):
        kept(client, *entries)


def test_all_configurations_together_have_a_largest_size(client: Any) -> None:
    head = "parameters:\n  - Text: {type: string, default: none}\n"
    arn = create_component(client, data=component_document("echo {{ Text }}", head=head))
    # What is around the value in the JSON text of the list.
    around = len(f'[{{"componentArn":"{arn}","parameters":[{{"name":"Text","value":[""]}}]}}]')
    longest = "a" * (25 * 1024 - around)
    assert kept(client, entry(arn, Text=longest)) == [entry(arn, Text=longest)]
    with invalid("components", "You've exceeded the maximum cumulative component size of 25 KB"):
        kept(client, entry(arn, Text=f"{longest}a"))


# ---- the parent image ----


def test_another_platform_is_refused(client: Any) -> None:
    with invalid("components[1].componentArn", "Component ARN does not match the Parent Image Platform"):
        kept(client, entry(UPDATE_LINUX), entry(f"{MANAGED_BASE}:component/update-windows/x.x.x"))
    with invalid("components[0].componentArn", "Component ARN does not match the Parent Image Platform"):
        kept(client, entry(UPDATE_LINUX), parent=WINDOWS)


def test_the_platform_of_the_parent_image(client: Any) -> None:
    entries = [entry(f"{MANAGED_BASE}:component/update-windows/x.x.x")]
    assert kept(client, *entries, parent=WINDOWS) == entries


OTHER_OS = "Component ARN does not support the Parent Image OS Version"


@pytest.mark.parametrize("supported", [["Ubuntu 22"], ["Amazon Linux 2"], ["Amazon Linux 2023.1"], ["ubuntu"]])
def test_another_operating_system_is_refused(client: Any, supported: list[str]) -> None:
    arn = create_component(client, supportedOsVersions=supported)
    parent = UBUNTU if supported[0].startswith("Amazon") else PARENT_IMAGE
    with invalid("components[0].componentArn", OTHER_OS):
        kept(client, entry(arn), parent=parent)


@pytest.mark.parametrize(
    ("supported", "parent"),
    [
        (["Amazon Linux 2023"], PARENT_IMAGE),
        (["Ubuntu", "Amazon"], PARENT_IMAGE),
        (["Ubuntu 2"], UBUNTU),
        # Nobody knows what a Marketplace product runs on.
        (["Ubuntu 22"], PRODUCT),
    ],
)
def test_the_operating_system_begins_like_a_supported_one(client: Any, supported: list[str], parent: str) -> None:
    entries = [entry(create_component(client, supportedOsVersions=supported))]
    assert kept(client, *entries, parent=parent) == entries


def test_cis_hardening_of_an_image_of_amazon_is_refused(client: Any) -> None:
    arn = f"arn:aws:imagebuilder:{REGION}:third-party:component/cis-benchmark-level-1-amazon-linux/x.x.x"
    with invalid("components[0].componentArn", "CIS hardening components require a parent image that CIS publishes."):
        kept(client, entry(arn))


def test_cis_hardening_of_a_marketplace_product(client: Any) -> None:
    entries = [entry(f"arn:aws:imagebuilder:{REGION}:third-party:component/cis-benchmark-level-1-amazon-linux/x.x.x")]
    assert kept(client, *entries, parent=PRODUCT) == entries


# ---- states ----


def withdrawn_component() -> ManagedComponent:
    versions = (ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),)
    return ManagedComponent("old-agent", "old-agent", "Linux", "BUILD", versions, withdrawn=True)


def test_a_deprecated_component_is_refused(mocked: Any, client: Any) -> None:
    imagebuilder_backends.extra_catalogue.append(withdrawn_component())
    arn = f"{MANAGED_BASE}:component/old-agent/1.0.0/1"
    with invalid(
        "components[0].componentArn", f"Component ARN {arn} is deprecated and cannot be included in new recipes"
    ):
        kept(client, entry(arn))
    with not_found("Component", f"{MANAGED_BASE}:component/old-agent/x.x.x"):
        kept(client, entry(f"{MANAGED_BASE}:component/old-agent/x.x.x"))


def test_a_disabled_component_is_refused(client: Any) -> None:
    arn = create_component(client)
    imagebuilder_backends[ACCOUNT][REGION].components.get(arn).update(state={"status": "DISABLED"})
    with invalid(
        "components[0].componentArn", f"Component ARN {arn} is disabled and cannot be included in new recipes"
    ):
        kept(client, entry(arn))


# ---- parameters ----

HEAD = (
    "parameters:\n  - Package: {type: string}\n  - Version: {type: string, default: latest}\n"
    "  - Options: {type: string, default: ''}\n  - Target: {type: string}\n"
)
PARAMETERS = "components[0].parameters"


@pytest.fixture
def installer(client: Any) -> str:
    """A component that needs ``Package`` and ``Target``."""
    return create_component(client, data=component_document("install {{ Package }} {{ Target }}", head=HEAD))


@pytest.mark.parametrize("more", [{}, {"Version": "1.2"}, {"Version": "", "Options": "--quiet"}])
def test_parameters_are_kept_as_they_are(client: Any, installer: str, more: dict[str, str]) -> None:
    entries = [entry(installer, Package="nginx", Target="/", **more)]
    assert kept(client, *entries) == entries


@pytest.mark.parametrize(
    ("values", "missing"),
    [({}, "Package, Target"), ({"Package": "nginx"}, "Target"), ({"Target": "/", "Version": "1.2"}, "Package")],
)
def test_parameters_without_a_default_are_refused_when_missing(
    client: Any, installer: str, values: dict[str, str], missing: str
) -> None:
    with clashing(PARAMETERS, f"The following parameters of the provided component require a value: {missing}"):
        kept(client, entry(installer, **values))


@pytest.mark.parametrize(
    ("values", "unknown"),
    [({"S3BucketName": "b"}, "S3BucketName"), ({"package": "nginx", "Mode": "fast"}, "package, Mode")],
)
def test_unknown_parameters_are_refused(client: Any, installer: str, values: dict[str, str], unknown: str) -> None:
    with clashing(PARAMETERS, f"The following parameters are not defined in the provided component: {unknown}"):
        kept(client, entry(installer, Package="nginx", Target="/", **values))


def test_a_component_without_parameters_is_refused_any(client: Any) -> None:
    sentence = "The following parameters are not defined in the provided component: Package"
    with clashing("components[1].parameters", sentence):
        kept(client, entry(create_component(client)), entry(UPDATE_LINUX, Package="nginx"))


def test_a_parameter_twice_is_refused(client: Any, installer: str) -> None:
    values = [{"name": name, "value": ["a"]} for name in ("Package", "Target", "Package")]
    with invalid(PARAMETERS, "A parameter may be specified at most once"):
        kept(client, {"componentArn": installer, "parameters": values})


@pytest.mark.parametrize("value", [[], ["a", "b"]])
def test_anything_but_one_text_is_refused_for_a_parameter(client: Any, installer: str, value: list[str]) -> None:
    values = [{"name": "Package", "value": ["nginx"]}, {"name": "Target", "value": value}]
    with invalid(f"{PARAMETERS}[1].value", "A parameter of type string requires exactly one value."):
        kept(client, {"componentArn": installer, "parameters": values})


# ---- Marketplace ----


def offer(name: str, type_: str = "BUILD", *codes: str) -> dict[str, Any]:
    """Publish a Marketplace component, and return it as an entry of a recipe."""
    versions = (ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),)
    products = tuple(ProductCode(code) for code in codes)
    imagebuilder_backends.extra_catalogue.append(
        ManagedComponent(name, name, "Linux", type_, versions, owner="AWSMarketplace", product_codes=products)
    )
    return entry(f"{MARKETPLACE_BASE}/{name}/x.x.x")


def test_nine_marketplace_products_are_the_most(mocked: Any, client: Any) -> None:
    entries = [offer(f"product-{number}", "BUILD", f"code{number}") for number in range(10)]
    assert kept(client, *entries[:9]) == entries[:9]
    with invalid("components", "Recipe can contain at most 9 marketplace products"):
        kept(client, *entries)


def test_components_of_one_product_count_once(mocked: Any, client: Any) -> None:
    entries = [offer(f"product-{number}", "BUILD", "code") for number in range(10)]
    assert kept(client, *entries) == entries


def test_a_component_can_have_several_products_or_tell_none(mocked: Any, client: Any) -> None:
    many = offer("many", "BUILD", *(f"code{number}" for number in range(8)))
    silent = [offer("silent-1"), offer("silent-2")]
    assert kept(client, many, silent[0]) == [many, silent[0]]
    with invalid("components", "Recipe can contain at most 9 marketplace products"):
        kept(client, many, *silent)


@pytest.mark.parametrize("parent", [MARKETPLACE_IMAGE, PRODUCT])
def test_the_parent_image_is_a_product_too(mocked: Any, client: Any, parent: str) -> None:
    entries = [offer(f"product-{number}", "BUILD", f"code{number}") for number in range(9)]
    assert kept(client, *entries[:8], parent=parent) == entries[:8]
    with invalid("components", "Recipe can contain at most 9 marketplace products"):
        kept(client, *entries, parent=parent)


def test_marketplace_components_need_a_build_component(mocked: Any, client: Any) -> None:
    check = offer("check", "TEST")
    with invalid("components", "Recipes with marketplace components must contain at least 1 build component"):
        kept(client, check)
    assert kept(client, check, entry(UPDATE_LINUX)) == [check, entry(UPDATE_LINUX)]


def test_without_marketplace_components_a_recipe_may_only_test(client: Any) -> None:
    entries = [entry(f"{MANAGED_BASE}:component/simple-boot-test-linux/x.x.x")]
    assert kept(client, *entries) == entries
