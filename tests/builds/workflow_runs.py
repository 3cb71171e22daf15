"""Workflows with documents of one's own, builds that run them, and what has become of their steps."""

from __future__ import annotations

import json
from typing import Any

from ..build_parts import EXECUTION_ROLE
from ..images import create_image

Step = dict[str, Any]

#: The id of the instance that the step Launch has launched.
INSTANCE = {"instanceId.$": "$.stepOutputs.Launch.instanceId"}


def step(name: str, action: str, inputs: dict[str, Any] | None = None, **members: Any) -> Step:
    """A step of a workflow document. ``if_`` is its condition."""
    if "if_" in members:
        members["if"] = members.pop("if_")
    return {"name": name, "action": action, **({} if inputs is None else {"inputs": inputs}), **members}


LAUNCH = step("Launch", "LaunchInstance", {"waitFor": "ssmAgent"})
CREATE = step("Create", "CreateImage", INSTANCE)
TERMINATE = step("Terminate", "TerminateInstance", INSTANCE, onFailure="Continue")
WAIT = step("Wait", "WaitForAction")


def create_workflow(client: Any, type_: str, *steps: Step, name: str = "mine", **document: Any) -> str:
    """The ARN of a new workflow."""
    data = json.dumps({"schemaVersion": 1.0, "steps": steps, **document})
    answer = client.create_workflow(name=name, semanticVersion="1.0.0", type=type_, data=data)
    return str(answer["workflowBuildVersionArn"])


def build_with(client: Any, *workflows: str | dict[str, Any], **members: Any) -> str:
    """The ARN of an image that is built with these workflows: ARNs, or entries of the request."""
    entries = [{"workflowArn": entry} if isinstance(entry, str) else entry for entry in workflows]
    return create_image(client, workflows=entries, executionRole=EXECUTION_ROLE, **members)


def executions_of(client: Any, image: str) -> list[Any]:
    answer = client.list_workflow_executions(imageBuildVersionArn=image)
    assert answer["imageBuildVersionArn"] == image
    executions: list[Any] = answer["workflowExecutions"]
    return executions


def steps_of(client: Any, execution: Any) -> list[Any]:
    """The steps of an entry of :func:`executions_of`."""
    answer = client.list_workflow_step_executions(workflowExecutionId=execution["workflowExecutionId"])
    steps: list[Any] = answer["steps"]
    return steps


def all_steps_of(client: Any, image: str) -> dict[str, Any]:
    """The steps of all executions of an image, by name."""
    return {step["name"]: step for execution in executions_of(client, image) for step in steps_of(client, execution)}


def statuses(client: Any, image: str) -> list[tuple[str, str, list[str]]]:
    """Of every execution its type and status, and the statuses of its steps."""
    return [
        (execution["type"], execution["status"], [step["status"] for step in steps_of(client, execution)])
        for execution in executions_of(client, image)
    ]


def outputs_of(client: Any, image: str, name: str) -> Any:
    """What a step has left."""
    return json.loads(all_steps_of(client, image)[name]["outputs"])


def inputs_of(client: Any, image: str, name: str) -> Any:
    """What a step was given."""
    return json.loads(all_steps_of(client, image)[name]["inputs"])
