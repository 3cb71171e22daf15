"""What the workflows of a build do, step by step, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    MANAGED_BASE,
    PARENT_IMAGE,
    create_distribution,
    create_infrastructure,
    create_recipe,
    managed_workflow,
)
from ..images import create_image, get_image, output_amis, own_amis, state_of
from ..resources.components import component_document, create_component
from .clocks import CLOCKS, Clock
from .workflow_runs import (
    LAUNCH,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    outputs_of,
    statuses,
    steps_of,
)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
DONE = "COMPLETED"


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


@pytest.fixture
def recipe(client: Any) -> str:
    return create_recipe(client)


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, recipe: str) -> Iterator[Clock]:
    with request.param() as moves:
        yield moves


# ---- Amazon's own ----


def test_an_ami_without_components(client: Any) -> None:
    client.create_image_recipe(name="web server", semanticVersion="1.0.0", parentImage=PARENT_IMAGE)
    arn = create_image(client)
    build, test = executions_of(client, arn)
    assert build == {
        "workflowBuildVersionArn": f"{MANAGED_BASE}:workflow/build/build-image/1.0.3/1",
        "workflowExecutionId": build["workflowExecutionId"],
        "type": "BUILD",
        "status": DONE,
        "totalStepCount": 7,
        "totalStepsSucceeded": 5,
        "totalStepsFailed": 0,
        "totalStepsSkipped": 2,
        "startTime": build["startTime"],
        "endTime": build["endTime"],
        "retried": False,
    }
    assert re.fullmatch(f"wf-{UUID}", build["workflowExecutionId"])
    assert re.fullmatch(DATE, build["startTime"])
    assert re.fullmatch(DATE, build["endTime"])
    assert test["workflowBuildVersionArn"] == f"{MANAGED_BASE}:workflow/test/test-image/1.0.3/1"
    counts = ("totalStepCount", "totalStepsSucceeded", "totalStepsFailed", "totalStepsSkipped")
    assert (test["type"], test["status"], *(test[count] for count in counts)) == ("TEST", DONE, 4, 2, 0, 2)


def test_the_steps_of_an_ami(client: Any) -> None:
    client.create_image_recipe(name="web server", semanticVersion="1.0.0", parentImage=PARENT_IMAGE)
    arn = create_image(client)
    build, _ = executions_of(client, arn)
    steps = steps_of(client, build)
    instance_id = outputs_of(client, arn, "LaunchBuildInstance")["instanceId"]
    assert re.fullmatch("i-[0-9a-f]{17}", instance_id)
    assert [(step["name"], step["action"], step["status"]) for step in steps] == [
        ("LaunchBuildInstance", "LaunchInstance", DONE),
        ("ApplyBuildComponents", "ExecuteComponents", "SKIPPED"),
        ("InventoryCollection", "CollectImageMetadata", DONE),
        ("RunSanitizeScript", "SanitizeInstance", DONE),
        ("RunSysPrepScript", "RunSysPrep", "SKIPPED"),
        ("CreateOutputAMI", "CreateImage", DONE),
        ("TerminateBuildInstance", "TerminateInstance", DONE),
    ]
    launch, apply, inventory, sanitize, _, create, terminate = steps
    assert launch == {
        "stepExecutionId": launch["stepExecutionId"],
        "name": "LaunchBuildInstance",
        "action": "LaunchInstance",
        "status": DONE,
        "inputs": '{"waitFor": "ssmAgent"}',
        "outputs": f'{{"instanceId": "{instance_id}"}}',
        "startTime": launch["startTime"],
        "endTime": launch["endTime"],
    }
    assert apply == {
        "stepExecutionId": apply["stepExecutionId"],
        "name": "ApplyBuildComponents",
        "action": "ExecuteComponents",
        "status": "SKIPPED",
        "inputs": '{"instanceId.$": "$.stepOutputs.LaunchBuildInstance.instanceId"}',
        "startTime": apply["startTime"],
        "endTime": apply["startTime"],
    }
    assert create["inputs"] == f'{{"instanceId": "{instance_id}"}}'
    (ami,) = output_amis(client, arn)
    assert create["outputs"] == f'{{"imageId": "{ami["image"]}"}}'
    assert "outputs" not in terminate
    metadata, script = json.loads(inventory["outputs"]), json.loads(sanitize["outputs"])
    assert metadata == {"osVersion": "Amazon Linux 2023", "associationId": metadata["associationId"]}
    assert script == {"status": "Success", "output": "Skipping cleanup\n", "runCommandId": script["runCommandId"]}
    assert re.fullmatch(UUID, metadata["associationId"])
    assert re.fullmatch(UUID, script["runCommandId"])
    identifiers = [build["workflowExecutionId"].removeprefix("wf-")]
    for each in steps:
        assert re.fullmatch(f"step-{UUID}", each["stepExecutionId"])
        identifiers.append(each["stepExecutionId"].removeprefix("step-"))
    assert len(set(identifiers)) == 8


@pytest.mark.parametrize(
    ("phases", "platform", "members", "build", "test"),
    [
        (["build"], "Linux", {}, (6, 1), (2, 2)),
        (["validate"], "Linux", {}, (6, 1), (2, 2)),
        (["test"], "Linux", {}, (5, 2), (3, 1)),
        (["build", "test"], "Linux", {}, (6, 1), (3, 1)),
        (["build"], "Windows", {}, (6, 1), (2, 2)),
        (["build"], "Linux", {"enhancedImageMetadataEnabled": False}, (5, 2), (2, 2)),
    ],
)
def test_what_runs_follows_from_the_components_the_platform_and_the_settings(
    client: Any,
    phases: list[str],
    platform: str,
    members: dict[str, Any],
    build: tuple[int, int],
    test: tuple[int, int],
) -> None:
    action = "ExecuteBash" if platform == "Linux" else "ExecutePowerShell"
    components = [
        create_component(
            client,
            f"the-{phase}",
            platform=platform,
            data=component_document(phase=phase).replace("ExecuteBash", action),
        )
        for phase in phases
    ]
    slug = "amazon-linux-2023-x86" if platform == "Linux" else "windows-server-2022-english-full-base-x86"
    client.create_image_recipe(
        name="golden",
        semanticVersion="1.0.0",
        parentImage=f"{MANAGED_BASE}:image/{slug}/x.x.x",
        components=[{"componentArn": component} for component in components],
    )
    arn = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0", **members)
    assert [(run["totalStepsSucceeded"], run["totalStepsSkipped"]) for run in executions_of(client, arn)] == [
        build,
        test,
    ]
    skipped = "RunSysPrepScript" if platform == "Linux" else "RunSanitizeScript"
    assert all_steps_of(client, arn)[skipped]["status"] == "SKIPPED"
    assert ("osVersion" in get_image(client, arn)) == (members == {})


@pytest.mark.usefixtures("recipe")
def test_without_tests_there_is_no_test_workflow(client: Any) -> None:
    arn = create_image(client, imageTestsConfiguration={"imageTestsEnabled": False})
    assert [run["type"] for run in executions_of(client, arn)] == ["BUILD"]


@pytest.mark.usefixtures("recipe")
def test_the_default_distribution_runs_no_workflow(client: Any) -> None:
    arn = create_image(client, distributionConfigurationArn=create_distribution(client))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [run["type"] for run in executions_of(client, arn)] == ["BUILD", "TEST"]


@pytest.mark.usefixtures("recipe")
@pytest.mark.parametrize(
    ("build", "names"),
    [
        ("express-build-image", 6),
        ("build-image-with-update-ssm-agent", 8),
    ],
)
def test_the_other_workflows_of_amazon(client: Any, build: str, names: int) -> None:
    arn = build_with(client, managed_workflow(f"build/{build}"), managed_workflow("test/express-test-image"))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [run["totalStepCount"] for run in executions_of(client, arn)] == [names, 3]
    assert len(own_amis()) == 1


@pytest.mark.usefixtures("recipe")
def test_without_a_build_workflow_the_parent_image_is_tested(client: Any) -> None:
    arn = build_with(client, managed_workflow("test/test-image"))
    assert [run["type"] for run in executions_of(client, arn)] == ["TEST"]
    assert own_amis() == []


# ---- while the build runs ----


@pytest.mark.usefixtures("recipe")
def test_a_workflow_begins_with_its_stage(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    assert mocked.advance(arn) == "CREATING"
    assert executions_of(client, arn) == []
    assert mocked.advance(arn) == "BUILDING"
    (build,) = executions_of(client, arn)
    assert (build["status"], build["totalStepCount"], build["totalStepsSucceeded"]) == ("RUNNING", 7, 0)
    assert "endTime" not in build
    first, *others = steps_of(client, build)
    assert (first["status"], first["startTime"]) == ("RUNNING", build["startTime"])
    assert {step["status"] for step in others} == {"PENDING"}
    assert not any({"startTime", "endTime", "inputs", "outputs"} & step.keys() for step in others)
    assert mocked.advance(arn) == "TESTING"
    assert [run["status"] for run in executions_of(client, arn)] == [DONE, "RUNNING"]


def test_steps_take_equal_parts_of_their_stage(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=70)
    arn = create_image(client)
    clock(1000)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    build, test = executions_of(client, arn)
    # The clocks start at 12:00:00.250; PENDING and CREATING take 70 seconds each.
    assert (build["startTime"], build["endTime"]) == ("2026-03-01T12:02:20.250Z", "2026-03-01T12:03:30.250Z")
    assert (test["startTime"], test["endTime"]) == ("2026-03-01T12:03:30.250Z", "2026-03-01T12:04:40.250Z")
    times = [(step["startTime"][14:19], step["endTime"][14:19]) for step in steps_of(client, build)]
    assert times == [
        ("02:20", "02:30"),
        ("02:30", "02:40"),
        ("02:40", "02:50"),
        ("02:50", "03:00"),
        ("03:00", "03:00"),
        ("03:10", "03:20"),
        ("03:20", "03:30"),
    ]


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_the_history_does_not_depend_on_how_the_build_went_on(
    client: Any, mocked: Control, clock: Clock, progression: Any
) -> None:
    mocked.progress(progression, seconds=60 if progression == "time" else None)
    arn = create_image(client)
    for _ in range(8):
        state_of(client, arn)
        clock(60)
    assert statuses(client, arn) == [
        ("BUILD", DONE, [DONE, DONE, DONE, DONE, "SKIPPED", DONE, DONE]),
        ("TEST", DONE, [DONE, "SKIPPED", "SKIPPED", DONE]),
    ]
    build, test = executions_of(client, arn)
    assert build["startTime"] <= build["endTime"] <= test["startTime"] <= test["endTime"]
    assert outputs_of(client, arn, "CreateOutputAMI")["imageId"] == output_amis(client, arn)[0]["image"]


@pytest.mark.usefixtures("recipe")
def test_a_cancelled_build(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to="TESTING")
    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert statuses(client, arn)[1] == ("TEST", "CANCELLED", ["CANCELLED", "PENDING", "PENDING", "PENDING"])
    build, test = executions_of(client, arn)
    assert build["status"] == DONE
    assert steps_of(client, test)[0]["endTime"] == test["endTime"]
    assert (test["totalStepsSucceeded"], test["totalStepsFailed"], test["totalStepsSkipped"]) == (0, 0, 0)


@pytest.mark.usefixtures("recipe")
def test_a_workflow_that_is_gone_when_its_stage_comes(client: Any, mocked: Control) -> None:
    workflow = create_workflow(client, "TEST", LAUNCH)
    mocked.progress("manual", times=1000)
    arn = build_with(client, managed_workflow("build/build-image"), workflow)
    client.delete_workflow(workflowBuildVersionArn=workflow)
    mocked.advance(arn, to="FAILED")
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"The following required resource 'Workflow' cannot be found: '{workflow}'.",
        "failureContext": {"imageStatus": "TESTING"},
    }
    assert [run["type"] for run in executions_of(client, arn)] == ["BUILD"]


@pytest.mark.usefixtures("recipe")
def test_a_workflow_that_is_deleted_afterwards_is_still_in_the_history(client: Any) -> None:
    workflow = create_workflow(client, "TEST", LAUNCH)
    arn = build_with(client, managed_workflow("build/build-image"), workflow)
    client.delete_workflow(workflowBuildVersionArn=workflow)
    assert executions_of(client, arn)[1]["workflowBuildVersionArn"] == workflow
    assert all_steps_of(client, arn)["Launch"]["action"] == "LaunchInstance"


# ---- parallel groups ----


@pytest.mark.usefixtures("recipe")
def test_parallel_groups(client: Any, mocked: Control, clock: Clock) -> None:
    first, second, third = (create_workflow(client, "TEST", LAUNCH, name=f"test-{n}") for n in (1, 2, 3))
    mocked.progress("time", seconds=60)
    arn = build_with(
        client,
        managed_workflow("build/build-image"),
        {"workflowArn": first, "parallelGroup": "Smoke"},
        {"workflowArn": second},
        {"workflowArn": third, "parallelGroup": "Smoke"},
    )
    clock(200)
    assert state_of(client, arn) == {"status": "TESTING"}
    # The group runs, the workflow that belongs to none comes after it.
    assert [(run.get("parallelGroup"), run["status"]) for run in executions_of(client, arn)[1:]] == [
        ("Smoke", "RUNNING"),
        ("Smoke", "RUNNING"),
    ]
    clock(100)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    runs = {run["workflowBuildVersionArn"]: run for run in executions_of(client, arn)}
    times = {arn: (run["startTime"][14:19], run["endTime"][14:19]) for arn, run in runs.items()}
    assert times[first] == times[third] == ("03:00", "03:30")
    assert times[second] == ("03:30", "04:00")
    assert "parallelGroup" not in runs[second]


@pytest.mark.usefixtures("recipe")
def test_every_execution_is_of_its_own_image(client: Any) -> None:
    images = [create_image(client), create_image(client)]
    of_images = [(arn, run["workflowExecutionId"]) for arn in images for run in executions_of(client, arn)]
    assert len({execution_id for _, execution_id in of_images}) == 4
    for arn, execution_id in of_images:
        assert client.get_workflow_execution(workflowExecutionId=execution_id)["imageBuildVersionArn"] == arn
