"""Dynamic values of workflow documents: what they can refer to, and what they stand for at run time."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.workflow import (
    resolve_inputs,
    resolve_outputs,
    resolve_rollback_enabled,
)
from mock_imagebuilder.imagebuilder.documents.workflow_actions import system_variables
from mock_imagebuilder.imagebuilder.documents.workflow_references import RunContext, UnresolvedValueError

from .workflow_texts import INSTANCE, LAUNCH, RUN_FAILED, WAIT, a_step, parsed, refusal_of, with_steps

PARAMETERS = [{"name": "topic"}, {"name": "groups", "type": "stringList"}, {"name": "rolls", "type": "boolean"}]
COMMAND = a_step("RunCommand", {"instanceId.$": INSTANCE, "documentName": "d"}, "Command")
COPY = a_step("DistributeImage", name="Copy")
FORM = "It must begin with one of $.imagebuilder, $.parameters, $.stepOutputs, $.workflowOutputs."


def document(inputs: dict[str, Any]) -> str:
    """A document whose step ``Run`` has these inputs, between other steps."""
    return with_steps(LAUNCH, COMMAND, COPY, a_step("WaitForAction", inputs), WAIT, parameters=PARAMETERS)


ACCEPTED = [
    "$.stepOutputs.Launch.instanceId",
    "$.stepOutputs.Launch.instanceType",
    "$.stepOutputs.Command.output",
    "$.stepOutputs.Command.output[0]",
    "$.stepOutputs.Copy.distributedImages[1].amiId",
    "$.parameters.topic",
    "$.parameters.groups[12]",
    "$.imagebuilder.securityGroups[0]",
    "$.imagebuilder.s3Logs.s3BucketName",
    "$.workflowOutputs.ImageId",
    "$.workflowOutputs.any-name_1[0].further",
]

REFUSED = {
    "$.": f"is not valid. {FORM}",
    "$.imageBuilder.platform": f"is not valid. {FORM}",
    "$.steps.Launch.instanceId": f"is not valid. {FORM}",
    "$.stepOutputs": "is not valid. It must be names and indexes, joined by dots.",
    "$.stepOutputs.": "is not valid. It must be names and indexes, joined by dots.",
    "$.stepOutputs.Launch": "is not valid. It must name a step and one of its outputs.",
    "$.stepOutputs.Launch[0]": "is not valid. It must name a step and one of its outputs.",
    "$.parameters[0]": f"is not valid. {FORM}",
    "$.parameters.[0]": "is not valid. It must be names and indexes, joined by dots.",
    "$.parameters.topic ": "is not valid. It must be names and indexes, joined by dots.",
    "$.parameters.a b": "is not valid. It must be names and indexes, joined by dots.",
    "$.stepOutputs.Command.output[-1]": "is not valid. It must be names and indexes, joined by dots.",
    "$.stepOutputs.Command.output[*]": "is not valid. It must be names and indexes, joined by dots.",
    f"$.stepOutputs.Command.output[{'1' * 5000}]": "is not valid. It must be names and indexes, joined by dots.",
    "$.stepOutputs.Missing.status": "refers to no step of the document.",
    "$.stepOutputs.launch.instanceId": "refers to no step of the document.",
    "$.stepOutputs.Run.reason": "refers to no step that comes before.",
    "$.stepOutputs.Wait.reason": "refers to no step that comes before.",
    "$.stepOutputs.Launch.imageId": "refers to no output of step 'Launch'.",
    "$.stepOutputs.Launch.instanceID": "refers to no output of step 'Launch'.",
    "$.stepOutputs.Launch.instanceId[0]": "is not valid. There is nothing below 'instanceId'.",
    "$.stepOutputs.Launch.instanceId.x": "is not valid. There is nothing below 'instanceId'.",
    "$.stepOutputs.Command.output.x": "is not valid. There is nothing below 'output'.",
    "$.stepOutputs.Command.output[0][0]": "is not valid. There is nothing below 'output'.",
    "$.parameters.missing": "refers to no parameter of the document.",
    "$.parameters.Topic": "refers to no parameter of the document.",
    "$.parameters.topic.x": "is not valid. There is nothing below 'topic'.",
    "$.imagebuilder.Platform": "refers to no system variable.",
    "$.imagebuilder.platform.x": "is not valid. There is nothing below 'platform'.",
}


class TestInDocuments:
    @pytest.mark.parametrize("path", [*ACCEPTED, *(f"$.imagebuilder.{name}" for name in system_variables())])
    def test_accepted(self, path: str) -> None:
        inputs = {"snsTopicArn.$": path, "payload": f'{{"a": "{{{{ {path} }}}}", "b": {{{{{path}}}}}}}'}
        step = "DISTRIBUTION"

        assert parsed(document(inputs), step).steps[3].inputs == inputs

    @pytest.mark.parametrize("path", REFUSED)
    def test_refused(self, path: str) -> None:
        inside = path.strip()
        for inputs in ({"snsTopicArn.$": path}, {"payload": f"see {{{{ {inside} }}}}"}):
            if path != inside and "payload" in inputs:
                continue
            sentence = f"The dynamic value '{path}' {REFUSED[path]}"
            assert refusal_of(document(inputs), "DISTRIBUTION") == RUN_FAILED + sentence

    @pytest.mark.parametrize(
        "text", ["{{ imagebuilder:buildDate }}", "{{ x }}", "{{{ $x }}}", "$5", "{ $.parameters.x }"]
    )
    def test_other_text_is_left_alone(self, text: str) -> None:
        parsed(document({"payload": text}), "DISTRIBUTION")

    @pytest.mark.parametrize(
        "value", ["arn:aws:sns:us-east-1:123456789012:t", "", "{{ topic }}", 5, True, ["$.parameters.topic"]]
    )
    def test_a_marked_input_is_dynamic(self, value: object) -> None:
        assert refusal_of(document({"snsTopicArn.$": value}), "DISTRIBUTION") == (
            f"{RUN_FAILED}The value of 'snsTopicArn.$' must be a dynamic value, such as '$.parameters.name'."
        )

    def test_a_marked_input_can_be_a_text_around_dynamic_values(self) -> None:
        parsed(document({"payload.$": '{"topic": "{{ $.parameters.topic }}"}'}), "DISTRIBUTION")

    def test_an_input_without_the_mark_is_not_dynamic(self) -> None:
        assert refusal_of(document({"snsTopicArn": "$.parameters.topic"}), "DISTRIBUTION") == (
            f"{RUN_FAILED}The dynamic value '$.parameters.topic' is only taken as one when the name of the input is "
            "'snsTopicArn.$'."
        )

    def test_in_a_list_they_stand_in_braces(self) -> None:
        def launch(entry: str) -> str:
            inputs = {"waitFor": "ssmAgent", "instanceTypesOverride": ["m7i.large", entry]}
            return with_steps(a_step("LaunchInstance", inputs), parameters=PARAMETERS)

        parsed(launch("{{ $.parameters.topic }}"))
        assert refusal_of(launch("$.parameters.topic")) == (
            f"{RUN_FAILED}The dynamic value '$.parameters.topic' is only taken as one when it stands in double curly "
            "braces."
        )

    def test_the_first_mistake_is_told(self) -> None:
        inputs = {"lambdaFunctionName": "{{ $.parameters.b }} {{ $.parameters.a }}", "payload": "{{ $.parameters.c }}"}

        assert "'$.parameters.b'" in refusal_of(document(inputs), "DISTRIBUTION")


CONTEXT = RunContext(
    imagebuilder={"imageName": "golden", "securityGroups": ["sg-1", "sg-2"], "s3Logs": {"s3BucketName": "logs"}},
    parameters={"topic": "t", "groups": ["a", "b"], "rolls": False, "size": 16},
    step_outputs={
        "Launch": {"instanceId": "i-0123456789abcdef0"},
        "Copy": {"distributedImages": [{"region": "us-east-1", "amiId": "ami-1"}]},
    },
    workflow_outputs={"ImageId": "ami-0"},
)


class TestAtRunTime:
    @staticmethod
    def resolved(inputs: dict[str, Any], action: str = "WaitForAction") -> dict[str, object]:
        parameters = [*PARAMETERS, {"name": "size", "type": "integer"}]
        step = parsed(with_steps(LAUNCH, COPY, a_step(action, inputs), parameters=parameters), "DISTRIBUTION").steps[2]
        assert step.inputs == inputs
        return resolve_inputs(step, CONTEXT)

    @pytest.mark.parametrize(
        ("given", "resolved"),
        [
            ({"payload": "plain {{ imagebuilder:buildDate }}"}, {"payload": "plain {{ imagebuilder:buildDate }}"}),
            ({"snsTopicArn.$": "$.parameters.topic"}, {"snsTopicArn": "t"}),
            ({"snsTopicArn.$": INSTANCE}, {"snsTopicArn": "i-0123456789abcdef0"}),
            ({"snsTopicArn.$": "$.parameters.size"}, {"snsTopicArn": 16}),
            ({"snsTopicArn.$": "$.imagebuilder.securityGroups"}, {"snsTopicArn": ["sg-1", "sg-2"]}),
            ({"snsTopicArn.$": "$.imagebuilder.s3Logs.s3BucketName"}, {"snsTopicArn": "logs"}),
            ({"snsTopicArn.$": "$.stepOutputs.Copy.distributedImages[0].amiId"}, {"snsTopicArn": "ami-1"}),
            (
                {"payload": "{{ $.workflowOutputs.ImageId }}, {{$.parameters.size}}, {{ $.parameters.rolls }}"},
                {"payload": "ami-0, 16, false"},
            ),
            (
                {"payload.$": '{"groups": {{ $.parameters.groups }}, "name": "{{ $.imagebuilder.imageName }}"}'},
                {"payload": '{"groups": ["a", "b"], "name": "golden"}'},
            ),
            ({"payload": None}, {"payload": None}),
        ],
    )
    def test_inputs(self, given: dict[str, Any], resolved: dict[str, object]) -> None:
        assert self.resolved(given) == resolved

    def test_inputs_below_the_surface(self) -> None:
        given = {
            "distributions": [
                {
                    "region.$": "$.parameters.topic",
                    "amiTags": {"Build.$": "$.imagebuilder.imageName", "Plain": "x", "Text": "{{ $.parameters.size }}"},
                    "targetAccountIds": ["{{ $.parameters.groups[1] }}", "c"],
                }
            ]
        }
        assert self.resolved(given, "DistributeImage") == {
            "distributions": [
                {
                    "region": "t",
                    "amiTags": {"Build": "golden", "Plain": "x", "Text": "16"},
                    "targetAccountIds": ["b", "c"],
                }
            ]
        }

    @pytest.mark.parametrize(
        "path",
        [
            "$.stepOutputs.Launch.instanceType",
            "$.stepOutputs.Copy.distributedImages[1]",
            "$.stepOutputs.Copy.distributedImages[0].status",
            "$.workflowOutputs.Missing",
            "$.workflowOutputs.ImageId.x",
            "$.workflowOutputs.ImageId[0]",
            "$.imagebuilder.platform",
        ],
    )
    def test_what_has_no_value(self, path: str) -> None:
        for inputs in ({"snsTopicArn.$": path}, {"payload": f"x {{{{ {path} }}}}"}):
            with pytest.raises(UnresolvedValueError) as unresolved:
                self.resolved(inputs)
            assert unresolved.value.args == (f"The dynamic value '{path}' has no value.",)

    def test_values_are_never_read_twice(self) -> None:
        context = RunContext(parameters={"topic": "{{ $.parameters.size }} $.parameters.size", "size": 1})
        step = parsed(
            with_steps(a_step("WaitForAction", {"payload": "{{ $.parameters.topic }}"}), parameters=PARAMETERS)
        )

        assert resolve_inputs(step.steps[0], context) == {"payload": "{{ $.parameters.size }} $.parameters.size"}

    @pytest.mark.parametrize(
        ("given", "enabled"), [(None, True), (True, True), (False, False), ("$.parameters.rolls", False)]
    )
    def test_rollback(self, given: object, enabled: bool) -> None:
        step = parsed(with_steps({**WAIT, "rollbackEnabled": given}, parameters=PARAMETERS)).steps[0]

        assert resolve_rollback_enabled(step, CONTEXT) is enabled

    def test_outputs(self) -> None:
        values = {
            "instance": INSTANCE,
            "groups": "$.parameters.groups",
            "text": "built {{ $.imagebuilder.imageName }}",
            "plain": "x",
            "skipped": "$.stepOutputs.Command.status",
            "skippedText": "it was {{ $.stepOutputs.Command.status }}",
        }
        outputs = [{"name": name, "value": value} for name, value in values.items()]

        assert resolve_outputs(
            parsed(with_steps(LAUNCH, COMMAND, parameters=PARAMETERS, outputs=outputs)), CONTEXT
        ) == {
            "instance": "i-0123456789abcdef0",
            "groups": ["a", "b"],
            "text": "built golden",
            "plain": "x",
        }
