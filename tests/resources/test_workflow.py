"""Workflows: created from documents, and got by every kind of ARN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from freezegun import freeze_time
from moto.core.model_instances import model_data

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, already_there, clashing, dry_run, invalid, not_found
from .workflows import AMAZON, ARN, create_workflow, get_workflow, workflow_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

PARAMETERS = """\
schemaVersion: 1.0
parameters:
  - name: waitForActionAtEnd
    type: boolean
    default: true
  - {name: size, type: integer, default: 16, description: In GiB}
  - {name: regions, type: stringList, default: [us-east-1, eu-west-1]}
  - {name: topic, type: string, default: ''}
  - name: needed
steps:
  - name: Wait
    action: WaitForAction
    if:
      booleanEquals: true
      value: $.parameters.waitForActionAtEnd
"""


# ---- create ----


def test_a_plain_workflow_is_answered_and_got_back(client: ImagebuilderClient) -> None:
    document = workflow_document("so that it is")
    with freeze_time("2026-09-09T19:55:55.731Z"):
        answer = client.create_workflow(
            name="Golden Build_1", semanticVersion="1.2.3", type="BUILD", data=document, clientToken="token-1"
        )
    references = {
        "latestVersionArn": f"{ARN}build/golden-build-1/x.x.x",
        "latestMajorVersionArn": f"{ARN}build/golden-build-1/1.x.x",
        "latestMinorVersionArn": f"{ARN}build/golden-build-1/1.2.x",
        "latestPatchVersionArn": f"{ARN}build/golden-build-1/1.2.3",
    }
    answer.pop("ResponseMetadata")  # type: ignore[misc]
    assert answer == {
        "clientToken": "token-1",
        "workflowBuildVersionArn": f"{ARN}build/golden-build-1/1.2.3/1",
        "latestVersionReferences": references,
    }
    got = client.get_workflow(workflowBuildVersionArn=f"{ARN}build/golden-build-1/1.2.3/1")
    got.pop("ResponseMetadata")  # type: ignore[misc]
    assert got == {
        "workflow": {
            "arn": f"{ARN}build/golden-build-1/1.2.3/1",
            "name": "Golden Build_1",
            "version": "1.2.3",
            "type": "BUILD",
            "owner": ACCOUNT,
            "data": document,
            "dateCreated": "2026-09-09T19:55:55.731Z",
            "tags": {},
        },
        "latestVersionReferences": references,
    }


def test_every_optional_member_comes_back(client: ImagebuilderClient) -> None:
    given: dict[str, Any] = {
        "description": "Waits",
        "changeDescription": "First version",
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "tags": {"Environment": "Production"},
    }
    workflow = get_workflow(client, create_workflow(client, **given))
    assert {member: workflow[member] for member in given} == given


@pytest.mark.parametrize("type_", ["BUILD", "TEST", "DISTRIBUTION"])
def test_the_type_is_in_the_arn(client: ImagebuilderClient, type_: Any) -> None:
    arn = create_workflow(client, type=type_)
    assert arn == f"{ARN}{type_.lower()}/golden/1.0.0/1"
    assert get_workflow(client, arn)["type"] == type_


def test_parameters_are_read_from_the_document(client: ImagebuilderClient) -> None:
    assert get_workflow(client, create_workflow(client, data=PARAMETERS))["parameters"] == [
        {"name": "waitForActionAtEnd", "type": "boolean", "defaultValue": ["true"]},
        {"name": "size", "type": "integer", "defaultValue": ["16"], "description": "In GiB"},
        {"name": "regions", "type": "stringList", "defaultValue": ["us-east-1", "eu-west-1"]},
        {"name": "topic", "type": "string", "defaultValue": [""]},
        {"name": "needed", "type": "string"},
    ]


@pytest.mark.parametrize(
    ("type_", "document", "sentence"),
    [
        ("BUILD", "schemaVersion: 2.0\nsteps: []\n", "Invalid schema version. Supported versions include: 1.0."),
        (
            "BUILD",
            "schemaVersion: 1.0\nsteps: [{name: Scan, action: CollectImageScanFindings}]\n",
            "Parsing step 'Scan' failed. Error: Unsupported action CollectImageScanFindings for workflow type BUILD.",
        ),
        (
            "TEST",
            "schemaVersion: 1.0\nsteps: [{name: Copy, action: DistributeImage}]\n",
            "Parsing step 'Copy' failed. Error: Unsupported action DistributeImage for workflow type TEST.",
        ),
    ],
)
def test_a_wrong_document_is_refused(client: ImagebuilderClient, type_: str, document: str, sentence: str) -> None:
    for dry in (True, False):
        with invalid("data", sentence):
            create_workflow(client, type=type_, data=document, dryRun=dry)
    assert client.list_workflows()["workflowVersionList"] == []


def test_a_document_is_given_in_one_way(client: ImagebuilderClient) -> None:
    with clashing("uri", "You can specify either data or uri, but not both."):
        create_workflow(client, uri="s3://documents/build.yml")
    with clashing("data", "You must specify either data or uri."):
        create_workflow(client, data=None)


def test_a_document_can_be_in_s3(client: ImagebuilderClient) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="documents")
    s3.put_object(Bucket="documents", Key="build.yml", Body=PARAMETERS.encode())
    s3.put_object(Bucket="documents", Key="empty.yml", Body=b"")
    arn = create_workflow(client, data=None, uri="s3://documents/build.yml")
    workflow = get_workflow(client, arn)
    assert workflow["data"] == PARAMETERS
    assert "uri" not in workflow
    with already_there("Workflow", arn):
        create_workflow(client, data=PARAMETERS)
    with invalid("uri", "The object at 's3://documents/no.yml' cannot be read: The specified key does not exist."):
        create_workflow(client, data=None, uri="s3://documents/no.yml")
    with invalid("data", "The document must be a map."):
        create_workflow(client, data=None, uri="s3://documents/empty.yml")


def test_an_inline_document_has_at_most_16000_characters(client: ImagebuilderClient) -> None:
    document = workflow_document("ß")
    arn = create_workflow(client, data=document + " " * (16000 - len(document)))
    assert len(get_workflow(client, arn)["data"]) == 16000
    with invalid("data", "data must have between 1 and 16000 characters"):
        create_workflow(client, data=document + " " * (16001 - len(document)))


@pytest.mark.parametrize("version", ["0.0.0", "1073741823.1073741823.1073741823"])
def test_version_nodes_have_thirty_bits(client: ImagebuilderClient, version: str) -> None:
    assert get_workflow(client, create_workflow(client, semanticVersion=version))["version"] == version


@pytest.mark.parametrize("version", ["1073741824.0.0", "0.1073741824.0", "0.0.1073741824", f"1.0.{'9' * 5000}"])
def test_greater_version_nodes_are_refused(client: ImagebuilderClient, version: str) -> None:
    message = "The supplied semantic version does not follow the required format"
    with refused("InvalidVersionNumberException", 400, message):
        create_workflow(client, semanticVersion=version)


def test_a_new_workflow_takes_no_wildcard(client: ImagebuilderClient) -> None:
    with invalid("semanticVersion", r"semanticVersion must match pattern ^[0-9]+\.[0-9]+\.[0-9]+$"):
        create_workflow(client, semanticVersion="1.0.x")


# ---- builds of a version ----

DIFFERENT: dict[str, Any] = {
    "data": workflow_document("changed"),
    "description": "Builds it",
    "changeDescription": "Second version",
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/workflows",
}


@pytest.mark.parametrize("member", DIFFERENT)
def test_a_difference_makes_the_next_build(client: ImagebuilderClient, member: str) -> None:
    create_workflow(client)
    second = create_workflow(client, **{member: DIFFERENT[member]})
    assert second == f"{ARN}build/golden/1.0.0/2"
    assert get_workflow(client, second)["version"] == "1.0.0"
    # And back again: only the newest build counts.
    assert create_workflow(client) == f"{ARN}build/golden/1.0.0/3"


@pytest.mark.parametrize("name", ["golden build", "Golden Build", "golden_build", "golden-build"])
def test_the_same_content_exists_already(client: ImagebuilderClient, name: str) -> None:
    create_workflow(client, "golden build")
    create_workflow(client, "golden build", **DIFFERENT, tags={"first": "yes"})
    with already_there("Workflow", f"{ARN}build/golden-build/1.0.0/2"):
        create_workflow(client, name, **DIFFERENT, tags={"first": "no"})
    assert create_workflow(client, name, **DIFFERENT, semanticVersion="1.0.1") == f"{ARN}build/golden-build/1.0.1/1"


def test_workflows_of_different_types_have_nothing_in_common(client: ImagebuilderClient) -> None:
    create_workflow(client)
    assert create_workflow(client, type="TEST") == f"{ARN}test/golden/1.0.0/1"
    with not_found("Workflow", f"{ARN}distribution/golden/x.x.x"):
        get_workflow(client, f"{ARN}distribution/golden/x.x.x")


def test_versions_are_numbers(client: ImagebuilderClient) -> None:
    create_workflow(client, semanticVersion="2026.01.03")
    second = create_workflow(client, semanticVersion="2026.1.3", description="the same version")
    assert second == f"{ARN}build/golden/2026.01.03/2"
    assert get_workflow(client, f"{ARN}build/golden/2026.1.3")["arn"] == second


def test_numbers_of_deleted_builds_are_not_given_again(client: ImagebuilderClient) -> None:
    first, second = create_workflow(client), create_workflow(client, description="second")
    client.delete_workflow(workflowBuildVersionArn=second)
    with already_there("Workflow", first):
        create_workflow(client)
    assert create_workflow(client, description="second") == f"{ARN}build/golden/1.0.0/3"


# ---- idempotency and dry run ----


def test_a_token_creates_once(client: ImagebuilderClient) -> None:
    first = create_workflow(client, clientToken="once")
    assert create_workflow(client, clientToken="once") == first
    message = "The client token 'once' was used before by this operation with other parameter values."
    with refused("IdempotentParameterMismatchException", 400, message):
        create_workflow(client, clientToken="once", description="other")
    assert len(client.list_workflow_build_versions()["workflowSummaryList"]) == 1


def test_a_dry_run_checks_and_creates_nothing(client: ImagebuilderClient) -> None:
    with dry_run():
        create_workflow(client, dryRun=True, clientToken="token")
    assert client.list_workflows()["workflowVersionList"] == []
    existing = create_workflow(client, dryRun=False)
    with already_there("Workflow", existing):
        create_workflow(client, dryRun=True)
    with invalid("data", "The document must be a map."):
        create_workflow(client, dryRun=True, data="nothing")


# ---- get ----


@pytest.mark.parametrize(
    ("reference", "build"),
    [
        ("1.6.8/1", "1.6.8/1"),
        ("1.6.8", "1.6.8/2"),
        ("1.6.x", "1.6.8/2"),
        ("1.x.x", "1.10.0/1"),
        ("x.x.x", "2.2.4/1"),
    ],
)
def test_a_reference_means_the_newest_that_matches(client: ImagebuilderClient, reference: str, build: str) -> None:
    for version in ("2.2.4", "1.6.8", "1.10.0", "1.9.9"):
        create_workflow(client, semanticVersion=version)
    create_workflow(client, semanticVersion="1.6.8", description="second build")
    create_workflow(client, "golden-plus", semanticVersion="9.9.9")
    create_workflow(client, type="TEST", semanticVersion="9.9.9")
    answer = client.get_workflow(workflowBuildVersionArn=f"{ARN}build/golden/{reference}")
    assert answer["workflow"]["arn"] == f"{ARN}build/golden/{build}"
    version_arn = f"{ARN}build/golden/{build.partition('/')[0]}"
    assert answer["latestVersionReferences"]["latestPatchVersionArn"] == version_arn


@pytest.mark.parametrize("version", ["x.2.x", "1.x.8", "x.x.0", "x.0.0"])
@pytest.mark.parametrize("base", [ARN, AMAZON, f"arn:aws:imagebuilder:{REGION}:111122223333:workflow/"])
def test_wildcards_stand_at_the_end(client: ImagebuilderClient, base: str, version: str) -> None:
    with invalid("workflowBuildVersionArn", WILDCARD_NOT_LAST):
        get_workflow(client, f"{base}build/build-image/{version}")


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}build/golden/1.0.0/2",
        f"{ARN}build/golden/1.0.0/{'9' * 5000}",
        f"{ARN}build/golden/1.0.1",
        f"{ARN}build/golden/99999999999.x.x",
        f"{ARN}build/golden/2.x.x",
        f"{ARN}build/gold/x.x.x",
        f"{ARN}test/golden/1.0.0/1",
        f"{ARN}build/build-image/x.x.x",
        f"{AMAZON}build/golden/x.x.x",
        f"{AMAZON}test/build-image/x.x.x",
        f"{AMAZON}build/build-image/0.x.x",
        f"arn:aws:imagebuilder:{REGION}:aws-marketplace:workflow/build/build-image/x.x.x",
        f"arn:aws:imagebuilder:{REGION}:111122223333:workflow/build/golden/1.0.0/1",
        f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:workflow/build/golden/1.0.0/1",
        "arn:aws:imagebuilder:eu-west-1:aws:workflow/build/build-image/x.x.x",
        f"arn:aws-cn:imagebuilder:{REGION}:aws:workflow/build/build-image/x.x.x",
    ],
)
def test_what_is_not_there_is_quoted_as_asked(client: ImagebuilderClient, arn: str) -> None:
    create_workflow(client)
    with not_found("Workflow", arn):
        get_workflow(client, arn)


def test_a_malformed_arn_is_refused(client: ImagebuilderClient) -> None:
    frame = "The value supplied for parameter 'workflowBuildVersionArn' is not valid. "
    message = re.compile(re.escape(frame) + r"workflowBuildVersionArn must match pattern \^arn:.*\$")
    for path in ("build/golden/1.x.x/1", "build/golden/1.0", "build/golden", "golden/1.0.0", "deploy/golden/1.0.0"):
        with refused("InvalidParameterValueException", 400, message):
            get_workflow(client, f"{ARN}{path}")


@pytest.mark.parametrize("version", ["1.0.3/1", "1.0.3", "1.0.x", "1.x.x", "x.x.x"])
def test_a_workflow_of_amazon(client: ImagebuilderClient, version: str) -> None:
    answer = client.get_workflow(workflowBuildVersionArn=f"{AMAZON}build/build-image/{version}")
    assert answer["latestVersionReferences"] == {"latestVersionArn": f"{AMAZON}build/build-image/x.x.x"}
    workflow = answer["workflow"]
    data = workflow.pop("data")
    assert data.startswith("name: build-image\n")
    assert workflow == {
        "arn": f"{AMAZON}build/build-image/1.0.3/1",
        "name": "build-image",
        "version": "1.0.3",
        "description": "Builds an AMI on an instance of the parent image.",
        "type": "BUILD",
        "owner": "Amazon",
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "tags": {},
    }


def test_a_workflow_of_amazon_can_be_cloned(client: ImagebuilderClient) -> None:
    data = get_workflow(client, f"{AMAZON}build/build-image/x.x.x")["data"]
    assert create_workflow(client, "build-image", data=data) == f"{ARN}build/build-image/1.0.0/1"


def test_other_accounts_and_regions_keep_to_themselves(
    client: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = create_workflow(client)
    in_europe: ImagebuilderClient = boto3.client("imagebuilder", region_name="eu-west-1")
    assert create_workflow(in_europe) == arn.replace(REGION, "eu-west-1")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    with not_found("Workflow", arn):
        get_workflow(client, arn)
    assert create_workflow(client) == arn.replace(ACCOUNT, "111122223333")


def test_moto_sees_own_workflows_only(client: ImagebuilderClient) -> None:
    arn = create_workflow(client)
    get_workflow(client, f"{AMAZON}build/build-image/x.x.x")
    tracked = model_data["imagebuilder"]
    assert [workflow.arn for workflow in tracked["Workflow"].instances_tracked] == [arn]  # type: ignore[attr-defined]
    assert "PublishedWorkflow" not in tracked
    client.delete_workflow(workflowBuildVersionArn=arn)
    assert tracked["Workflow"].instances_tracked == []  # type: ignore[attr-defined]
