"""StartResourceStateUpdate: one image is moved to another state by hand, at once."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from freezegun import freeze_time

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import MANAGED_BASE
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import ami_of, get_image, output_amis, own_amis, state_of, tags_of
from ..refusals import clashing, invalid, not_found
from .lifecycles import (
    NO_ROLE,
    ROLE,
    TAGS,
    WITH_AMIS,
    actions,
    create_role,
    executions,
    get_execution,
    resources,
    status_of,
    update_state,
)

NOW = datetime(2036, 9, 9, 21, 42, 29, 801_000, tzinfo=timezone.utc)
LATER = datetime(2036, 9, 11, 21, 20, tzinfo=timezone.utc)
DELETED_TOO: dict[str, Any] = {"executionRole": ROLE, "includeResources": {"amis": True, "snapshots": True}}


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


@pytest.fixture
def image(mocked: Control) -> str:
    with freeze_time("2026-01-01T00:00:00Z"):
        return mocked.make_image(tags=TAGS)


def in_state(client: Any, control: Control, status: str) -> str:
    """The ARN of an image that has come to this state."""
    if status == "FAILED":
        control.fail_next_build("PENDING")
        return _import(client)
    if status in ("CANCELLED", "PENDING"):
        control.import_task("import-ami-aaaaaaaaaaaaaaaaa", state="active")
        arn = _import(client, "import-ami-aaaaaaaaaaaaaaaaa")
        if status == "CANCELLED":
            client.cancel_image_creation(imageBuildVersionArn=arn)
        return arn
    arn = control.make_image()
    if status != "AVAILABLE":
        update_state(client, arn, status)
    return arn


def _import(client: Any, task: str = "import-ami-bbbbbbbbbbbbbbbbb") -> str:
    answer = client.import_vm_image(name="web", semanticVersion="1.0.0", platform="Linux", vmImportTaskId=task)
    return str(answer["imageArn"])


# ---- at once ----


def test_the_image_alone_changes_at_once(client: Any, image: str) -> None:
    with freeze_time(NOW):
        assert update_state(client, image, "DEPRECATED") == {"resourceArn": image}
    record = get_image(client, image)
    assert record["state"] == {"status": "DEPRECATED"}
    assert record["deprecationTime"] == NOW
    assert "lifecycleExecutionId" not in record
    assert executions(client, image) == []
    (ami,) = map(ami_of, record["outputResources"]["amis"])
    assert "DeprecationTime" not in ami


def test_what_is_not_included_makes_no_execution(client: Any, image: str) -> None:
    nothing = {"executionRole": ROLE, "includeResources": {"amis": False, "snapshots": False}}
    assert update_state(client, image, "DISABLED", **nothing) == {"resourceArn": image}
    assert update_state(client, image, "AVAILABLE", executionRole=ROLE, includeResources={}) == {"resourceArn": image}
    assert state_of(client, image) == {"status": "AVAILABLE"}


TRANSITIONS = {
    "AVAILABLE": ["DEPRECATED", "DISABLED", "DELETED"],
    "DEPRECATED": ["AVAILABLE", "DISABLED", "DELETED"],
    "DISABLED": ["AVAILABLE", "DELETED"],
    "FAILED": ["DELETED"],
    "CANCELLED": ["DELETED"],
}


@pytest.mark.parametrize("after", ["AVAILABLE", "DEPRECATED", "DISABLED", "DELETED"])
@pytest.mark.parametrize("before", TRANSITIONS)
def test_states(client: Any, mocked: Control, before: str, after: str) -> None:
    arn = in_state(client, mocked, before)
    record = get_image(client, arn)
    if after not in TRANSITIONS[before]:
        with invalid("state.status", f"An image in the state {before} can't be updated to {after}."):
            update_state(client, arn, after, **DELETED_TOO if after == "DELETED" else {})
        assert get_image(client, arn) == record
        return
    update_state(client, arn, after, **DELETED_TOO if after == "DELETED" else {})
    if after == "DELETED":
        with not_found("Image", arn):
            get_image(client, arn)
    else:
        assert state_of(client, arn) == {"status": after}


def test_an_image_in_its_build_stays(client: Any, mocked: Control) -> None:
    arn = in_state(client, mocked, "PENDING")
    for status in ("AVAILABLE", "DEPRECATED", "DISABLED"):
        with refused("ResourceInUseException", 400, f"The build of the image '{arn}' is in progress: PENDING."):
            update_state(client, arn, status)
    with refused("ResourceInUseException", 400, f"The build of the image '{arn}' is in progress: PENDING."):
        update_state(client, arn, "DELETED", **DELETED_TOO)
    assert state_of(client, arn) == {"status": "PENDING"}


def test_an_available_image_has_no_deprecation_time(client: Any, image: str) -> None:
    update_state(client, image, "DEPRECATED")
    update_state(client, image, "AVAILABLE")
    assert "deprecationTime" not in get_image(client, image)


def test_a_disabled_image_keeps_the_time_of_its_deprecation(client: Any, image: str) -> None:
    with freeze_time(NOW):
        update_state(client, image, "DEPRECATED")
    update_state(client, image, "DISABLED")
    assert get_image(client, image)["deprecationTime"] == NOW


def test_the_same_request_is_performed_once(client: Any, image: str) -> None:
    first = update_state(client, image, "DEPRECATED", clientToken="once", **WITH_AMIS)
    assert update_state(client, image, "DEPRECATED", clientToken="once", **WITH_AMIS) == first
    assert len(executions(client, image)) == 1


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/my-image/1.0.0/9",
        f"arn:aws:imagebuilder:{REGION}:111111111111:image/my-image/1.0.0/1",
        f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1",
    ],
)
def test_unknown_images(client: Any, image: str, arn: str) -> None:
    with not_found("Image", arn):
        update_state(client, arn, "DEPRECATED")


@pytest.mark.parametrize("version", ["1.0.0", "x.x.x"])
def test_only_builds_have_a_state(client: Any, image: str, version: str) -> None:
    pattern = load_model().shape("ImageBuildVersionArn")["pattern"]
    with invalid("resourceArn", f"resourceArn must match pattern {pattern}"):
        update_state(client, f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/my-image/{version}", "DEPRECATED")


def test_the_state_must_be_said(client: Any, image: str) -> None:
    with invalid("state.status", "state.status is required"):
        client.start_resource_state_update(resourceArn=image, state={})
    unchecked = boto3.client("imagebuilder", region_name=REGION, config=Config(parameter_validation=False))
    with invalid("state.status", "state.status must be one of: AVAILABLE, DELETED, DEPRECATED, DISABLED"):
        unchecked.start_resource_state_update(resourceArn=image, state={"status": "FAILED"}, clientToken="token")


# ---- with output resources ----


def test_an_execution_updates_the_amis_too(client: Any, image: str) -> None:
    with freeze_time(NOW):
        answer = update_state(client, image, "DEPRECATED", **WITH_AMIS)
    execution = answer["lifecycleExecutionId"]
    assert answer == {"lifecycleExecutionId": execution, "resourceArn": image}
    assert get_execution(client, execution) == {
        "lifecycleExecutionId": execution,
        "resourcesImpactedSummary": {"hasImpactedResources": True},
        "state": {"status": "SUCCESS"},
        "startTime": NOW,
        "endTime": NOW,
    }
    assert actions(client, execution) == {image: ("DEPRECATE", "SUCCESS")}
    record = get_image(client, image)
    assert record["state"] == {"status": "DEPRECATED"}
    assert (record["deprecationTime"], record["lifecycleExecutionId"]) == (NOW, execution)
    (entry,) = resources(client, execution, image)
    assert entry["resourceId"] == record["outputResources"]["amis"][0]["image"]
    ami = ami_of(record["outputResources"]["amis"][0])
    assert ami["DeprecationTime"] == "2036-09-09T21:42:00.000Z"
    assert tags_of(ami) == {"DeprecatedBy": "EC2 Image Builder"}


@pytest.mark.parametrize("status", ["DEPRECATED", "DISABLED"])
def test_an_image_and_its_amis_become_available_again(client: Any, image: str, status: str) -> None:
    (entry,) = output_amis(client, image)
    before = ami_of(entry)
    update_state(client, image, status, **WITH_AMIS)
    assert ami_of(entry) != before
    execution = update_state(client, image, "AVAILABLE", **WITH_AMIS)["lifecycleExecutionId"]
    assert actions(client, execution) == {image: ("AVAILABLE", "SUCCESS")}
    assert ami_of(entry) == before
    assert state_of(client, image) == {"status": "AVAILABLE"}


def test_an_ami_that_is_gone_does_not_become_available(client: Any, image: str) -> None:
    update_state(client, image, "DISABLED", **WITH_AMIS)
    boto3.client("ec2", region_name=REGION).deregister_image(ImageId=output_amis(client, image)[0]["image"])
    execution = update_state(client, image, "AVAILABLE", **WITH_AMIS)["lifecycleExecutionId"]
    assert resources(client, execution, image)[0]["state"] == {"status": "FAILED", "reason": "The AMI does not exist."}
    assert status_of(client, execution) == "FAILED"
    assert state_of(client, image) == {"status": "DISABLED"}


def test_image_amis_and_snapshots_are_deleted(client: Any, image: str) -> None:
    execution = update_state(client, image, "DELETED", **DELETED_TOO)["lifecycleExecutionId"]
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    (entry,) = resources(client, execution, image)
    (snapshot,) = entry["snapshots"]
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        boto3.client("ec2", region_name=REGION).describe_snapshots(SnapshotIds=[snapshot["snapshotId"]])
    assert own_amis() == []
    with not_found("Image", image):
        get_image(client, image)
    # The image is gone, what was done to it is not.
    assert [found["lifecycleExecutionId"] for found in executions(client, image)] == [execution]


@pytest.mark.parametrize(
    ("status", "after"), [("DEPRECATED", "DEPRECATED"), ("DISABLED", "DISABLED"), ("DELETED", None)]
)
def test_excluded_amis_hold_back_deletions_only(client: Any, image: str, status: str, after: str | None) -> None:
    exclusion = {"exclusionRules": {"amis": {"regions": [REGION]}}}
    (entry,) = output_amis(client, image)
    before = ami_of(entry)
    execution = update_state(client, image, status, **WITH_AMIS, **exclusion)["lifecycleExecutionId"]
    assert [found["state"]["status"] for found in resources(client, execution, image)] == ["SKIPPED"]
    assert status_of(client, execution) == "SUCCESS"
    assert ami_of(entry) == before
    assert state_of(client, image) == {"status": after or "AVAILABLE"}
    (found,) = resources(client, execution)
    assert found["state"] == (
        {"status": "SUCCESS"}
        if after
        else {"status": "SKIPPED", "reason": "An output resource of the image was skipped."}
    )


def test_exclusions_mean_nothing_without_amis(client: Any, image: str) -> None:
    update_state(client, image, "DEPRECATED", exclusionRules={"amis": {"regions": [REGION]}})
    assert state_of(client, image) == {"status": "DEPRECATED"}


def test_containers_are_only_deleted(client: Any, mocked: Control) -> None:
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1.0.0-1"
    arn = mocked.make_image()
    image = imagebuilder_backends[ACCOUNT][REGION].images.get(arn)
    image.update(type="DOCKER", outputResources={"containers": [{"region": REGION, "imageUris": [uri]}]})
    for status in ("AVAILABLE", "DEPRECATED", "DISABLED"):
        with invalid("state.status", "The state of a container image can be updated to DELETED only."):
            update_state(client, arn, status)
    with clashing("includeResources.amis", "AMIs can't be included for CONTAINER_IMAGE."):
        update_state(client, arn, "DELETED", executionRole=ROLE, includeResources={"amis": True, "containers": True})
    execution = update_state(client, arn, "DELETED", executionRole=ROLE, includeResources={"containers": True})
    (entry,) = resources(client, execution["lifecycleExecutionId"], arn)
    assert entry["imageUris"] == [uri]
    with not_found("Image", arn):
        get_image(client, arn)


# ---- parameters that do not go together ----


@pytest.mark.parametrize(
    ("status", "members", "parameter", "sentence"),
    [
        (
            "DEPRECATED",
            {"executionRole": ROLE},
            "executionRole",
            "executionRole can only be provided together with includeResources.",
        ),
        (
            "DEPRECATED",
            {"includeResources": {"amis": True}},
            "includeResources",
            "includeResources can only be provided together with executionRole.",
        ),
        (
            "DEPRECATED",
            {"executionRole": ROLE, "includeResources": {"amis": True, "snapshots": True}},
            "includeResources.snapshots",
            "Snapshots can only be included to be deleted.",
        ),
        (
            "AVAILABLE",
            {"executionRole": ROLE, "includeResources": {"amis": True, "snapshots": True}},
            "includeResources.snapshots",
            "Snapshots can only be included to be deleted.",
        ),
        (
            "DELETED",
            {"executionRole": ROLE, "includeResources": {"amis": True, "containers": True}},
            "includeResources.containers",
            "Containers can't be included for AMI_IMAGE.",
        ),
        (
            "DELETED",
            {"executionRole": ROLE, "includeResources": {"snapshots": True}},
            "includeResources.snapshots",
            "Snapshots can only be included together with AMIs.",
        ),
        (
            "DELETED",
            {},
            "includeResources",
            "At least one kind of resource must be included to update the state to DELETED.",
        ),
        (
            "DELETED",
            {"executionRole": ROLE, "includeResources": {"amis": False}},
            "includeResources",
            "At least one kind of resource must be included to update the state to DELETED.",
        ),
        ("DISABLED", {"updateAt": LATER}, "updateAt", "Only updates to the state DEPRECATED can be scheduled."),
        (
            "DELETED",
            {**DELETED_TOO, "updateAt": LATER},
            "updateAt",
            "Only updates to the state DEPRECATED can be scheduled.",
        ),
    ],
)
def test_parameters_that_do_not_go_together(
    client: Any, mocked: Control, status: str, members: dict[str, Any], parameter: str, sentence: str
) -> None:
    arn = in_state(client, mocked, "DISABLED" if status == "AVAILABLE" else "AVAILABLE")
    before = get_image(client, arn)
    with freeze_time(NOW), clashing(parameter, sentence):
        update_state(client, arn, status, **members)
    assert get_image(client, arn) == before


@pytest.mark.parametrize("role", ["NotThere", "arn:aws:iam::111111111111:role/LifecycleExecution"])
def test_the_role_must_be_usable(client: Any, image: str, role: str) -> None:
    with invalid("executionRole", NO_ROLE):
        update_state(client, image, "DEPRECATED", executionRole=role, includeResources={"amis": True})
    assert state_of(client, image) == {"status": "AVAILABLE"}
