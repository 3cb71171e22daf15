"""The step actions of workflow documents: their stages, time-outs, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.workflow_actions import workflow_action

from .workflow_texts import INSTANCE, LAUNCH, RUN_FAILED, WAIT, a_step, parsed, refusal_of, with_input, with_steps

ALL = ("BUILD", "TEST", "DISTRIBUTION")
MINUTES = 60
HOURS = 3600
DAYS = 86400
ON_INSTANCE = {"instanceId.$": INSTANCE}
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:checks"
COPIES = {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}

#: By action: the workflow types, the default time-out and the longest in seconds, the least inputs, the outputs.
ACTIONS: dict[str, tuple[tuple[str, ...], int, int, dict[str, Any] | None, set[str]]] = {
    "LaunchInstance": (ALL, 75 * MINUTES, 12 * HOURS, {"waitFor": "ssmAgent"}, {"instanceId", "instanceType"}),
    "BootstrapInstanceForContainer": (
        ALL, 60 * MINUTES, 12 * HOURS, ON_INSTANCE, {"runCommandId", "status", "output"},
    ),
    "ExecuteComponents": (
        ("BUILD", "TEST"), 12 * HOURS, 24 * HOURS, ON_INSTANCE, {"runCommandId", "status", "output"},
    ),
    "CollectImageMetadata": (ALL, 30 * MINUTES, 12 * HOURS, ON_INSTANCE, {"osVersion", "associationId"}),
    "CollectImageScanFindings": (
        ("TEST",), 120 * MINUTES, 12 * HOURS, ON_INSTANCE, {"runCommandId", "status", "output"},
    ),
    "SanitizeInstance": (ALL, 60 * MINUTES, 12 * HOURS, ON_INSTANCE, {"runCommandId", "status", "output"}),
    "RunSysPrep": (ALL, 60 * MINUTES, 12 * HOURS, ON_INSTANCE, {"runCommandId", "status", "output"}),
    "CreateImage": (ALL, 12 * HOURS, 3 * DAYS, ON_INSTANCE, {"imageId"}),
    "CreateImageFromIso": (ALL, 12 * HOURS, 12 * HOURS, ON_INSTANCE, {"amiName", "snapshotId", "architecture"}),
    "RegisterImage": (ALL, 540 * MINUTES, 12 * HOURS, None, {"imageId"}),
    "RunCommand": (
        ALL, 12 * HOURS, 12 * HOURS, {**ON_INSTANCE, "documentName": "AWS-RunShellScript"},
        {"runCommandId", "status", "output"},
    ),
    "WaitForSSMAgent": (ALL, 60 * MINUTES, 3 * HOURS, ON_INSTANCE, {"status"}),
    "WaitForAction": (ALL, 3 * DAYS, 7 * DAYS, None, {"action", "reason"}),
    "ExecuteStateMachine": (
        ALL, 6 * HOURS, 24 * HOURS, {"stateMachineArn": STATE_MACHINE}, {"executionArn", "output", "status"},
    ),
    "TerminateInstance": (ALL, 30 * MINUTES, 12 * HOURS, ON_INSTANCE, set()),
    "DistributeImage": (("DISTRIBUTION",), 6 * HOURS, 12 * HOURS, None, {"distributedImages"}),
    "ModifyImageAttributes": (("DISTRIBUTION",), 120 * MINUTES, 3 * HOURS, COPIES, {"modifiedImages"}),
    "ApplyImageConfigurations": (("DISTRIBUTION",), 6 * HOURS, 12 * HOURS, COPIES, {"configuredImages"}),
    "DistributeContainerImage": (
        ("DISTRIBUTION",), 120 * MINUTES, 12 * HOURS, ON_INSTANCE, {"status", "succeededRegions", "failedRegions"},
    ),
}  # fmt: skip


def with_action(action: str, inputs: Mapping[str, object] | None, **keys: Any) -> str:
    """A document with a step ``Run`` after the steps that its inputs refer to."""
    before = [LAUNCH] if inputs != COPIES else [a_step("DistributeImage", name="Copy")]
    return with_steps(*before, a_step(action, inputs, **keys))


@pytest.mark.parametrize("action", ACTIONS)
class TestActions:
    @pytest.mark.parametrize("workflow_type", ALL)
    def test_an_action_belongs_to_stages(self, action: str, workflow_type: str) -> None:
        types, _, _, inputs, outputs = ACTIONS[action]
        text = with_action(action, inputs)
        if workflow_type in types:
            assert parsed(text, workflow_type).steps[-1].action == action
            assert workflow_action(action, workflow_type).outputs.keys() == outputs
        elif inputs != COPIES:
            sentence = f"Unsupported action {action} for workflow type {workflow_type}."
            assert refusal_of(text, workflow_type) == RUN_FAILED + sentence

    def test_the_time_out(self, action: str) -> None:
        types, default, longest, inputs, _ = ACTIONS[action]
        given = {None: default, 1: 1, longest: longest}
        for seconds, used in given.items():
            document = parsed(with_action(action, inputs, timeoutSeconds=seconds), types[0])
            assert document.steps[-1].timeout_seconds == used
        for wrong, shown in ((longest + 1, str(longest + 1)), (0, "0"), (-1, "-1"), ("60", "'60'"), (True, "True")):
            assert refusal_of(with_action(action, inputs, timeoutSeconds=wrong), types[0]) == (
                f"{RUN_FAILED}The 'timeoutSeconds' of action {action} must be an integer from 1 to {longest}, "
                f"not {shown}."
            )

    def test_required_inputs(self, action: str) -> None:
        types, _, _, inputs, _ = ACTIONS[action]
        for missing in inputs or {}:
            name = missing.removesuffix(".$")
            others = {key: value for key, value in (inputs or {}).items() if key != missing}
            sentence = f"Action {action} requires the input '{name}'."
            nothing = f"Action {action} has no inputs; it requires an 'inputs'"
            text = with_steps(LAUNCH, a_step(action, others))
            assert refusal_of(text, types[0]) == RUN_FAILED + (sentence if others else nothing)
            assert refusal_of(with_steps(LAUNCH, a_step(action)), types[0]) == RUN_FAILED + nothing
            assert refusal_of(with_steps(LAUNCH, a_step(action, {**others, name: None})), types[0]) == (
                RUN_FAILED + sentence
            )

    def test_other_inputs(self, action: str) -> None:
        types, _, _, inputs, _ = ACTIONS[action]
        for name, key in (("color", "color"), ("color", "color.$"), ("InstanceId", "InstanceId")):
            text = with_steps(LAUNCH, a_step(action, {**(inputs or {}), key: "red"}))
            assert refusal_of(text, types[0]) == f"{RUN_FAILED}Action {action} does not support the input '{name}'."


class TestValues:
    @pytest.mark.parametrize(
        ("action", "inputs"),
        [
            ("LaunchInstance", {"waitFor": "ssmAgent", "healthCheck": "STATUS_CHECK_PASSED"}),
            ("LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": "ami-12345678"}),
            ("LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": "ami-0123456789abcdef0"}),
            ("LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride.$": "$.workflowOutputs.ImageId"}),
            ("LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": "{{ $.workflowOutputs.ImageId }}"}),
            ("LaunchInstance", {"waitFor": "{{ $.imagebuilder.platform }}", "healthCheck": None}),
            ("CreateImage", {"instanceId": "i-0123456789abcdef0"}),
            ("CreateImage", {"instanceId": "anything"}),
            ("TerminateInstance", {**ON_INSTANCE, "waitForTermination": False}),
            ("TerminateInstance", {**ON_INSTANCE, "waitForTermination.$": "$.imagebuilder.terminateInstanceOnFailure"}),
            (
                "RunCommand",
                {
                    **ON_INSTANCE,
                    "documentName": "d",
                    "documentVersion": "$DEFAULT",
                    "parameters": {"a": ["b"], "c": []},
                },
            ),
            (
                "RunCommand",
                {**ON_INSTANCE, "documentName": "d", "parameters": {"groups.$": "$.imagebuilder.securityGroups"}},
            ),
            ("WaitForAction", {"snsTopicArn": "t", "lambdaFunctionName": "f", "payload": "no JSON at all"}),
            ("WaitForAction", {"payload": "x" * 16384}),
            ("ExecuteStateMachine", {"stateMachineArn": STATE_MACHINE, "input": '{"a": [1]}'}),
            ("ExecuteStateMachine", {"stateMachineArn": f"{STATE_MACHINE}:prod", "input": "{}"}),
            ("ExecuteStateMachine", {"stateMachineArn": STATE_MACHINE, "input": "[{{ $.imagebuilder.imageName }}]"}),
            ("ExecuteStateMachine", {"stateMachineArn.$": "$.imagebuilder.imageName"}),
            (
                "RegisterImage",
                {
                    "architecture": "arm64",
                    "bootMode": "uefi-preferred",
                    "virtualizationType": "hvm",
                    "imdsSupport": "v2.0",
                    "tpmSupport": "v2.0",
                    "enaSupport": True,
                    "includeSnapshotTags": False,
                    "blockDeviceMapping": [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId.$": INSTANCE}}],
                },
            ),
        ],
    )
    def test_accepted(self, action: str, inputs: dict[str, Any]) -> None:
        assert parsed(with_input(inputs, action)).steps[-1].inputs == inputs

    @pytest.mark.parametrize(
        ("action", "inputs", "sentence"),
        [
            (
                "LaunchInstance",
                {"waitFor": "boot"},
                "The input 'waitFor' of action LaunchInstance must be one of ssmAgent.",
            ),
            ("LaunchInstance", {"waitFor": True}, "The input 'waitFor' of action LaunchInstance must be text."),
            (
                "LaunchInstance",
                {"waitFor": "ssmAgent", "healthCheck": "running"},
                "The input 'healthCheck' of action LaunchInstance must be one of RUNNING, STATUS_CHECK_PASSED.",
            ),
            *(
                (
                    "LaunchInstance",
                    {"waitFor": "ssmAgent", "imageIdOverride": image_id},
                    "The input 'imageIdOverride' of action LaunchInstance must be the ID of an AMI.",
                )
                for image_id in ("ami-123", "ami-123456789", "ami-ABCDEF12", "x", "ami-12345678\n")
            ),
            (
                "LaunchInstance",
                {"waitFor": "ssmAgent", "instanceTypesOverride": "m7i.large"},
                "The input 'instanceTypesOverride' of action LaunchInstance must be a list with at least one entry.",
            ),
            (
                "LaunchInstance",
                {"waitFor": "ssmAgent", "instanceTypesOverride": []},
                "The input 'instanceTypesOverride' of action LaunchInstance must be a list with at least one entry.",
            ),
            (
                "LaunchInstance",
                {"waitFor": "ssmAgent", "instanceTypesOverride": ["m7i.large", 5]},
                "The input 'instanceTypesOverride[1]' of action LaunchInstance must be text.",
            ),
            ("CreateImage", {"instanceId": 5}, "The input 'instanceId' of action CreateImage must be text."),
            (
                "CreateImage",
                {**ON_INSTANCE, "instanceId": "i-0123456789abcdef0"},
                "Action CreateImage has the input 'instanceId' twice, with '.$' and without.",
            ),
            (
                "TerminateInstance",
                {**ON_INSTANCE, "waitForTermination": "true"},
                "The input 'waitForTermination' of action TerminateInstance must be true or false.",
            ),
            *(
                (
                    "RunCommand",
                    {**ON_INSTANCE, "documentName": "d", "parameters": parameters},
                    "The input 'parameters' of action RunCommand must be a map of lists of texts.",
                )
                for parameters in ({"a": "b"}, {"a": [1]}, ["a"], "a")
            ),
            (
                "WaitForAction",
                {"payload": "ß" * 8193},
                "The input 'payload' of action WaitForAction must be text of at most 16384 bytes.",
            ),
            ("WaitForAction", {"payload": {}}, "The input 'payload' of action WaitForAction must be text."),
            *(
                (
                    "ExecuteStateMachine",
                    {"stateMachineArn": STATE_MACHINE, "input": given},
                    "The input 'input' of action ExecuteStateMachine must be a JSON text.",
                )
                for given in ("", "{", "no JSON", "[" * 10000)
            ),
            (
                "ExecuteStateMachine",
                {"stateMachineArn": "checks"},
                "The input 'stateMachineArn' of action ExecuteStateMachine must be the ARN of a state machine.",
            ),
            (
                "RegisterImage",
                {"architecture": "x86"},
                "The input 'architecture' of action RegisterImage must be one of i386, x86_64, arm64, x86_64_mac, "
                "arm64_mac.",
            ),
            (
                "RegisterImage",
                {"blockDeviceMapping": ["/dev/sda1"]},
                "The input 'blockDeviceMapping[0]' of action RegisterImage must be a map.",
            ),
        ],
    )
    def test_refused(self, action: str, inputs: dict[str, Any], sentence: str) -> None:
        assert refusal_of(with_input(inputs, action)) == RUN_FAILED + sentence


class TestDistribution:
    """Inputs of the actions that distribute AMIs: lists with one entry for each Region."""

    @staticmethod
    def _document(action: str, inputs: dict[str, Any]) -> str:
        return with_steps(a_step("DistributeImage", name="Copy"), WAIT, a_step(action, inputs))

    @pytest.mark.parametrize(
        ("action", "inputs"),
        [
            (
                "DistributeImage",
                {
                    "distributions": [
                        {
                            "region": "eu-west-1",
                            "name": "golden {{ imagebuilder:buildDate }}",
                            "description": "d",
                            "targetAccountIds": ["123456789012"],
                            "amiTags": {f"key{number}": "v" for number in range(50)},
                            "kmsKeyId": "alias/golden",
                        },
                        {"region.$": "$.stepOutputs.Wait.reason"},
                    ]
                },
            ),
            (
                "ModifyImageAttributes",
                {
                    **COPIES,
                    "attributes": [
                        {
                            "region": "eu-west-1",
                            "launchPermission": {
                                "userIds": ["{{ $.stepOutputs.Wait.reason }}"],
                                "userGroups": ["all"],
                                "organizationArns": ["o"],
                                "organizationalUnitArns": ["ou"],
                            },
                        }
                    ],
                },
            ),
            (
                "ApplyImageConfigurations",
                {
                    **COPIES,
                    "configurations": [
                        {
                            "region": "eu-west-1",
                            "licenseConfigurationArns": ["l"],
                            "launchTemplateConfigurations": [{"launchTemplateId": "lt", "accountId": "a"}],
                            "s3ExportConfiguration": {"roleName": "r", "diskImageFormat": "RAW", "s3Bucket": "b"},
                            "fastLaunchConfigurations": [
                                {
                                    "enabled": True,
                                    "snapshotConfiguration": {"targetResourceCount": 5},
                                    "maxParallelLaunches": 6,
                                    "launchTemplate": {"launchTemplateName": "n", "launchTemplateVersion": "1"},
                                }
                            ],
                            "ssmParameterConfigurations": [{"parameterName": "/a", "dataType": "text"}],
                        },
                        {
                            "region": "us-east-1",
                            "s3ExportConfiguration": [
                                {"roleName": "r", "diskImageFormat": "VHD", "s3Bucket": "b", "s3Prefix": "p"}
                            ],
                            "ssmParameterConfigurations": {"parameterName": "/a", "amiAccountId": "123456789012"},
                        },
                    ],
                },
            ),
        ],
    )
    def test_accepted(self, action: str, inputs: dict[str, Any]) -> None:
        parsed(self._document(action, inputs), "DISTRIBUTION")

    @pytest.mark.parametrize(
        ("action", "inputs", "sentence"),
        [
            ("DistributeImage", {"distributions": {}}, "'distributions' {} must be a list with at least one entry."),
            ("DistributeImage", {"distributions": []}, "'distributions' {} must be a list with at least one entry."),
            ("DistributeImage", {"distributions": ["eu-west-1"]}, "'distributions[0]' {} must be a map."),
            ("DistributeImage", {"distributions": [{"region": "e"}, {}]}, "requires 'distributions[1].region'"),
            ("DistributeImage", {"distributions": [{"region": ""}]}, "'distributions[0].region' {} must be the name of a "
             "Region."),
            ("DistributeImage", {"distributions": [{"region": "e", "tags": {}}]}, "does not support "
             "'distributions[0].tags'"),
            ("DistributeImage", {"distributions": [{"region": "e", "amiTags": {f"{n}": "v" for n in range(51)}}]},
             "'distributions[0].amiTags' {} must be a map of at most 50 texts."),
            ("DistributeImage", {"distributions": [{"region": "e", "amiTags": {"version": 1}}]},
             "'distributions[0].amiTags' {} must be a map of at most 50 texts."),
            ("DistributeImage", {"distributions": [{"region": "e", "targetAccountIds": [123456789012]}]},
             "'distributions[0].targetAccountIds[0]' {} must be text."),
            ("ModifyImageAttributes", {**COPIES, "attributes": [{"region": "e", "launchPermission": []}]},
             "'attributes[0].launchPermission' {} must be a map."),
            ("ModifyImageAttributes", {**COPIES, "attributes": [{"region": "e", "launchPermission": {"users": []}}]},
             "does not support 'attributes[0].launchPermission.users'"),
            ("ApplyImageConfigurations",
             {**COPIES, "configurations": [{"region": "e", "s3ExportConfiguration": {"roleName": "r"}}]},
             "requires 'configurations[0].s3ExportConfiguration.diskImageFormat'"),
            ("ApplyImageConfigurations",
             {**COPIES, "configurations": [{"region": "e", "ssmParameterConfigurations": [{"parameterName": "p",
              "dataType": "ami"}]}]},
             "'configurations[0].ssmParameterConfigurations[0].dataType' {} must be one of text, aws:ec2:image."),
            ("ApplyImageConfigurations",
             {**COPIES, "configurations": [{"region": "e", "fastLaunchConfigurations": [{"enabled": True,
              "maxParallelLaunches": True}]}]},
             "'configurations[0].fastLaunchConfigurations[0].maxParallelLaunches' {} must be an integer."),
        ],
    )  # fmt: skip
    def test_refused(self, action: str, inputs: dict[str, Any], sentence: str) -> None:
        verb, _, name = sentence.partition(" '")
        if verb in ("requires", "does not support"):
            expected = f"Action {action} {verb} the input '{name}."
        else:
            expected = f"The input {sentence.format(f'of action {action}')}"
        assert refusal_of(self._document(action, inputs), "DISTRIBUTION") == RUN_FAILED + expected

    @pytest.mark.parametrize("action", ["ModifyImageAttributes", "ApplyImageConfigurations"])
    @pytest.mark.parametrize(
        ("inputs", "sentence"),
        [
            (
                {"distributedImages": []},
                "The input 'distributedImages' of action {} must be the output of an earlier step, so that its name "
                "ends with '.$'.",
            ),
            (
                {"distributedImages.$": "$.imagebuilder.securityGroups"},
                "The input 'distributedImages.$' of action {} must begin with $.stepOutputs.",
            ),
            (
                {"distributedImages.$": "{{ $.stepOutputs.Copy.distributedImages }}"},
                "The input 'distributedImages.$' of action {} must begin with $.stepOutputs.",
            ),
            (
                {"distributedImages.$": "$.stepOutputs.Wait.reason"},
                "The input 'distributedImages.$' of action {} must be the output 'distributedImages' of a step.",
            ),
        ],
    )
    def test_images_come_from_an_earlier_step(self, action: str, inputs: dict[str, Any], sentence: str) -> None:
        assert refusal_of(self._document(action, inputs), "DISTRIBUTION") == RUN_FAILED + sentence.format(action)
