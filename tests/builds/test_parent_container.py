"""The parent image of a container recipe: every form, the overrides beside it, and what does not exist."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion

from ..build_parts import MANAGED_BASE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..images import client_of
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from ..resources.components import create_component
from ..resources.container_recipes import ARN, create, create_repository, get, summaries
from .parents import AMAZON, OTHER_ACCOUNT, OWN, UNUSABLE

LINUX = f"{AMAZON}/amazon-linux-x86-2/x.x.x"
WINDOWS = f"{AMAZON}/windows-server-2019-x86-core-ltsc2019-amd64/2020.x.x"
BAD_FORM = "The parent image must be an Image Builder image ARN or the URI of a container image."
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
OS_VERSION = "Microsoft Windows Server 2019"


@pytest.fixture(autouse=True)
def _repository(client: Any) -> None:
    create_repository()


def platform_of(client: Any, parent: str, **overrides: str) -> str:
    """The platform of a new recipe with this parent image, which it keeps as it was given."""
    recipe = get(client, create(client, version="1.0.x", parentImage=parent, **overrides))
    assert recipe["parentImage"] == parent
    platform: str = recipe["platform"]
    return platform


def push(
    repository: str = "base", tag: str = "stable", account_id: str = ACCOUNT, region: str = REGION
) -> tuple[str, str]:
    """Push an image to a new repository. The URIs by tag and by digest."""
    ecr = client_of("ecr", account_id, region)
    uri = ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1, "digest": DIGEST}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": DIGEST},
        "layers": [layer],
    }
    image = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)["image"]
    return f"{uri}:{tag}", f"{uri}@{image['imageId']['imageDigest']}"


# ---- forms ----


@pytest.mark.parametrize(
    "parent",
    [
        "amazonlinux",
        "amazonlinux:latest",
        "library/ubuntu:24.04",
        f"nginx@{DIGEST}",
        f"nginx:1.27@{DIGEST}",
        "docker.io/library/nginx:1.27",
        "ghcr.io/team/web_base:1.0.0-rc.1",
        "quay.io:443/team/base__web:latest",
        "localhost/base",
        "localhost:5000/base",
    ],
)
def test_an_image_in_a_registry_is_for_linux_if_nothing_else_is_said(client: Any, parent: str) -> None:
    assert platform_of(client, parent) == "Linux"
    assert platform_of(client, parent, platformOverride="Linux") == "Linux"
    assert platform_of(client, parent, platformOverride="Windows", imageOsVersionOverride=OS_VERSION) == "Windows"


@pytest.mark.parametrize(
    "parent",
    [
        "ami-0123456789abcdef0",
        "ssm:/base/ami",
        "ssm:base",
        "722e1255-be34-4bbe-9ce6-80634c9d01f7",
        "prod-nhzsem4gwwfja",
        "AmazonLinux",
        "amazonlinux:",
        "amazonlinux:latest:2",
        "amazonlinux:la test",
        "/amazonlinux",
        "team//base",
        "team/-base",
        "base@sha256:0123",
        "https://example.com/base",
        f"{MANAGED_BASE}:component/update-linux/x.x.x",
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/base",
    ],
)
def test_other_texts_are_refused(client: Any, parent: str) -> None:
    with invalid("parentImage", BAD_FORM):
        create(client, parentImage=parent)
    assert summaries(client) == []


# ---- images of Image Builder ----


@pytest.mark.parametrize(
    ("parent", "platform"),
    [
        (LINUX, "Linux"),
        (f"{AMAZON}/amazon-linux-x86-latest/2025.x.x", "Linux"),
        (WINDOWS, "Windows"),
        (f"{AMAZON}/windows-server-2019-x86-core-ltsc2019-amd64/2020.12.8/1", "Windows"),
    ],
)
def test_an_image_of_amazon_has_its_platform(client: Any, parent: str, platform: str) -> None:
    assert platform_of(client, parent) == platform


def test_an_own_container_image_has_its_platform(client: Any, instance_profile: str) -> None:
    recipe = create(client, "base", parentImage=WINDOWS)
    infrastructure = create_infrastructure(client, instance_profile)
    client.create_image(containerRecipeArn=recipe, infrastructureConfigurationArn=infrastructure)
    for version in ("1.0.0/1", "1.0.0", "1.x.x", "x.x.x"):
        assert platform_of(client, f"{OWN}/base/{version}") == "Windows"


@pytest.mark.parametrize(
    "parent",
    [f"{AMAZON}/amazon-linux-x86-2/1.x.x", f"{AMAZON}/amazon-linux-x86-3/x.x.x", f"{OWN}/base/1.0.0/1"],
)
def test_an_unknown_image_is_not_found(client: Any, parent: str) -> None:
    with not_found("Image", parent):
        create(client, parentImage=parent)


def test_images_that_make_amis_are_refused(mocked: Control, client: Any) -> None:
    own = mocked.make_image("Golden", "1.0.0")
    for parent in (own, f"{AMAZON}/amazon-linux-2023-x86/x.x.x", f"{AMAZON}/macos-sequoia-arm64/x.x.x"):
        with invalid("parentImage", UNUSABLE):
            create(client, parentImage=parent)
    assert summaries(client) == []


def test_a_number_right_of_a_wildcard_is_refused(client: Any) -> None:
    with invalid("parentImage", WILDCARD_NOT_LAST):
        create(client, parentImage=f"{AMAZON}/amazon-linux-x86-2/2025.x.15")


# ---- overrides ----


@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        ({"platformOverride": "Linux"}, "a platform"),
        ({"platformOverride": "Windows", "imageOsVersionOverride": OS_VERSION}, "a platform"),
        ({"imageOsVersionOverride": OS_VERSION}, "an image OsVersion"),
    ],
)
def test_an_image_of_image_builder_needs_no_override(client: Any, overrides: dict[str, str], what: str) -> None:
    with invalid("parentImage", f"You cannot specify {what} override when using an Image Builder Image as your parent"):
        create(client, parentImage=WINDOWS, **overrides)


@pytest.mark.parametrize("parent", ["amazonlinux:latest", LINUX])
def test_there_are_no_containers_for_macos(client: Any, parent: str) -> None:
    with invalid("platformOverride", "Container recipes don't currently support the macOS platform"):
        create(client, parentImage=parent, platformOverride="macOS")


@pytest.mark.parametrize(
    ("parent", "repositories"),
    [
        ("public.ecr.aws/amazonlinux/amazonlinux:2023", "ECR Public Repositories"),
        ("ecr-public.aws.com/amazonlinux/amazonlinux:2023", "ECR Public Repositories"),
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/base:stable", "ECR Repositories"),
        (f"{ACCOUNT}.dkr-ecr.{REGION}.on.aws/base:stable", "ECR Repositories"),
    ],
)
def test_an_image_in_ecr_needs_a_platform(client: Any, parent: str, repositories: str) -> None:
    push()
    sentence = f"You must specify a platform override when using {repositories} as your parent image."
    with invalid("parentImage", sentence):
        create(client, parentImage=parent)
    with invalid("parentImage", sentence):
        create(client, parentImage=parent, imageOsVersionOverride=OS_VERSION)
    assert platform_of(client, parent, platformOverride="Linux") == "Linux"


@pytest.mark.parametrize(
    "parent",
    [
        "team/windows:latest",
        "public.ecr.aws/team/windows:latest",
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/base:stable",
    ],
)
def test_an_image_for_windows_needs_an_os_version(client: Any, parent: str) -> None:
    push()
    with clashing(
        "parentImage",
        "You must specify an image OsVersion override when using ECR Repositories as your parent image "
        "for Windows Platform.",
    ):
        create(client, parentImage=parent, platformOverride="Windows")
    assert platform_of(client, parent, platformOverride="Windows", imageOsVersionOverride=OS_VERSION) == "Windows"


@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({"imageOsVersionOverride": "Amazon Linux 2023"}, True),
        ({"imageOsVersionOverride": "Amazon Linux 2"}, False),
        ({}, True),
        ({"parentImage": f"{AMAZON}/amazon-linux-2023-x86-2023/x.x.x"}, True),
        ({"parentImage": f"{AMAZON}/ubuntu-22-x86-22-04/x.x.x"}, False),
    ],
)
def test_components_are_for_the_os_version(client: Any, members: dict[str, str], fits: bool) -> None:
    component = create_component(client, supportedOsVersions=["Amazon Linux 2023"])
    given: dict[str, Any] = {"components": [{"componentArn": component}], **members}
    if fits:
        assert create(client, **given) == f"{ARN}web/1.0.0"
        return
    with invalid("components[0].componentArn", "Component ARN does not support the Parent Image OS Version"):
        create(client, **given)


@pytest.mark.parametrize("type_", ["BUILD", "TEST"])
def test_components_of_the_marketplace_are_refused(client: Any, type_: str) -> None:
    versions = (ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),)
    imagebuilder_backends.extra_catalogue.append(
        ManagedComponent("falcon", "falcon", "Linux", type_, versions, owner="AWSMarketplace")
    )
    arn = f"arn:aws:imagebuilder:{REGION}:aws-marketplace:component/falcon/x.x.x"
    with invalid("components", "Container Recipes must not contain marketplace components"):
        create(client, components=[{"componentArn": arn}])
    assert summaries(client) == []


# ---- private registries ----


def test_an_image_in_a_private_registry_by_tag_and_by_digest(client: Any) -> None:
    tagged, digested = push("team/base")
    for parent in (tagged, digested, tagged.replace(".dkr.ecr.", ".dkr.ecr-fips.")):
        assert platform_of(client, parent, platformOverride="Linux") == "Linux"
    latest = push("default", "latest")[0].removesuffix(":latest")
    assert platform_of(client, latest, platformOverride="Linux") == "Linux"
    elsewhere = push(region="eu-west-1")[0]
    assert platform_of(client, elsewhere, platformOverride="Linux") == "Linux"


@pytest.mark.parametrize("tail", ["base:other", f"base@{DIGEST}", "base", "gone:stable"])
def test_an_image_that_a_private_registry_lacks_is_refused(client: Any, tail: str) -> None:
    push()
    with invalid("parentImage", UNUSABLE):
        create(client, parentImage=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{tail}", platformOverride="Linux")
    assert summaries(client) == []


def test_a_registry_that_nobody_has_used_has_no_image(client: Any) -> None:
    for place in (f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}", f"{ACCOUNT}.dkr.ecr.ap-south-1"):
        with invalid("parentImage", UNUSABLE):
            create(client, parentImage=f"{place}.amazonaws.com/base:stable", platformOverride="Linux")


ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.mark.parametrize(
    ("statements", "is_allowed"),
    [
        ([], False),
        ([("Allow", {"AWS": ROOT}, ["ecr:BatchGetImage", "ecr:DescribeImages"])], True),
        ([("Allow", {"AWS": [ROOT.replace(ACCOUNT, "111111111111"), ACCOUNT]}, "ecr:Describe*")], True),
        ([("Allow", "*", "ecr:*")], True),
        ([("Allow", {"AWS": "*"}, "ecr:*")], True),
        ([("Allow", {"AWS": ROOT}, "ecr:BatchGetImage")], False),
        ([("Allow", {"AWS": ROOT.replace(ACCOUNT, "111111111111")}, "ecr:*")], False),
        ([("Allow", {"Service": "imagebuilder.amazonaws.com"}, "ecr:*")], False),
        ([("Allow", "*", "ecr:*"), ("Deny", {"AWS": ROOT}, "ecr:DescribeImages")], False),
    ],
)
def test_another_account_lets_its_images_be_described(client: Any, statements: list[Any], is_allowed: bool) -> None:
    parent = push(account_id=OTHER_ACCOUNT)[0]
    if statements:
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Principal": principal, "Action": action} for effect, principal, action in statements
            ],
        }
        ecr = client_of("ecr", OTHER_ACCOUNT)
        ecr.set_repository_policy(repositoryName="base", policyText=json.dumps(policy))
    if is_allowed:
        assert platform_of(client, parent, platformOverride="Linux") == "Linux"
        return
    with invalid("parentImage", UNUSABLE):
        create(client, parentImage=parent, platformOverride="Linux")


def test_the_owner_needs_no_policy(client: Any) -> None:
    parent = push()[0]
    deny = {"Effect": "Deny", "Principal": {"AWS": "111111111111"}, "Action": "ecr:*"}
    boto3.client("ecr", region_name=REGION).set_repository_policy(
        repositoryName="base", policyText=json.dumps({"Version": "2012-10-17", "Statement": deny})
    )
    assert platform_of(client, parent, platformOverride="Linux") == "Linux"
