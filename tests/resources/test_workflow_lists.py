"""ListWorkflows and ListWorkflowBuildVersions: entries, order, owners, filters and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedVersion, ManagedWorkflow

from ..build_parts import create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid
from .workflows import AMAZON, ARN, builds, create_workflow, get_workflow, versions, workflow_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

BAD_TOKEN = "The provided pagination token is not valid."
OF_AMAZON = [
    "build/build-container/1.0.1",
    "build/build-image-from-iso/1.0.0",
    "build/build-image-with-update-ssm-agent/1.0.0",
    "build/build-image/1.0.0",
    "build/build-image/1.0.1",
    "build/build-image/1.0.2",
    "build/build-image/1.0.3",
    "build/express-build-container/1.0.0",
    "build/express-build-image/1.0.0",
    "distribution/distribute-container/1.0.0",
    "distribution/distribute-image/1.0.0",
    "test/express-test-image/1.0.0",
    "test/test-container/1.0.0",
    "test/test-image/1.0.0",
    "test/test-image/1.0.1",
    "test/test-image/1.0.2",
    "test/test-image/1.0.3",
]


def filtered(client: ImagebuilderClient, *filters: tuple[str, list[str]], **request: Any) -> list[str]:
    return versions(client, filters=[{"name": name, "values": values} for name, values in filters], **request)


# ---- entries and order ----


def test_nothing_is_listed_without_workflows(client: ImagebuilderClient) -> None:
    for answer, member in (
        (client.list_workflows(), "workflowVersionList"),
        (client.list_workflow_build_versions(), "workflowSummaryList"),
    ):
        assert answer.keys() == {member, "ResponseMetadata"}
        assert answer[member] == []  # type: ignore[literal-required]


def test_a_version_is_shown_as_its_newest_build(client: ImagebuilderClient) -> None:
    with freeze_time("2026-09-09T19:55:55.731Z"):
        create_workflow(client, "Golden Build", description="first", tags={"Team": "a"}, kmsKeyId="alias/a")
    with freeze_time("2026-09-10T19:55:55.731Z"):
        create_workflow(
            client, "golden build", description="second", changeDescription="why", data=workflow_document("")
        )
    assert client.list_workflows()["workflowVersionList"] == [
        {
            "arn": f"{ARN}build/golden-build/1.0.0",
            "name": "Golden Build",
            "version": "1.0.0",
            "description": "second",
            "type": "BUILD",
            "owner": ACCOUNT,
            "dateCreated": "2026-09-09T19:55:55.731Z",
        }
    ]
    assert client.list_workflow_build_versions()["workflowSummaryList"] == [
        {
            "arn": f"{ARN}build/golden-build/1.0.0/2",
            "name": "golden build",
            "version": "1.0.0",
            "description": "second",
            "changeDescription": "why",
            "type": "BUILD",
            "owner": ACCOUNT,
            "dateCreated": "2026-09-10T19:55:55.731Z",
        },
        {
            "arn": f"{ARN}build/golden-build/1.0.0/1",
            "name": "Golden Build",
            "version": "1.0.0",
            "description": "first",
            "type": "BUILD",
            "owner": ACCOUNT,
            "dateCreated": "2026-09-09T19:55:55.731Z",
        },
    ]


@pytest.fixture
def several(client: ImagebuilderClient) -> ImagebuilderClient:
    """A client with workflows of all types, in versions and builds."""
    create_workflow(client, "web gate", type="TEST", description="Asks somebody")
    create_workflow(client, "Web Build", semanticVersion="1.0.0")
    create_workflow(client, "Web Build", semanticVersion="1.10.0", description="Builds")
    create_workflow(client, "Web Build", semanticVersion="1.9.0")
    create_workflow(client, "Web Build", semanticVersion="2.0.0")
    create_workflow(client, "release", type="DISTRIBUTION")
    create_workflow(client, "Web Build", semanticVersion="1.9.0", description="Builds")
    return client


RELEASE, GATE = "distribution/release/1.0.0", "test/web-gate/1.0.0"
WEB_1, WEB_10, WEB_9, WEB_2 = (f"build/web-build/{version}" for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0"))


def test_versions_are_in_the_order_of_their_arns(several: ImagebuilderClient) -> None:
    assert versions(several) == [WEB_1, WEB_10, WEB_9, WEB_2, RELEASE, GATE]


def test_by_name_the_highest_version_is_shown(several: ImagebuilderClient) -> None:
    assert versions(several, byName=True) == [WEB_2, RELEASE, GATE]
    assert versions(several, byName=False) == versions(several)
    assert filtered(several, ("name", ["Web*"]), byName=True) == [WEB_2]
    for owner in ("Self", "Amazon"):
        with clashing("byName", "The version filter can't be used when byName is true."):
            filtered(several, ("version", ["1.0.0"]), byName=True, owner=owner)


def test_builds_are_listed_newest_first(several: ImagebuilderClient) -> None:
    assert builds(several) == [
        f"{WEB_9}/2", f"{RELEASE}/1", f"{WEB_2}/1", f"{WEB_9}/1", f"{WEB_10}/1", f"{WEB_1}/1", f"{GATE}/1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("build/web-build/1.9.0", [f"{WEB_9}/2", f"{WEB_9}/1"]),
        ("build/web-build/1.09.0", [f"{WEB_9}/2", f"{WEB_9}/1"]),
        ("build/web-build/1.9.x", [f"{WEB_9}/2", f"{WEB_9}/1"]),
        ("build/web-build/1.x.x", [f"{WEB_9}/2", f"{WEB_9}/1", f"{WEB_10}/1", f"{WEB_1}/1"]),
        ("build/web-build/x.x.x", [f"{WEB_9}/2", f"{WEB_2}/1", f"{WEB_9}/1", f"{WEB_10}/1", f"{WEB_1}/1"]),
        ("build/web-build/3.x.x", []),
        ("build/web-build/1.0.1", []),
        ("build/web-build/99999999999.0.0", []),
        ("test/web-build/x.x.x", []),
        ("build/web/x.x.x", []),
        ("test/web-gate/x.x.x", [f"{GATE}/1"]),
    ],
)
def test_builds_of_the_versions_that_an_arn_means(several: ImagebuilderClient, path: str, shown: list[str]) -> None:
    assert builds(several, workflowVersionArn=f"{ARN}{path}") == shown
    for size in range(1, 4):
        walked, request = [], {"workflowVersionArn": f"{ARN}{path}", "maxResults": size}
        while True:
            answer = several.list_workflow_build_versions(**request)  # type: ignore[arg-type]
            walked += [summary["arn"].partition("workflow/")[2] for summary in answer["workflowSummaryList"]]
            if "nextToken" not in answer:
                break
            request["nextToken"] = answer["nextToken"]
        assert walked == shown


@pytest.mark.parametrize("version", ["x.0.0", "1.x.0", "x.x.0", "x.0.x"])
@pytest.mark.parametrize("base", [ARN, AMAZON])
def test_wildcards_stand_at_the_end(client: ImagebuilderClient, base: str, version: str) -> None:
    with invalid("workflowVersionArn", WILDCARD_NOT_LAST):
        builds(client, workflowVersionArn=f"{base}build/build-image/{version}")


@pytest.mark.parametrize(
    "base", [f"arn:aws:imagebuilder:{REGION}:111122223333", f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}"]
)
def test_builds_of_others_are_none(several: ImagebuilderClient, base: str) -> None:
    assert builds(several, workflowVersionArn=f"{base}:workflow/build/web-build/x.x.x") == []


def test_builds_of_amazon(several: ImagebuilderClient) -> None:
    of_images = [f"build/build-image/1.0.{patch}/1" for patch in (3, 2, 1, 0)]
    assert builds(several, workflowVersionArn=f"{AMAZON}build/build-image/x.x.x") == of_images
    assert builds(several, workflowVersionArn=f"{AMAZON}build/build-image/1.0.2") == of_images[1:2]
    assert builds(several, workflowVersionArn=f"{AMAZON}build/web-build/x.x.x") == []


# ---- owners ----


def test_amazons_workflows_are_listed_for_their_owner(several: ImagebuilderClient) -> None:
    assert versions(several, owner="Amazon") == OF_AMAZON
    assert versions(several, owner="Self") == versions(several)
    assert versions(several, owner="AWSMarketplace") == []
    assert filtered(several, ("name", ["*image*"]), ("type", ["TEST"]), owner="Amazon", byName=True) == [
        "test/express-test-image/1.0.0",
        "test/test-image/1.0.3",
    ]
    [entry] = several.list_workflows(owner="Amazon", maxResults=1)["workflowVersionList"]
    assert entry == {
        "arn": f"{AMAZON}build/build-container/1.0.1",
        "name": "build-container",
        "version": "1.0.1",
        "description": "Builds a container image, and leaves its instance to the workflows that follow.",
        "type": "BUILD",
        "owner": "Amazon",
        "dateCreated": "2024-01-01T00:00:00.000Z",
    }


@pytest.mark.parametrize("owner", ["Shared", "ThirdParty"])
def test_nobody_else_has_workflows(client: ImagebuilderClient, owner: Any) -> None:
    for filters in ({}, {"filters": [{"name": "color", "values": ["red"]}]}):
        with invalid("owner", "Valid owners of workflows are: Self, Amazon, AWSMarketplace."):
            client.list_workflows(owner=owner, **filters)  # type: ignore[arg-type]


def test_a_catalogue_may_have_more(client: ImagebuilderClient, instance_profile: str) -> None:
    released = (
        ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),
        ManagedVersion("2.0.0", "2026-02-01T00:00:00.000Z"),
    )
    document = workflow_document(parameters=[{"name": "why", "default": "because"}])
    imagebuilder_backends.extra_catalogue += [
        ManagedWorkflow("build-image", "build-image", "BUILD", released, workflow_document("other")),
        ManagedWorkflow("build-image", "build-image", "TEST", released, document, "A test"),
    ]
    assert filtered(client, ("name", ["build-image"]), owner="Amazon") == [
        "build/build-image/1.0.0", "build/build-image/2.0.0", "test/build-image/1.0.0", "test/build-image/2.0.0",
    ]  # fmt: skip
    workflow = get_workflow(client, f"{AMAZON}test/build-image/x.x.x")
    assert (workflow["data"], workflow["description"]) == (document, "A test")
    assert workflow["parameters"] == [{"name": "why", "type": "string", "defaultValue": ["because"]}]
    # What a build uses that names no workflows.
    image = client.create_image(
        imageRecipeArn=create_recipe(client),
        infrastructureConfigurationArn=create_infrastructure(client, instance_profile),
        clientToken="token",
    )["imageBuildVersionArn"]
    used = client.get_image(imageBuildVersionArn=image)["image"]["workflows"]
    assert used[0]["workflowArn"] == f"{AMAZON}build/build-image/2.0.0/1"


# ---- filters ----


@pytest.mark.parametrize(
    ("name", "values", "shown"),
    [
        ("name", ["Web Build"], [WEB_1, WEB_10, WEB_9, WEB_2]),
        ("name", ["web-build"], []),
        ("name", ["Web*"], [WEB_1, WEB_10, WEB_9, WEB_2]),
        ("name", ["web*"], [GATE]),
        ("name", ["*e*"], [WEB_1, WEB_10, WEB_9, WEB_2, RELEASE, GATE]),
        ("name", ["release", "web gate"], [RELEASE, GATE]),
        ("name", ["*Build"], []),
        ("version", ["1.0.0"], [WEB_1, RELEASE, GATE]),
        ("version", ["1.9.0", "2.0.0"], [WEB_9, WEB_2]),
        ("version", ["1.x.x"], []),
        ("description", ["Builds"], [WEB_10, WEB_9]),
        ("description", ["Builds*"], []),
        ("description", ["builds"], []),
        ("type", ["BUILD"], [WEB_1, WEB_10, WEB_9, WEB_2]),
        ("type", ["TEST", "DISTRIBUTION"], [RELEASE, GATE]),
        ("type", ["build"], []),
    ],
)
def test_a_filter_keeps_what_has_one_of_its_values(
    several: ImagebuilderClient, name: str, values: list[str], shown: list[str]
) -> None:
    assert filtered(several, (name, values)) == shown


def test_all_filters_have_to_match(several: ImagebuilderClient) -> None:
    assert filtered(several, ("type", ["BUILD"]), ("version", ["1.0.0"]), ("name", ["Web*"])) == [WEB_1]
    assert filtered(several, ("type", ["TEST"]), ("version", ["2.0.0"])) == []


@pytest.mark.parametrize("name", ["Name", "owner", "status", "platform"])
def test_other_filters_are_refused(client: ImagebuilderClient, name: str) -> None:
    for owner in ("Self", "Amazon", "AWSMarketplace"):
        with invalid("filters[1].name", "Valid filter names are: description, name, type, version."):
            filtered(client, ("name", ["a"]), (name, ["a"]), owner=owner)


# ---- pages ----


@pytest.mark.parametrize("size", [1, 4, 16, 17, 100])
@pytest.mark.parametrize("by_name", [False, True])
def test_pages_show_everything_once(client: ImagebuilderClient, size: int, by_name: bool) -> None:
    shown = versions(client, owner="Amazon", byName=by_name)
    request: dict[str, Any] = {"owner": "Amazon", "byName": by_name, "maxResults": size}
    walked: list[str] = []
    for page in client.get_paginator("list_workflows").paginate(**request):
        assert len(page["workflowVersionList"]) == min(size, len(shown) - len(walked))
        walked += [entry["arn"].partition("workflow/")[2] for entry in page["workflowVersionList"]]
    assert walked == shown


def test_a_token_survives_deletions_and_creations(client: ImagebuilderClient) -> None:
    for number in range(6):
        create_workflow(client, f"web-{number}")
    token = client.list_workflows(maxResults=3)["nextToken"]
    builds_token = client.list_workflow_build_versions(maxResults=3)["nextToken"]
    for number in (2, 3):
        client.delete_workflow(workflowBuildVersionArn=f"{ARN}build/web-{number}/1.0.0/1")
    create_workflow(client, "aaa")
    create_workflow(client, "web-4-b")
    assert versions(client, nextToken=token) == [f"build/web-{name}/1.0.0" for name in ("4-b", "4", "5")]
    assert builds(client, nextToken=builds_token) == [f"build/web-{number}/1.0.0/1" for number in (1, 0)]


def test_foreign_tokens_are_refused(several: ImagebuilderClient) -> None:
    token = several.list_workflows(maxResults=1)["nextToken"]
    builds_token = several.list_workflow_build_versions(maxResults=1)["nextToken"]
    requests: list[dict[str, Any]] = [
        {"nextToken": "made-up"},
        {"nextToken": builds_token},
        {"nextToken": token, "owner": "Amazon"},
        {"nextToken": token, "owner": "AWSMarketplace"},
        {"nextToken": token, "byName": True},
        {"nextToken": token, "filters": [{"name": "type", "values": ["TEST"]}]},
    ]
    for request in requests:
        with refused("InvalidPaginationTokenException", 400, BAD_TOKEN):
            several.list_workflows(**request)
    for token_, arn in ((token, None), (builds_token, f"{ARN}build/web-build/x.x.x")):
        of_version: dict[str, Any] = {} if arn is None else {"workflowVersionArn": arn}
        with refused("InvalidPaginationTokenException", 400, BAD_TOKEN):
            several.list_workflow_build_versions(nextToken=token_, **of_version)
