"""Workflow documents: what Image Builder accepts, and the sentence of each refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.workflow import WorkflowDocument, WorkflowOutput, WorkflowStep
from mock_imagebuilder.imagebuilder.documents.workflow_conditions import Comparison
from mock_imagebuilder.imagebuilder.documents.workflow_parameters import WorkflowParameter

from . import sample_workflows
from .sample_workflows import SAMPLES
from .workflow_texts import INSTANCE, LAUNCH, RUN_FAILED, WAIT, a_step, parsed, refusal_of, with_steps

NAME_RULE = (
    "A name has 3 to 100 characters and begins with a letter. Allowed characters are combinations of numbers [0-9], "
    "english letters [a-z,A-Z] and special characters [-_]."
)


class TestAccepted:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_documents_as_people_write_them(self, name: str) -> None:
        workflow_type, text = SAMPLES[name]

        assert parsed(text, workflow_type).type == workflow_type

    def test_the_parts_of_a_document(self) -> None:
        document = parsed(sample_workflows.BUILD_WITH_APPROVAL)

        assert document.name == "build-with-approval"
        assert document.description == "Builds an AMI once somebody has looked at the instance."
        assert document.type == "BUILD"
        assert document.parameters == (
            WorkflowParameter("topicArn", "string", None, "Where the request for approval goes."),
            WorkflowParameter("asksForApproval", "boolean", True, None),
        )
        assert document.outputs == (WorkflowOutput("ImageId", "$.stepOutputs.CreateOutputAMI.imageId"),)
        launch, components, approve, _, _, terminate = document.steps
        assert launch == WorkflowStep(
            name="LaunchBuildInstance",
            action="LaunchInstance",
            description=None,
            inputs={"waitFor": "ssmAgent"},
            if_=None,
            on_failure="Abort",
            rollback_enabled=True,
            timeout_seconds=4500,
        )
        assert components.timeout_seconds == 3600
        assert approve.description == "Somebody has to agree."
        assert approve.if_ == Comparison("booleanEquals", True, "$.parameters.asksForApproval")
        assert (terminate.on_failure, terminate.rollback_enabled) == ("Continue", False)
        assert terminate.inputs == {
            "instanceId.$": "$.stepOutputs.LaunchBuildInstance.instanceId",
            "waitForTermination": True,
        }

    def test_the_smallest_document(self) -> None:
        step = WorkflowStep("Wait", "WaitForAction", None, {}, None, "Abort", True, 259200)
        smallest = WorkflowDocument(None, None, "BUILD", (), (step,), ())

        assert parsed(with_steps(WAIT)) == smallest
        assert parsed(with_steps({**WAIT, "inputs": None})) == smallest
        assert parsed(with_steps({**WAIT, "inputs": {}})) == smallest

    @pytest.mark.parametrize("version", [1, 1.0, "1.0"])
    def test_the_schema_version(self, version: object) -> None:
        parsed(with_steps(WAIT, schemaVersion=version))

    def test_empty_sections_are_none(self) -> None:
        document = parsed(with_steps(WAIT, parameters=None, outputs=None, name=None, description=None))

        assert (document.parameters, document.outputs, document.name) == ((), (), None)
        assert parsed(with_steps(WAIT, parameters=[], outputs=[])).outputs == ()

    def test_as_much_as_there_may_be(self) -> None:
        steps = [{**WAIT, "name": f"Wait{number}"} for number in range(15)]
        parameters = [{"name": f"p{number}"} for number in range(25)]
        outputs = [{"name": f"o{number}", "value": f"$.parameters.p{number}"} for number in range(25)]

        document = parsed(with_steps(*steps, parameters=parameters, outputs=outputs))

        assert [len(each) for each in (document.steps, document.parameters, document.outputs)] == [15, 25, 25]

    @pytest.mark.parametrize("name", ["Run", "run_1-a", "R" * 100])
    def test_step_names(self, name: str) -> None:
        assert parsed(with_steps({**WAIT, "name": name})).steps[0].name == name

    @pytest.mark.parametrize("enabled", [True, False, "$.parameters.rolls"])
    def test_rollback(self, enabled: object) -> None:
        text = with_steps({**WAIT, "rollbackEnabled": enabled}, parameters=[{"name": "rolls", "type": "boolean"}])

        assert parsed(text).steps[0].rollback_enabled == enabled


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "The document must be a map."),
            ("[]", "The document must be a map."),
            ("a: [", "The document is not valid YAML: "),
            ("steps: []", "Invalid schema version. Supported versions include: 1.0."),
            (with_steps(WAIT, schemaVersion=2), "Invalid schema version. Supported versions include: 1.0."),
            (with_steps(WAIT, schemaVersion=True), "Invalid schema version. Supported versions include: 1.0."),
            (with_steps(WAIT, phases=[]), "The document has the unknown key 'phases'."),
            (with_steps(WAIT, name=["x"]), "The 'name' of the document must be text, not a list."),
            (with_steps(WAIT, description={}), "The 'description' of the document must be text, not a map."),
            ("schemaVersion: 1.0", "The 'steps' of the document must be a list with at least one entry."),
            (with_steps(), "The 'steps' of the document must be a list with at least one entry."),
            (
                with_steps(*[{**WAIT, "name": f"Wait{n}"} for n in range(16)]),
                "A workflow can have at most 15 steps.",
            ),
            (with_steps("Wait"), "A step must be a map, not 'Wait'."),
            (with_steps(WAIT, LAUNCH, WAIT), "The step name 'Wait' is not unique in the document."),
        ],
    )
    def test_a_document(self, text: str, sentence: str) -> None:
        assert refusal_of(text).startswith(sentence)

    @pytest.mark.parametrize("name", ["", "ab", "1st", "_run", "-run", "a b c", "größe", "R" * 101, "a.b", 123, None])
    def test_a_step_name(self, name: object) -> None:
        shown = {123: "123", None: "null"}.get(name, f"'{name}'")  # type: ignore[call-overload]

        assert refusal_of(with_steps({**WAIT, "name": name})) == f"Invalid step name {shown}. {NAME_RULE}"

    @pytest.mark.parametrize(
        ("keys", "sentence"),
        [
            ({"maxAttempts": 2}, "The step has the unknown key 'maxAttempts'."),
            ({"action": None}, "The step requires text as 'action', not null."),
            ({"action": ["x"]}, "The step requires text as 'action', not a list."),
            ({"action": "ExecuteBash"}, "Unsupported action ExecuteBash."),
            ({"action": "waitForAction"}, "Unsupported action waitForAction."),
            ({"onFailure": "Ignore"}, "The 'onFailure' must be one of Abort, Continue, not 'Ignore'."),
            ({"onFailure": "abort"}, "The 'onFailure' must be one of Abort, Continue, not 'abort'."),
            ({"onFailure": []}, "The 'onFailure' must be one of Abort, Continue, not a list."),
            ({"description": ""}, "The 'description' must be text of 1 to 1024 characters."),
            ({"description": "x" * 1025}, "The 'description' must be text of 1 to 1024 characters."),
            ({"description": 1}, "The 'description' must be text of 1 to 1024 characters."),
            ({"rollbackEnabled": "yes"}, "The 'rollbackEnabled' must be true, false or a dynamic value, not 'yes'."),
            ({"rollbackEnabled": 1}, "The 'rollbackEnabled' must be true, false or a dynamic value, not 1."),
            (
                {"rollbackEnabled": "$.parameters.rolls"},
                "The dynamic value '$.parameters.rolls' refers to no parameter of the document.",
            ),
            ({"inputs": []}, "The 'inputs' of action WaitForAction must be a map."),
            ({"inputs": "x"}, "The 'inputs' of action WaitForAction must be a map."),
        ],
    )
    def test_a_step(self, keys: dict[str, Any], sentence: str) -> None:
        assert refusal_of(with_steps({**a_step("WaitForAction"), **keys})) == RUN_FAILED + sentence


class TestOutputs:
    @pytest.mark.parametrize(
        "value", [INSTANCE, "", "text", "from {{ $.stepOutputs.Launch.instanceId }}", "$.workflowOutputs.ImageId"]
    )
    def test_accepted(self, value: str) -> None:
        assert parsed(with_steps(LAUNCH, outputs=[{"name": "a-B_1", "value": value}])).outputs[0].value == value

    @pytest.mark.parametrize(
        ("outputs", "sentence"),
        [
            ({}, "The 'outputs' of the document must be a list of maps."),
            (["x"], "An output of the document must be a map."),
            ([{"name": "a", "value": "b", "type": "c"}], "An output of the document has the unknown key 'type'."),
            ([{"value": "b"}], "Invalid output name null. A name has numbers, english letters, '-' and '_'."),
            (
                [{"name": "a b", "value": "b"}],
                "Invalid output name 'a b'. A name has numbers, english letters, '-' and '_'.",
            ),
            ([{"name": "a", "value": "b"}] * 2, "The output name 'a' is not unique in the document."),
            ([{"name": "a"}], "The output 'a' requires text or a dynamic value as 'value'."),
            ([{"name": "a", "value": 1}], "The output 'a' requires text or a dynamic value as 'value'."),
            ([{"name": f"o{n}", "value": ""} for n in range(26)], "A workflow can have at most 25 outputs."),
            (
                [{"name": "a", "value": "$.stepOutputs.Create.imageId"}],
                "Parsing output 'a' failed. Error: The dynamic value '$.stepOutputs.Create.imageId' refers to no step "
                "of the document.",
            ),
            (
                [{"name": "a", "value": "x {{ $.parameters.p }}"}],
                "Parsing output 'a' failed. Error: The dynamic value '$.parameters.p' refers to no parameter of the "
                "document.",
            ),
        ],
    )
    def test_refused(self, outputs: object, sentence: str) -> None:
        assert refusal_of(with_steps(LAUNCH, outputs=outputs)) == sentence


class TestCombinations:
    """One workflow distributes AMIs or container images."""

    COPY = a_step("DistributeImage", name="Copy")
    SHARE = a_step(
        "ModifyImageAttributes", {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}, name="Share"
    )
    PUSH = a_step("DistributeContainerImage", {"instanceId": "i-0123456789abcdef0"}, name="Push")

    def test_either_is_accepted(self) -> None:
        parsed(with_steps(self.COPY, self.SHARE, WAIT), "DISTRIBUTION")
        parsed(with_steps(self.PUSH, WAIT), "DISTRIBUTION")

    def test_both_are_refused(self) -> None:
        for steps in ((self.COPY, self.PUSH), (self.PUSH, self.COPY), (self.COPY, self.SHARE, self.PUSH)):
            assert refusal_of(with_steps(*steps), "DISTRIBUTION") == (
                "Action DistributeContainerImage can't be combined with action DistributeImage in one workflow."
            )


def test_yaml_and_json_are_the_same() -> None:
    document = parsed(sample_workflows.GATED_DISTRIBUTION, "DISTRIBUTION")

    assert document.steps[1].inputs == {
        "distributions": [
            {"region": "us-east-1", "amiTags": {"Release": "approved"}},
            {
                "region.$": "$.parameters.regions[1]",
                "name": "golden-{{ imagebuilder:buildDate }}",
                "targetAccountIds": ["{{ $.parameters.accountId }}"],
            },
        ]
    }
    steps = [{"name": step.name, "action": step.action, "inputs": step.inputs} for step in document.steps[:2]]
    parameters = [{"name": "accountId"}, {"name": "regions", "type": "stringList"}]
    as_json = json.dumps({"schemaVersion": 1, "parameters": parameters, "steps": steps})
    assert parsed(as_json, "DISTRIBUTION").steps == document.steps[:2]
