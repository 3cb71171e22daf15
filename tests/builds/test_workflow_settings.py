"""The workflows that images and pipelines name: rules for CreateImage, CreateImagePipeline and UpdateImagePipeline alike."""

from __future__ import annotations

from typing import Any

import pytest

from ..build_parts import ACCOUNT_BASE, EXECUTION_ROLE, MANAGED_BASE, create_pipeline, managed_workflow
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from ..resources.workflows import create_workflow, workflow_document
from .conftest import Ask

pytestmark = pytest.mark.usefixtures("build_parts")

BUILD = {"workflowArn": managed_workflow("build/build-image")}
EXPRESS_BUILD = {"workflowArn": managed_workflow("build/express-build-image")}
TEST = {"workflowArn": managed_workflow("test/test-image")}
DISTRIBUTE = {"workflowArn": managed_workflow("distribution/distribute-image")}

# ---- lists ----


@pytest.mark.parametrize(
    "workflows",
    [
        [],
        [BUILD],
        [TEST],
        [EXPRESS_BUILD, TEST, DISTRIBUTE],
        [{"workflowArn": managed_workflow("build/build-image-with-update-ssm-agent")}],
        [BUILD, {**TEST, "onFailure": "CONTINUE", "parallelGroup": "group-1"}, {**TEST, "onFailure": "ABORT"}],
        [BUILD] + [TEST] * 9,
    ],
)
def test_workflows_with_an_execution_role_are_accepted(ask: Ask, workflows: list[dict[str, str]]) -> None:
    ask(workflows=workflows, executionRole=EXECUTION_ROLE)


def test_workflows_need_an_execution_role(ask: Ask) -> None:
    with clashing("workflows", "An execution role is required to provide workflows"):
        ask(workflows=[BUILD])


def test_an_empty_list_of_workflows_needs_no_execution_role(ask: Ask) -> None:
    ask(workflows=[])


