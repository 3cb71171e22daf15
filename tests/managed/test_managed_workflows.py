"""Amazon's own workflows: their documents, their records, and entries that a user adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import get_session

from mock_imagebuilder.imagebuilder.arns import Arn
from mock_imagebuilder.imagebuilder.documents.workflow import WorkflowDocument, resolve_inputs
from mock_imagebuilder.imagebuilder.documents.workflow_conditions import evaluate_condition
from mock_imagebuilder.imagebuilder.documents.workflow_references import RunContext
from mock_imagebuilder.imagebuilder.managed.catalogue import Catalogue, ManagedVersion, ManagedWorkflow

from .frozen_names import WORKFLOWS
from .test_shipped_data import DATA, misfits, pattern

CATALOGUE = Catalogue("aws", "us-east-1")
VERSIONS = (ManagedVersion("1.10.0", "2025-02-01T00:00:00.000Z"), ManagedVersion("1.9.0", "2025-01-01T00:00:00.000Z"))
WAIT = "schemaVersion: 1.0\nsteps: [{name: Wait, action: WaitForAction}]\n"
OUTPUTS = {"build/build-container": ["InstanceId"], "build/express-build-container": ["InstanceId"]}


def document_of(key: str) -> WorkflowDocument:
    return CATALOGUE.workflows()[key].document


def test_every_workflow_on_record_is_there_with_its_steps() -> None:
    assert {key: tuple(step.name for step in document_of(key).steps) for key in CATALOGUE.workflows()} == WORKFLOWS


@pytest.mark.parametrize("key", WORKFLOWS)
def test_documents_agree_with_their_workflow(key: str) -> None:
    workflow = CATALOGUE.workflows()[key]
    assert workflow.document.type == workflow.type == key.partition("/")[0].upper()
    assert workflow.document.name == workflow.name == workflow.slug == key.partition("/")[2]
    assert workflow.document.description == workflow.description
    assert workflow.document.parameters == ()
    outputs = [output.name for output in workflow.document.outputs]
    assert outputs == OUTPUTS.get(key, ["ImageId"] if workflow.type == "BUILD" else [])
    assert 1 <= len(workflow.data) <= 16000


def test_records_have_what_the_api_model_knows() -> None:
    model = get_session().get_service_model("imagebuilder")
    arns = pattern("WorkflowBuildVersionArn")
    records = list(CATALOGUE.workflow_records())
    assert len({record["arn"] for record in records}) == len(records) == 17
    for record in records:
        assert list(misfits(model.shape_for("Workflow"), record, record["arn"])) == []
        assert arns.search(record["arn"])
        assert (
            f":{record['arn'].split(':')[5]}"
            == f":workflow/{Arn.parse(record['arn']).type[9:]}/{record['name']}" + (f"/{record['version']}/1")
        )
    assert [record["version"] for record in records if record["name"] == "build-image"] == [
        "1.0.0", "1.0.1", "1.0.2", "1.0.3",
    ]  # fmt: skip


def test_a_record_names_its_partition_and_region() -> None:
    [record] = [
        record
        for record in Catalogue("aws-cn", "cn-north-1").workflow_records()
        if record["name"] == "express-test-image"
    ]
    assert record == {
        "arn": "arn:aws-cn:imagebuilder:cn-north-1:aws:workflow/test/express-test-image/1.0.0/1",
        "name": "express-test-image",
        "version": "1.0.0",
        "type": "TEST",
        "owner": "Amazon",
        "description": "Tests an AMI without waiting for status checks and without scan findings.",
        "data": (DATA / "workflows" / "express-test-image.yaml").read_text(encoding="utf-8"),
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "tags": {},
    }


def test_the_newest_version() -> None:
    assert CATALOGUE.newest_workflow("build/build-image") == (
        "arn:aws:imagebuilder:us-east-1:aws:workflow/build/build-image/1.0.3/1"
    )
    with pytest.raises(KeyError, match="build/test-image"):
        CATALOGUE.newest_workflow("build/test-image")


def test_versions_that_were_chosen_say_so() -> None:
    for workflow in CATALOGUE.workflows().values():
        assert workflow.source
        chosen = [version for version in workflow.versions if not version.seen]
        # One chosen version stands in where none is on record, never beside recorded ones.
        assert len(chosen) in (0, 1), workflow.key
        assert not chosen or len(workflow.versions) == 1, workflow.key
        assert all(version.date_created.endswith("T00:00:00.000Z") for version in workflow.versions)


def test_the_file_has_one_entry_a_line() -> None:
    lines = (DATA / "workflows.json").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["{", '  "workflows": [']
    assert lines[-2:] == ["  ]", "}"]
    slugs = [json.loads(line.strip().removesuffix(","))["slug"] for line in lines[2:-2]]
    assert sorted(slugs) == sorted(key.partition("/")[2] for key in WORKFLOWS)
    assert sorted(path.stem for path in (DATA / "workflows").iterdir()) == sorted(slugs)


# ---- which steps run ----

AMI: dict[str, object] = {
    "imageType": "AMI",
    "platform": "Linux",
    "collectImageMetadata": True,
    "collectImageScanFindings": False,
}


@pytest.mark.parametrize(
    ("key", "variables", "skipped"),
    [
        ("build/build-image", {}, {"RunSysPrepScript"}),
        ("build/build-image", {"platform": "MacOS"}, {"RunSysPrepScript"}),
        ("build/build-image", {"platform": "Windows"}, {"RunSanitizeScript"}),
        ("build/build-image", {"collectImageMetadata": False}, {"InventoryCollection", "RunSysPrepScript"}),
        (
            "build/build-image",
            {"imageType": "DOCKER"},
            {"InventoryCollection", "RunSanitizeScript", "RunSysPrepScript", "CreateOutputAMI"},
        ),
        ("build/build-image-with-update-ssm-agent", {}, {"RunSysPrepScript"}),
        ("build/express-build-image", {"platform": "Windows"}, {"RunSanitizeScript"}),
        ("build/build-container", {}, {"BootstrapBuildInstance"}),
        ("build/build-container", {"imageType": "DOCKER"}, set()),
        ("build/express-build-container", {"imageType": "DOCKER"}, set()),
        ("build/build-image-from-iso", {"platform": "Windows"}, set()),
        ("test/test-image", {}, {"CollectImageScanFindings"}),
        ("test/test-image", {"collectImageScanFindings": True}, set()),
        ("test/test-image", {"collectImageScanFindings": True, "platform": "Windows"}, set()),
        ("test/test-image", {"collectImageScanFindings": True, "platform": "MacOS"}, {"CollectImageScanFindings"}),
        ("test/express-test-image", {"collectImageScanFindings": True}, set()),
        ("test/test-container", {"imageType": "DOCKER"}, {"CollectImageScanFindings"}),
        ("test/test-container", {"imageType": "DOCKER", "collectImageScanFindings": True}, set()),
        ("distribution/distribute-image", {}, set()),
        ("distribution/distribute-container", {"imageType": "DOCKER"}, set()),
    ],
)
def test_which_steps_are_skipped(key: str, variables: dict[str, object], skipped: set[str]) -> None:
    context = RunContext(imagebuilder={**AMI, **variables})
    assert {step.name for step in document_of(key).steps if not evaluate_condition(step.if_, context)} == skipped


def test_steps_get_their_inputs_from_steps_before() -> None:
    context = RunContext(
        step_outputs={
            "LaunchBuildInstance": {"instanceId": "i-0123456789abcdef0"},
            "CreateImageFromIso": {"architecture": "x86_64", "snapshotId": "snap-0123456789abcdef0"},
            "DistributeImage": {"distributedImages": [{"amiId": "ami-1"}]},
        },
        workflow_outputs={"InstanceId": "i-fedcba98765432100"},
    )
    launch, create, register, terminate = (
        resolve_inputs(step, context) for step in document_of("build/build-image-from-iso").steps
    )
    assert launch == {"waitFor": "ssmAgent"}
    assert create == terminate == {"instanceId": "i-0123456789abcdef0"}
    assert register["architecture"] == "x86_64"
    assert register["blockDeviceMapping"] == [
        {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}
    ]
    distribute = [resolve_inputs(step, context) for step in document_of("distribution/distribute-image").steps]
    assert distribute == [{}, *[{"distributedImages": [{"amiId": "ami-1"}]}] * 2]
    assert resolve_inputs(document_of("distribution/distribute-container").steps[0], context) == {
        "instanceId": "i-fedcba98765432100"
    }
    for key in ("build/express-build-image", "build/express-build-container", "test/express-test-image"):
        assert resolve_inputs(document_of(key).steps[0], context) == {"waitFor": "ssmAgent", "healthCheck": "RUNNING"}


# ---- entries that a user adds ----


def workflow(name: str = "team-gate", **members: Any) -> ManagedWorkflow:
    return ManagedWorkflow(name, members.pop("slug", name), members.pop("type", "TEST"), VERSIONS, WAIT, **members)


def test_an_entry_of_a_user() -> None:
    catalogue = Catalogue("aws", "us-east-1", [workflow(), workflow(type="BUILD", description="Waits.")])
    records = {record["arn"].partition("workflow/")[2]: record for record in catalogue.workflow_records()}
    assert [path for path in records if "gate" in path] == [
        "build/team-gate/1.9.0/1", "build/team-gate/1.10.0/1", "test/team-gate/1.9.0/1", "test/team-gate/1.10.0/1",
    ]  # fmt: skip
    assert records["test/team-gate/1.10.0/1"]["data"] == WAIT
    assert "description" not in records["test/team-gate/1.10.0/1"]
    assert records["build/team-gate/1.10.0/1"]["description"] == "Waits."
    assert catalogue.newest_workflow("test/team-gate").endswith("/1.10.0/1")
    assert len(catalogue.workflows()) == len(WORKFLOWS) + 2


def test_an_entry_takes_the_place_of_a_shipped_one() -> None:
    catalogue = Catalogue("aws", "us-east-1", [workflow("test-image")])
    assert len(catalogue.workflows()) == len(WORKFLOWS)
    assert catalogue.newest_workflow("test/test-image").endswith("/1.10.0/1")


def test_entries_that_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="workflow 'test/team-gate' is added twice"):
        Catalogue("aws", "us-east-1", [workflow(), workflow()])
    wrong = ManagedWorkflow("team-gate", "team-gate", "TEST", VERSIONS, "steps: []")
    with pytest.raises(ValueError, match="'data' is no workflow document: Invalid schema version"):
        Catalogue("aws", "us-east-1", [wrong])
