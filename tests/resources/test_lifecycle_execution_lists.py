"""How lifecycle executions and what they acted on are found."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..conftest import ACCOUNT, REGION
from ..refusals import invalid, not_found
from .lifecycles import (
    cancel,
    create_policy,
    create_role,
    delete_after,
    executions,
    get_execution,
    keep,
    make_images,
    resources,
)

NOBODY = "lce-01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


def test_unknown_executions(client: Any) -> None:
    for read in (get_execution, resources, cancel):
        with not_found("LifecycleExecution", NOBODY):
            read(client, NOBODY)


def test_a_malformed_id(client: Any) -> None:
    pattern = load_model().shape("LifecycleExecutionId")["pattern"]
    with invalid("lifecycleExecutionId", f"lifecycleExecutionId must match pattern {pattern}"):
        get_execution(client, "lce-1")


def test_executions_of_a_policy_and_of_an_image_are_apart(client: Any, mocked: Control) -> None:
    (image,) = make_images(mocked, 1)
    arn = create_policy(client, delete_after(1))
    run = mocked.run_lifecycle(arn)
    update = client.start_resource_state_update(
        resourceArn=image,
        state={"status": "DISABLED"},
        executionRole="LifecycleExecution",
        includeResources={"amis": True},
    )["lifecycleExecutionId"]
    assert [entry["lifecycleExecutionId"] for entry in executions(client, arn)] == [run]
    (entry,) = executions(client, image)
    assert entry["lifecycleExecutionId"] == update
    assert "lifecyclePolicyArn" not in entry


@pytest.mark.parametrize("path", ["lifecycle-policy/not-there", "image/not-there/1.0.0/1"])
def test_what_does_not_exist_has_no_executions(client: Any, path: str) -> None:
    assert executions(client, f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:{path}") == []


@pytest.mark.parametrize(
    "path",
    [
        "image/web/1.0.0",
        "image/web/x.x.x",
        "image/web/1.0.x/1",
        "image-pipeline/web",
        "image-recipe/web/1.0.0",
        "component/web/1.0.0/1",
        "workflow/build/web/1.0.0/1",
    ],
)
def test_other_resources_have_no_executions_to_list(client: Any, path: str) -> None:
    with invalid("resourceArn", "The ARN must be that of a lifecycle policy or of an image build version."):
        executions(client, f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:{path}")


def test_pages_of_executions(client: Any, mocked: Control) -> None:
    arn = create_policy(client)
    runs = [mocked.run_lifecycle(arn) for _ in range(5)]
    paginator = client.get_paginator("list_lifecycle_executions")
    pages = list(paginator.paginate(resourceArn=arn, PaginationConfig={"PageSize": 2}))
    assert [len(page["lifecycleExecutions"]) for page in pages] == [2, 2, 1]
    assert [entry["lifecycleExecutionId"] for page in pages for entry in page["lifecycleExecutions"]] == runs[::-1]


def test_pages_of_resources(client: Any, mocked: Control) -> None:
    images = make_images(mocked, 28)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    assert len(resources(client, execution)) == 25
    paginator = client.get_paginator("list_lifecycle_execution_resources")
    pages = list(paginator.paginate(lifecycleExecutionId=execution, PaginationConfig={"PageSize": 10}))
    assert [len(page["resources"]) for page in pages] == [10, 10, 7]
    assert [entry["resourceId"] for page in pages for entry in page["resources"]] == images[-2::-1]


def test_a_parent_that_was_no_part_of_the_execution(client: Any, mocked: Control) -> None:
    *_, newest = make_images(mocked)
    execution = mocked.run_lifecycle(create_policy(client, keep(1, include=["amis"])))
    assert resources(client, execution, newest) == []
    assert resources(client, execution, "no ARN at all") == []


def test_motos_dashboard_shows_policies(client: Any, mocked: Control) -> None:
    """moto's dashboard reads every attribute of every resource."""
    create_policy(client)
    make_images(mocked, 1)
    data = requests.get("http://motoapi.amazonaws.com/moto-api/data.json", timeout=10).json()
    assert [policy["name"] for policy in data["imagebuilder"]["LifecyclePolicy"]] == ["clean up"]
