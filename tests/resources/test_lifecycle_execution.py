"""Executions of lifecycle policies that end as soon as they begin, which is the default."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..conftest import ACCOUNT, REGION
from ..images import state_of
from ..refusals import not_found
from .lifecycles import (
    ARN,
    NO_ROLE,
    actions,
    create_policy,
    create_role,
    delete_role,
    deprecate_after,
    executions,
    get_execution,
    get_policy,
    keep,
    make_images,
    resources,
    status_of,
    update_policy,
)

START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


# ---- by default it has ended when it has begun ----


def test_an_execution_of_a_policy(client: Any, mocked: Control) -> None:
    with freeze_time(START):
        oldest, _, newest = make_images(mocked)
        arn = create_policy(client, keep(2))
        execution = mocked.run_lifecycle(arn)
    answer = client.get_lifecycle_execution(lifecycleExecutionId=execution)
    answer.pop("ResponseMetadata")
    record = {
        "lifecycleExecutionId": execution,
        "lifecyclePolicyArn": arn,
        "resourcesImpactedSummary": {"hasImpactedResources": True},
        "state": {"status": "SUCCESS"},
        "startTime": START,
        "endTime": START,
    }
    assert answer == {"lifecycleExecution": record}
    listed = client.list_lifecycle_executions(resourceArn=arn)
    listed.pop("ResponseMetadata")
    assert listed == {"lifecycleExecutions": [record]}
    shown = client.list_lifecycle_execution_resources(lifecycleExecutionId=execution)
    shown.pop("ResponseMetadata")
    assert shown == {
        "lifecycleExecutionId": execution,
        "lifecycleExecutionState": {"status": "SUCCESS"},
        "resources": [
            {
                "accountId": ACCOUNT,
                "resourceId": oldest,
                "region": REGION,
                "action": {
                    "name": "DELETE",
                    "reason": "The image is not among the newest 2 of its recipe version.",
                },
                "state": {"status": "SUCCESS"},
                "startTime": START,
                "endTime": START,
            }
        ],
    }
    assert get_policy(client, arn)["dateLastRun"] == START
    assert state_of(client, newest) == {"status": "AVAILABLE"}


def test_an_execution_with_nothing_to_do(client: Any, mocked: Control) -> None:
    execution = mocked.run_lifecycle(create_policy(client))
    record = get_execution(client, execution)
    assert record["state"] == {"status": "SUCCESS"}
    assert record["resourcesImpactedSummary"] == {"hasImpactedResources": False}
    assert resources(client, execution) == []


def test_the_image_remembers_the_execution(client: Any, mocked: Control) -> None:
    with freeze_time("2026-01-01T00:00:00Z"):
        (image,) = make_images(mocked, 1)
    with freeze_time(START):
        execution = mocked.run_lifecycle(create_policy(client, deprecate_after(1)))
    record = client.get_image(imageBuildVersionArn=image)["image"]
    (summary,) = client.list_image_build_versions()["imageSummaryList"]
    for shown in (record, summary):
        assert shown["state"] == {"status": "DEPRECATED"}
        assert shown["deprecationTime"] == START
        assert shown["lifecycleExecutionId"] == execution


def test_a_deprecated_image_is_meant_by_its_own_arn_only(client: Any, mocked: Control) -> None:
    first, second = make_images(mocked, 2)
    version = first.rpartition("/")[0]
    client.start_resource_state_update(resourceArn=second, state={"status": "DEPRECATED"})
    assert client.get_image(imageBuildVersionArn=version)["image"]["arn"] == first
    client.start_resource_state_update(resourceArn=first, state={"status": "DISABLED"})
    with not_found("Image", version):
        client.get_image(imageBuildVersionArn=version)
    assert client.list_images()["imageVersionList"][0]["arn"] == version


def test_every_run_is_an_execution_of_its_own(client: Any, mocked: Control) -> None:
    arn = create_policy(client)
    runs = [mocked.run_lifecycle(arn) for _ in range(3)]
    assert len(set(runs)) == 3
    assert [entry["lifecycleExecutionId"] for entry in executions(client, arn)] == runs[::-1]


def test_without_its_role_an_execution_fails(client: Any, mocked: Control) -> None:
    arn = create_policy(client, keep(1))
    images = make_images(mocked)
    delete_role()
    execution = mocked.run_lifecycle(arn)
    record = get_execution(client, execution)
    assert record["state"] == {"status": "FAILED", "reason": NO_ROLE}
    assert record["resourcesImpactedSummary"] == {"hasImpactedResources": False}
    assert record["endTime"] >= record["startTime"]
    assert [state_of(client, image) for image in images] == [{"status": "AVAILABLE"}] * 3


def test_an_action_that_fails_makes_the_execution_fail(client: Any, mocked: Control) -> None:
    first, second, _ = make_images(mocked)
    client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=second)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    assert get_execution(client, execution)["state"] == {
        "status": "FAILED",
        "reason": "One or more resource actions failed.",
    }
    assert actions(client, execution) == {second: ("DELETE", "FAILED"), first: ("DELETE", "SUCCESS")}
    assert resources(client, execution)[0]["state"]["reason"] == (
        f"Resource dependency error: The resource ARN '{second}' has other resources depended on it."
    )
    assert state_of(client, second) == {"status": "AVAILABLE"}


# ---- what a test can not run ----


def test_unknown_and_disabled_policies_do_not_run(client: Any, mocked: Control) -> None:
    arn = f"{ARN}clean-up"
    with pytest.raises(LookupError, match="there is no lifecycle policy"):
        mocked.run_lifecycle(arn)
    create_policy(client, status="DISABLED")
    with pytest.raises(ValueError, match="is disabled"):
        mocked.run_lifecycle(arn)
    assert executions(client, arn) == []
    assert "dateLastRun" not in get_policy(client, arn)
    update_policy(client, arn)
    assert status_of(client, mocked.run_lifecycle(arn)) == "SUCCESS"
