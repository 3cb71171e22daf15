"""Where container images go: repositories in every Region, tags, copies for scans, and what goes wrong."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..conftest import ACCOUNT, REGION
from ..images import client_of, state_of
from ..resources.container_recipes import create_repository
from .containers import (
    REGISTRY,
    build,
    container,
    containers,
    create_parts,
    distribution,
    images_in_ecr,
    tags_in_ecr,
)

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_parts(client, instance_profile)


# ---- distribution ----


def test_the_configuration_has_another_repository_for_the_builds_region(client: Any) -> None:
    create_repository("team-a/web")
    arn = distribution(client, container(REGION, "team-a/web"))
    assert containers(client, build(client, distributionConfigurationArn=arn)) == {
        REGION: [f"{REGISTRY}/team-a/web:1.0.0-1", f"{REGISTRY}/team-a/web:web-server-1.0.0-1"]
    }
    assert images_in_ecr() == []


def test_the_builds_region_comes_first_and_falls_back_to_the_recipe(client: Any) -> None:
    for region in ("eu-west-1", "us-west-2"):
        create_repository("copies", region)
    arn = distribution(
        client,
        container("us-west-2", "copies", "west"),
        {"region": REGION, "amiDistributionConfiguration": {}},
        container("eu-west-1", "copies"),
    )
    uris = containers(client, build(client, distributionConfigurationArn=arn))
    assert list(uris) == [REGION, "us-west-2", "eu-west-1"]
    assert uris[REGION] == [f"{REGISTRY}/web:1.0.0-1", f"{REGISTRY}/web:web-server-1.0.0-1"]
    assert uris["us-west-2"][-1] == f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/copies:west"
    places = (("web", REGION), ("copies", "us-west-2"), ("copies", "eu-west-1"))
    assert len({images_in_ecr(*place)[0]["imageDigest"] for place in places}) == 1


def test_tags_can_have_placeholders(client: Any) -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(Name="/web/channel", Value="beta", Type="String")
    tags = ("{{ imagebuilder:buildDate:yyyyMMdd }}", "build-{{imagebuilder:buildVersion}}", "{{ssm:/web/channel}}")
    arn = distribution(client, container(REGION, "web", *tags, "1.0.0-1"))
    with freeze_time("2026-09-09T19:30:21.183Z"):
        image = build(client, distributionConfigurationArn=arn)
    assert [uri.rpartition(":")[2] for uri in containers(client, image)[REGION]] == [
        "1.0.0-1",
        "web-server-1.0.0-1",
        "20260909",
        "build-1",
        "beta",
    ]


def failure(arn: str, *refusals: tuple[str, str]) -> tuple[re.Pattern[str], dict[str, Any]]:
    """Reason and failure context of an image that was refused in these Regions with these messages."""
    sentences = " ".join(
        f"{number}) {message} when distributing the image from the source account (ID: {ACCOUNT}) "
        f"to the destination account (ID: {ACCOUNT}) in Region {region}."
        for number, (region, message) in enumerate(refusals, start=1)
    )
    frame = f"status = 'Failed' for ARN '{arn}'. 'Not all distribution jobs are completed. {sentences}'"
    regions = [{"region": region, "status": "FAILED", "errorMessage": message} for region, message in refusals]
    return re.compile(f"Distribution failed with JobId '{UUID}', {re.escape(frame)}"), {
        "imageStatus": "DISTRIBUTING",
        "distributionFailure": {"errorMessage": sentences, "regionFailures": regions},
    }


def assert_failed(client: Any, arn: str, *refusals: tuple[str, str]) -> None:
    state = state_of(client, arn)
    reason, context = failure(arn, *refusals)
    assert state["status"] == "FAILED"
    assert reason.fullmatch(state["reason"]), state["reason"]
    assert state["failureContext"] == context


def no_repository(name: str) -> str:
    return f"ECR Client Error: 'The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}''"


def test_a_repository_that_has_gone_fails_the_distribution(client: Any) -> None:
    client_of("ecr").delete_repository(repositoryName="web")
    arn = build(client)
    assert_failed(client, arn, (REGION, no_repository("web")))
    assert containers(client, arn) == {}


def test_what_could_be_pushed_stays(client: Any) -> None:
    create_repository("copies", "us-west-2")
    arn = distribution(
        client, container("eu-west-1", "copies"), container("us-west-2", "copies"), container("ap-south-1", "mirror")
    )
    image = build(client, distributionConfigurationArn=arn)
    assert_failed(client, image, ("eu-west-1", no_repository("copies")), ("ap-south-1", no_repository("mirror")))
    assert list(containers(client, image)) == [REGION, "us-west-2"]


def test_an_immutable_tag_fails_the_distribution(client: Any) -> None:
    create_repository("fixed", imageTagMutability="IMMUTABLE")
    arn = distribution(client, container(REGION, "fixed", "latest"))
    build(client, distributionConfigurationArn=arn)
    second = build(client, distributionConfigurationArn=arn)
    sentence = (
        "The image tag 'latest' already exists in the 'fixed' repository and cannot be overwritten because the "
        "repository is immutable."
    )
    assert_failed(client, second, (REGION, f"ECR Client Error: '{sentence}'"))
    assert containers(client, second) == {}
    # What was pushed before the refusal is in the repository.
    assert tags_in_ecr("fixed") == {"1.0.0-1", "web-server-1.0.0-1", "latest", "1.0.0-2", "web-server-1.0.0-2"}


@pytest.mark.parametrize("tag", ["la test", "-latest", "web/latest", "{{ imagebuilder:unknown }}"])
def test_a_tag_that_is_none_fails_the_distribution(client: Any, tag: str) -> None:
    arn = build(client, distributionConfigurationArn=distribution(client, container(REGION, "web", tag)))
    sentence = f"Invalid parameter at 'imageTag' failed to satisfy constraint: '{tag}' is not a valid tag"
    assert_failed(client, arn, (REGION, f"ECR Client Error: '{sentence}'"))


def test_a_parameter_that_does_not_exist_fails_the_distribution(client: Any) -> None:
    arn = distribution(client, container(REGION, "web", "{{ssm:/web/channel}}"))
    image = build(client, distributionConfigurationArn=arn)
    assert_failed(client, image, (REGION, "The SSM parameter '/web/channel' does not exist."))
    assert images_in_ecr() == []


# ---- scans ----

SCANS = "image-builder-image-scanning-repository"


@pytest.fixture
def _inspector(client: Any) -> None:
    client_of("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["ECR"])


def scanning(**ecr: Any) -> dict[str, Any]:
    return {"imageScanningEnabled": True, **({"ecrConfiguration": ecr} if ecr else {})}


@pytest.mark.usefixtures("_inspector")
def test_a_copy_is_pushed_for_the_scan(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = build(client, imageScanningConfiguration=scanning())
    mocked.advance(arn, to="TESTING")
    repositories = client_of("ecr").describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in repositories] == ["web"]
    mocked.advance(arn, to="DISTRIBUTING")
    assert tags_in_ecr(SCANS) == {"web-server-1.0.0-1"}
    mocked.advance(arn, to="AVAILABLE")
    assert list(containers(client, arn)) == [REGION]
    assert images_in_ecr(SCANS)[0]["imageDigest"] == images_in_ecr()[0]["imageDigest"]
    mocked.progress("immediate")
    build(client, imageScanningConfiguration=scanning(repositoryName=SCANS, containerTags=["scanned"]))
    assert tags_in_ecr(SCANS) == {"web-server-1.0.0-1", "web-server-1.0.0-2", "scanned"}


@pytest.mark.usefixtures("_inspector")
def test_a_copy_for_the_scan_goes_where_the_configuration_says(client: Any) -> None:
    create_repository("scans")
    build(client, imageScanningConfiguration=scanning(repositoryName="scans", containerTags=["nightly"]))
    assert tags_in_ecr("scans") == {"web-server-1.0.0-1", "nightly"}


@pytest.mark.usefixtures("_inspector")
def test_a_copy_for_the_scan_that_cannot_be_pushed_fails_the_tests(client: Any, mocked: Control) -> None:
    create_repository("scans")
    mocked.progress("manual")
    arn = build(client, imageScanningConfiguration=scanning(repositoryName="scans"))
    client_of("ecr").delete_repository(repositoryName="scans")
    mocked.advance(arn, to="FAILED")
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": no_repository("scans"),
        "failureContext": {"imageStatus": "TESTING"},
    }


def test_without_a_scan_there_is_no_copy(client: Any) -> None:
    build(client, imageScanningConfiguration={"imageScanningEnabled": False})
    repositories = client_of("ecr").describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in repositories] == ["web"]
