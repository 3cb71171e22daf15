"""Parent images: the forms of a reference, what each must find, and what a build makes of it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import MANAGED_BASE, PARENT_IMAGE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..refusals import WILDCARD_NOT_LAST, invalid, not_found
from .parents import AMAZON, OTHER_ACCOUNT, OWN, UNUSABLE, Meaning, ami_of, meaning_of, platform_of

FORMS = (
    "The parent image must be an AMI ID, an Image Builder image ARN, an SSM parameter prefixed by ssm:, "
    "or an AWS Marketplace product ID."
)


# ---- forms ----


@pytest.mark.parametrize(
    "reference",
    [
        "amazonlinux:latest",
        "golden",
        "ami-",
        "AMI-0123456789abcdef0",
        "ami-0123456789abcdef0 ",
        "arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0",
        f"{AMAZON}/amazon-linux-2023-x86",
        f"{AMAZON}/amazon-linux-2023-x86/xxxx.x.x",
        f"{AMAZON}/amazon-linux-2023-x86/x.x.x/1",
        f"{AMAZON}/amazon-linux-2023-x86/2024.4.1/x",
        f"arn:aws:imagebuilder:{REGION}:third-party:image/amazon-linux-2023-x86/x.x.x",
        f"{MANAGED_BASE}:component/update-linux/x.x.x",
        "722e1255-be34-4bbe-9ce6-80634c9d01f",
        "prod-",
        "SSM:/golden/ami",
    ],
)
def test_what_has_none_of_the_forms_is_refused(client: Any, reference: str) -> None:
    with invalid("parentImage", FORMS):
        platform_of(client, reference)


@pytest.mark.parametrize("product", ["722e1255-be34-4bbe-9ce6-80634c9d01f7", "prod-nhzsem4gwwfja"])
def test_a_marketplace_product_counts_as_linux(client: Any, product: str) -> None:
    assert platform_of(client, product) == "Linux"
    assert meaning_of(product) == Meaning(product, "Linux", None, None, "AWS_MARKETPLACE")


# ---- images of Amazon and of sellers ----


@pytest.mark.parametrize(
    ("arn", "build", "platform", "os_version", "source"),
    [
        (
            f"{AMAZON}/amazon-linux-2-x86/x.x.x",
            "amazon-linux-2-x86/2023.11.12/1",
            "Linux",
            "Amazon Linux 2",
            "AMAZON_MANAGED",
        ),
        (
            f"{AMAZON}/amazon-linux-2-x86/2020.x.x",
            "amazon-linux-2-x86/2020.12.21/1",
            "Linux",
            "Amazon Linux 2",
            "AMAZON_MANAGED",
        ),
        (
            f"{AMAZON}/amazon-linux-2-x86/2019.11.21",
            "amazon-linux-2-x86/2019.11.21/1",
            "Linux",
            "Amazon Linux 2",
            "AMAZON_MANAGED",
        ),
        (
            f"{AMAZON}/windows-server-2022-english-full-base-x86/2022.3.9/1",
            "windows-server-2022-english-full-base-x86/2022.3.9/1",
            "Windows",
            "Microsoft Windows Server 2022",
            "AMAZON_MANAGED",
        ),
        (
            f"{AMAZON}/macos-sequoia-arm64/x.x.x",
            "macos-sequoia-arm64/2025.10.15/1",
            "macOS",
            "macOS 15",
            "AMAZON_MANAGED",
        ),
        (
            f"{AMAZON}/minimal-ubuntu-2204-lts-jammy-a060/x.x.x",
            "minimal-ubuntu-2204-lts-jammy-a060/2025.10.15/1",
            "Linux",
            "Ubuntu 22",
            "AWS_MARKETPLACE",
        ),
    ],
)
def test_a_published_image(client: Any, arn: str, build: str, platform: str, os_version: str, source: str) -> None:
    assert platform_of(client, arn) == platform
    build_arn = f"{AMAZON}/{build}"
    assert meaning_of(arn) == Meaning(build_arn, platform, os_version, ami_of(client, build_arn), source)


@pytest.mark.parametrize(
    "arn",
    [
        f"{AMAZON}/amazon-linux-2023-x86/2023.3.20240624",
        f"{AMAZON}/amazon-linux-2023-x86/2024.4.1/2",
        f"{AMAZON}/amazon-linux-2023-x86/1.x.x",
        f"{AMAZON}/amazon-linux-3-x86/x.x.x",
        f"{AMAZON}/amazon-linux-2023-x86/x.x.x".replace(REGION, "eu-west-1"),
        # Withdrawn ones do not resolve.
        f"{AMAZON}/centos-linux-8-x86/x.x.x",
        f"{AMAZON}/centos-linux-8-x86/2021.3.4",
    ],
)
def test_an_unknown_image_is_not_found(client: Any, arn: str) -> None:
    with not_found("Image", arn):
        platform_of(client, arn)


@pytest.mark.parametrize(
    "arn",
    [
        f"{AMAZON}/centos-linux-8-x86/2021.3.4/1",
        f"{AMAZON}/amazon-linux-x86-latest/x.x.x",
        f"{AMAZON}/windows-server-2019-x86-core-ltsc2019-amd64/2020.12.8/1",
    ],
)
def test_withdrawn_images_and_container_images_are_refused(client: Any, arn: str) -> None:
    with invalid("parentImage", UNUSABLE):
        platform_of(client, arn)


@pytest.mark.parametrize("owner", ["aws", ACCOUNT])
@pytest.mark.parametrize("version", ["x.3.4", "2021.x.4", "x.x.4"])
def test_a_number_right_of_a_wildcard_is_refused(client: Any, owner: str, version: str) -> None:
    with invalid("parentImage", WILDCARD_NOT_LAST):
        platform_of(client, f"arn:aws:imagebuilder:{REGION}:{owner}:image/amazon-linux-2-x86/{version}")


# ---- own images ----


@pytest.mark.parametrize("version", ["1.10.0/1", "1.10.0", "1.10.x", "1.x.x", "x.x.x"])
def test_an_own_image_by_any_of_its_arns(mocked: Control, client: Any, version: str) -> None:
    mocked.make_image("Golden", "1.9.0")
    newest = mocked.make_image("Golden", "1.10.0", platform="Windows", os_version="Microsoft Windows 11")
    reference = f"{OWN}/golden/{version}"
    assert platform_of(client, reference) == "Windows"
    assert meaning_of(reference) == Meaning(
        newest, "Windows", "Microsoft Windows 11", ami_of(client, newest), "IMPORTED"
    )


@pytest.mark.parametrize("version", ["1.0.0/2", "1.0.1", "2.x.x"])
def test_an_unknown_own_image_is_not_found(mocked: Control, client: Any, version: str) -> None:
    mocked.make_image("Golden")
    with not_found("Image", f"{OWN}/golden/{version}"):
        platform_of(client, f"{OWN}/golden/{version}")


def test_the_image_of_another_account_or_region_is_not_found(mocked: Control, client: Any) -> None:
    for elsewhere in (Control(OTHER_ACCOUNT), Control(region="eu-west-1")):
        arn = elsewhere.make_image("Golden")
        with not_found("Image", arn):
            platform_of(client, arn)


@pytest.fixture
def build(client: Any, instance_profile: str) -> Any:
    """Builds an image upon a parent image, and returns it."""
    infrastructure = create_infrastructure(client, instance_profile)

    def start(parent: str) -> Any:
        recipe = client.create_image_recipe(name="child", semanticVersion="1.0.x", parentImage=parent)["imageRecipeArn"]
        arn = client.create_image(imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure)
        return client.get_image(imageBuildVersionArn=arn["imageBuildVersionArn"])["image"]

    return start


def test_an_image_that_is_not_available_is_refused(mocked: Control, client: Any, build: Any) -> None:
    mocked.progress("manual")
    arn = build(PARENT_IMAGE)["arn"]
    with invalid("parentImage", UNUSABLE):
        platform_of(client, arn)
    with not_found("Image", f"{OWN}/child/1.0.1"):
        platform_of(client, f"{OWN}/child/1.0.1")
    mocked.advance(arn, to="AVAILABLE")
    assert platform_of(client, arn) == "Linux"
    assert platform_of(client, f"{OWN}/child/1.0.1") == "Linux"


def test_a_failed_build_hides_no_available_one(mocked: Control, client: Any, build: Any) -> None:
    available = build(PARENT_IMAGE)["arn"]
    mocked.fail_next_build()
    failed = build(PARENT_IMAGE)["arn"]
    assert meaning_of(f"{OWN}/child/x.x.x").resolved == available
    with invalid("parentImage", UNUSABLE):
        platform_of(client, failed)


def test_a_build_shows_what_its_parent_image_was(mocked: Control, client: Any, build: Any) -> None:
    ami = boto3.client("ec2", region_name=REGION).register_image(Name="golden")["ImageId"]
    parents = {
        f"{AMAZON}/ubuntu-server-22-lts-x86/x.x.x": (
            f"{AMAZON}/ubuntu-server-22-lts-x86/2025.12.12/1",
            "AMAZON_MANAGED",
        ),
        f"{AMAZON}/minimal-ubuntu-2204-lts-jammy-a060/x.x.x": (
            f"{AMAZON}/minimal-ubuntu-2204-lts-jammy-a060/2025.10.15/1",
            "AWS_MARKETPLACE",
        ),
        f"{OWN}/vm/x.x.x": (mocked.make_image("vm"), "IMPORTED"),
        ami: (ami, "CUSTOM"),
        f"{OWN}/child/x.x.x": (f"{OWN}/child/1.0.4/1", "CUSTOM"),
    }
    for parent, (used, source) in parents.items():
        image = build(parent)
        assert (image["imageRecipe"]["parentImage"], image["imageSource"]) == (used, source)


def test_what_is_built_on_an_image_has_its_operating_system(client: Any, build: Any) -> None:
    build(PARENT_IMAGE)
    assert build(f"{OWN}/child/x.x.x")["osVersion"] == "Amazon Linux 2023"