@pytest.mark.parametrize(
    ("workflows", "sentence"),
    [
        ([BUILD] + [TEST] * 10, "You can specify at most 10 workflows."),
        ([BUILD, BUILD], "You can specify at most one BUILD workflow."),
        ([BUILD, TEST, EXPRESS_BUILD], "You can specify at most one BUILD workflow."),
        ([DISTRIBUTE, DISTRIBUTE], "You can specify at most one DISTRIBUTION workflow."),
    ],
)
def test_a_list_of_workflows_has_limits(ask: Ask, workflows: list[dict[str, str]], sentence: str) -> None:
    with invalid("workflows", sentence):
        ask(workflows=workflows, executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize(
    ("workflow", "name", "type_"),
    [
        (BUILD, "onFailure", "BUILD"),
        (BUILD, "parallelGroup", "BUILD"),
        (DISTRIBUTE, "onFailure", "DISTRIBUTION"),
        (DISTRIBUTE, "parallelGroup", "DISTRIBUTION"),
    ],
)
def test_only_test_workflows_have_groups_and_failure_actions(
    ask: Ask, workflow: dict[str, str], name: str, type_: str
) -> None:
    with clashing(f"workflows[1].{name}", f"{name} applies to TEST workflows only, and this is a {type_} workflow."):
        ask(workflows=[TEST, {**workflow, name: "ABORT"}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize("version", ["1.0.3/1", "1.0.3", "1.0.x", "1.x.x", "x.0.0"])
def test_managed_workflows_are_taken_in_their_latest_version(ask: Ask, version: str) -> None:
    with invalid("workflows", "AWS managed workflows must have latest version 'x.x.x' for '{workflow_arn_str}'"):
        ask(workflows=[{"workflowArn": managed_workflow("build/build-image", version)}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize(
    "arn",
    [
        f"{MANAGED_BASE}:workflow/build/bake-image/x.x.x",
        f"{MANAGED_BASE}:workflow/test/build-image/x.x.x",
        "arn:aws:imagebuilder:us-west-2:aws:workflow/build/build-image/x.x.x",
        "arn:aws-cn:imagebuilder:us-east-1:aws:workflow/build/build-image/x.x.x",
        f"{MANAGED_BASE}-marketplace:workflow/build/build-image/x.x.x",
        f"{ACCOUNT_BASE}:workflow/build/build-image/x.x.x",
        f"{ACCOUNT_BASE}:workflow/test/smoke-test/1.0.0/2",
        f"{ACCOUNT_BASE}:workflow/test/smoke-test/1.0.1",
        f"{ACCOUNT_BASE}:workflow/test/smoke-test/2.x.x",
        f"{ACCOUNT_BASE}:workflow/build/smoke-test/1.0.0/1",
        "arn:aws:imagebuilder:us-west-2:123456789012:workflow/test/smoke-test/1.0.0/1",
        "arn:aws:imagebuilder:us-east-1:111122223333:workflow/test/smoke-test/1.0.0/1",
    ],
)
def test_a_workflow_exists(client: Any, ask: Ask, arn: str) -> None:
    create_workflow(client, "smoke-test", type="TEST")
    with not_found("Workflow", arn):
        ask(workflows=[{"workflowArn": arn}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize("version", ["1.0.0/1", "1.0.0", "1.0.x", "1.x.x", "x.x.x"])
def test_own_workflows_are_taken_in_any_version(client: Any, ask: Ask, version: str) -> None:
    create_workflow(client, "smoke-test", type="TEST")
    arn = f"{ACCOUNT_BASE}:workflow/test/smoke-test/{version}"
    ask(workflows=[BUILD, {"workflowArn": arn, "onFailure": "ABORT"}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize("version", ["x.0.0", "1.x.0", "x.x.0", "x.0.x"])
def test_right_of_a_wildcard_of_a_workflow_there_are_wildcards(ask: Ask, version: str) -> None:
    arn = f"{ACCOUNT_BASE}:workflow/test/smoke-test/{version}"
    with invalid("workflows[1].workflowArn", WILDCARD_NOT_LAST):
        ask(workflows=[BUILD, {"workflowArn": arn}], executionRole=EXECUTION_ROLE)


def test_the_type_of_a_workflow_counts_whoever_owns_it(client: Any, ask: Ask) -> None:
    own = {"workflowArn": create_workflow(client)}
    with invalid("workflows", "You can specify at most one BUILD workflow."):
        ask(workflows=[BUILD, own], executionRole=EXECUTION_ROLE)
    with clashing("workflows[0].onFailure", "onFailure applies to TEST workflows only, and this is a BUILD workflow."):
        ask(workflows=[{**own, "onFailure": "ABORT"}], executionRole=EXECUTION_ROLE)


def test_workflows_of_an_image_have_outputs_of_different_names(client: Any, ask: Ask) -> None:
    def gate(name: str, output: str) -> dict[str, str]:
        document = workflow_document(outputs=[{"name": output, "value": "$.stepOutputs.Wait.reason"}])
        return {"workflowArn": create_workflow(client, name, type="TEST", data=document)}

    gates = [gate("gate-1", "why"), gate("gate-2", "whyNot")]
    ask(workflows=[BUILD, *gates], executionRole=EXECUTION_ROLE)
    for workflows, name in (
        ([BUILD, *gates, gate("gate-3", "why")], "why"),
        ([BUILD, gate("gate-4", "ImageId")], "ImageId"),
        ([gates[1], gates[1]], "whyNot"),
    ):
        with invalid("workflows", f"The output name '{name}' must be unique across the workflows."):
            ask(workflows=workflows, executionRole=EXECUTION_ROLE)


# ---- parameters of workflows ----

PARAMETERS = [
    {"name": "topic"},
    {"name": "size", "type": "integer", "default": 16},
    {"name": "waits", "type": "boolean", "default": True},
    {"name": "regions", "type": "stringList", "default": []},
]


def with_parameters(client: Any, **values: list[str]) -> list[dict[str, Any]]:
    """A TEST workflow with :data:`PARAMETERS` behind one of Amazon's, and values for some of them."""
    arn = create_workflow(client, "gate", type="TEST", data=workflow_document(parameters=PARAMETERS))
    parameters = [{"name": name, "value": value} for name, value in values.items()]
    return [BUILD, {"workflowArn": arn, **({"parameters": parameters} if parameters else {})}]


@pytest.mark.parametrize(
    "values",
    [
        {"topic": ["t"]},
        {"topic": [""], "size": ["-1"], "waits": ["false"], "regions": []},
        {"topic": ["t" * 1024], "regions": ["us-east-1", "eu-west-1"]},
    ],
)
def test_workflows_get_values_for_their_parameters(client: Any, ask: Ask, values: dict[str, list[str]]) -> None:
    ask(workflows=with_parameters(client, **values), executionRole=EXECUTION_ROLE)


def test_a_parameter_without_default_needs_a_value(client: Any, ask: Ask) -> None:
    sentence = "The following parameters of the provided workflow require a value: topic"
    build, gate = with_parameters(client)
    for parameters in ({}, {"parameters": [{"name": "size", "value": ["1"]}]}):
        with clashing("workflows[1].parameters", sentence):
            ask(workflows=[build, {**gate, **parameters}], executionRole=EXECUTION_ROLE)


def test_a_workflow_has_no_other_parameters(client: Any, ask: Ask) -> None:
    sentence = "The following parameters are not defined in the provided workflow: Topic, other"
    with clashing("workflows[1].parameters", sentence):
        ask(
            workflows=with_parameters(client, topic=["t"], Topic=["t"], other=["x"]),
            executionRole=EXECUTION_ROLE,
        )
    sentence = "The following parameters are not defined in the provided workflow: waitFor"
    with clashing("workflows[0].parameters", sentence):
        ask(
            workflows=[{**TEST, "parameters": [{"name": "waitFor", "value": ["ssmAgent"]}]}],
            executionRole=EXECUTION_ROLE,
        )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"topic": []}, "The parameter 'topic' of type string requires exactly one value."),
        ({"topic": ["a", "b"]}, "The parameter 'topic' of type string requires exactly one value."),
        ({"topic": ["t" * 1025]}, "The value of parameter 'topic' can have at most 1024 characters."),
        ({"size": ["many"]}, "The value of parameter 'size' must be an integer."),
        ({"waits": ["maybe"]}, "The value of parameter 'waits' must be true or false."),
    ],
)
def test_values_have_the_type_of_their_parameter(
    client: Any, ask: Ask, values: dict[str, list[str]], sentence: str
) -> None:
    with invalid("workflows[1].parameters", sentence):
        ask(workflows=with_parameters(client, **{"topic": ["t"], **values}), executionRole=EXECUTION_ROLE)


def test_a_parameter_is_given_once(client: Any, ask: Ask) -> None:
    build, gate = with_parameters(client, topic=["t"])
    gate["parameters"] *= 2
    with invalid("workflows[1].parameters", "A parameter may be specified at most once"):
        ask(workflows=[build, gate], executionRole=EXECUTION_ROLE)


def test_an_image_shows_the_workflow_builds_that_were_used(client: Any) -> None:
    for version in ("1.9.0", "1.10.0"):
        create_workflow(client, "gate", type="TEST", semanticVersion=version)
    newest = create_workflow(client, "gate", type="TEST", semanticVersion="1.10.0", description="second build")
    create_workflow(client, "gate", type="TEST", semanticVersion="2.0.0")
    family = f"{ACCOUNT_BASE}:workflow/test/gate"
    asked = [BUILD, *({"workflowArn": f"{family}/{version}"} for version in ("1.x.x", "1.9.0", "x.x.x", "1.10.0/1"))]
    pipeline = create_pipeline(client, workflows=asked, executionRole=EXECUTION_ROLE)
    image = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
    used = client.get_image(imageBuildVersionArn=image)["image"]["workflows"]
    assert [entry["workflowArn"] for entry in used] == [
        managed_workflow("build/build-image", "1.0.3/1"),
        newest,
        f"{family}/1.9.0/1",
        f"{family}/2.0.0/1",
        f"{family}/1.10.0/1",
    ]
    assert client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]["workflows"] == asked
