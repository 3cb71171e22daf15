"""Component documents: what Image Builder accepts, and the sentence of each refusal."""

from __future__ import annotations

import copy
import json

import pytest

from mock_imagebuilder.imagebuilder.documents.component import (
    ComponentDocument,
    Phase,
    Step,
    parse_component_document,
)

from . import sample_components
from .component_texts import ALLOWED, BASH, RUN_FAILED, a_step, refusal_of, with_steps
from .sample_components import SAMPLES


class TestAccepted:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_documents_as_people_write_them(self, name: str) -> None:
        platform, type_, text = SAMPLES[name]

        assert parse_component_document(text, platform).type == type_

    def test_the_parts_of_a_document(self) -> None:
        document = parse_component_document(sample_components.DOWNLOAD_FROM_S3, "Linux")

        assert document.name is None
        assert document.description is None
        assert document.parameters == ()
        assert [phase.name for phase in document.phases] == ["build"]
        download, run, upload, _ = document.phases[0].steps
        assert download == Step(
            name="Download",
            action="S3Download",
            timeout_seconds=7200,
            on_failure="Abort",
            max_attempts=1,
            inputs=[
                {
                    "source": "s3://example-artifacts/releases/*",
                    "destination": "/opt/example/",
                    "expectedBucketOwner": 123456789012,
                    "overwrite": True,
                },
                {"source": "s3://example-artifacts/install.sh", "destination": "/tmp/install.sh"},
            ],
        )
        assert run.on_failure == "Continue"
        assert upload.on_failure == "Ignore"

    def test_what_a_step_sets_itself(self) -> None:
        step = a_step("ExecuteBash", {"commands": ["uptime"]}, timeoutSeconds=-1, onFailure="Ignore", maxAttempts=4)

        document = parse_component_document(with_steps(step, name="Uptime", description="How long"), "Linux")

        assert document == ComponentDocument(
            name="Uptime",
            description="How long",
            type="BUILD",
            phases=(Phase("build", (Step("Run", "ExecuteBash", -1, "Ignore", 4, {"commands": ["uptime"]}),)),),
            parameters=(),
        )

    def test_null_stands_for_a_key_that_is_not_given(self) -> None:
        nothing = dict.fromkeys(["timeoutSeconds", "onFailure", "maxAttempts", "loop", "if", "inputs"])
        empty = dict.fromkeys(["name", "description", "parameters", "constants"])

        document = parse_component_document(with_steps(a_step("UpdateOS", **nothing), **empty), "Linux")

        assert document.phases[0].steps == (Step("Run", "UpdateOS", 7200, "Abort", 1, None),)

    def test_a_nested_document_has_no_time_limit(self) -> None:
        step = a_step("ExecuteDocument", {"document": "s3://bucket/document.yaml"}, timeoutSeconds=-1, maxAttempts=1)
        for each in (step, a_step("ExecuteDocument", step["inputs"])):
            document = parse_component_document(with_steps(each), "Linux")
            assert document.phases[0].steps[0].timeout_seconds == -1

    @pytest.mark.parametrize(
        ("phases", "type_"),
        [
            (["test"], "TEST"),
            (["build"], "BUILD"),
            (["validate"], "BUILD"),
            (["build", "test"], "BUILD"),
            (["test", "container-host-test"], "BUILD"),
            (["test", "my-local_phase"], "BUILD"),
        ],
    )
    def test_only_a_single_test_phase_makes_a_test_component(self, phases: list[str], type_: str) -> None:
        text = json.dumps({"schemaVersion": "1.0", "phases": [{"name": name, "steps": [BASH]} for name in phases]})

        assert parse_component_document(text, "Linux").type == type_

    @pytest.mark.parametrize("version", ["1.0", "'1.0'", '"1.0"', "1", "1.00", "!!str 1.0"])
    def test_schema_version_as_a_number_or_text(self, version: str) -> None:
        text = sample_components.TEST_ONLY.replace("schemaVersion: 1.0", f"schemaVersion: {version}")

        assert parse_component_document(text, "Linux").name == "Smoke test"


class TestDocumentRefusals:
    @pytest.mark.parametrize("version", ["", "2.0", "1.1", "'1'", "true", "[1.0]", "{}", ".nan", "v1.0"])
    def test_another_schema_version(self, version: str) -> None:
        text = sample_components.TEST_ONLY.replace("schemaVersion: 1.0", f"schemaVersion: {version}")

        assert refusal_of(text) == "Invalid schema version. Supported versions include: 1.0."

    def test_no_schema_version(self) -> None:
        text = sample_components.TEST_ONLY.replace("schemaVersion: 1.0", "")

        assert refusal_of(text) == "Invalid schema version. Supported versions include: 1.0."

    @pytest.mark.parametrize("text", ["", "---", "text", "[]", "5"])
    def test_no_map(self, text: str) -> None:
        assert refusal_of(text) == "The document must be a map."

    def test_no_yaml(self) -> None:
        assert refusal_of("schemaVersion: 1.0\nphases: [") == (
            "The document is not valid YAML: did not find expected node content (line 3, column 1)."
        )

    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            ({"phases": None}, "The 'phases' of the document must be a list with at least one entry."),
            ({"phases": []}, "The 'phases' of the document must be a list with at least one entry."),
            ({"phases": {"build": []}}, "The 'phases' of the document must be a list with at least one entry."),
            ({"phases": ["build"]}, "A phase must be a map."),
            ({"phases": [{"name": "build", "steps": [BASH], "if": 1}]}, "A phase has the unknown key 'if'."),
            ({"phases": [{"steps": [BASH]}]}, f"Invalid phase name null. {ALLOWED}"),
            ({"phases": [{"name": "my build", "steps": [BASH]}]}, f"Invalid phase name 'my build'. {ALLOWED}"),
            ({"phases": [{"name": 7, "steps": [BASH]}]}, f"Invalid phase name 7. {ALLOWED}"),
            ({"phases": [{"name": "build"}]}, "The 'steps' of phase 'build' must be a list with at least one entry."),
            ({"phases": [{"name": "build", "steps": []}]},
             "The 'steps' of phase 'build' must be a list with at least one entry."),
            ({"phases": [{"name": "build", "steps": [BASH]}] * 2},
             "The phase name 'build' is not unique in the document."),
            ({"phases": [{"name": "prepare", "steps": [BASH]}]},
             "The document must include at least one of the phases build, validate, test."),
            ({"phases": [{"name": "container-host-test", "steps": [BASH]}]},
             "The document must include at least one of the phases build, validate, test."),
            ({"version": 1}, "The document has the unknown key 'version'."),
            ({"name": ["a"]}, "The 'name' of the document must be text, not a list."),
            ({"description": {}}, "The 'description' of the document must be text, not a map."),
        ],
    )  # fmt: skip
    def test_the_structure(self, document: dict[str, object], sentence: str) -> None:
        assert refusal_of(with_steps(BASH, **document)) == sentence


class TestSteps:
    @pytest.mark.parametrize("name", ["Install", "install_2", "Install-It", "1", "-", "x" * 200])
    def test_a_name_of_the_allowed_characters(self, name: str) -> None:
        assert parse_component_document(with_steps({**BASH, "name": name}), "Linux").phases[0].steps[0].name == name

    @pytest.mark.parametrize("name", ["Install PowerShell", "", "Städte", "a.b", "a\n", "{{ x }}"])
    def test_a_name_of_other_characters(self, name: str) -> None:
        assert refusal_of(with_steps({**BASH, "name": name})) == (
            f"Invalid step name '{name}' in phase 'build'. Allowed characters are combinations of numbers [0-9], "
            "english letters [a-z,A-Z] and special characters [-_]."
        )

    @pytest.mark.parametrize(
        ("steps", "sentence"),
        [
            (["Run"], "A step in phase 'build' must be a map, not 'Run'."),
            ([None], "A step in phase 'build' must be a map, not null."),
            ([{"action": "Reboot"}], f"Invalid step name null in phase 'build'. {ALLOWED}"),
            ([{"name": 5, "action": "Reboot"}], f"Invalid step name 5 in phase 'build'. {ALLOWED}"),
            ([BASH, BASH], "The step name 'Run' is not unique in phase 'build'."),
            ([{"name": "Run"}], RUN_FAILED + "The step requires text as 'action', not null."),
            ([{**BASH, "action": ["Reboot"]}], RUN_FAILED + "The step requires text as 'action', not a list."),
            ([{**BASH, "retries": 3}], RUN_FAILED + "The step has the unknown key 'retries'."),
            ([{**BASH, "onfailure": "Abort"}], RUN_FAILED + "The step has the unknown key 'onfailure'."),
        ],
    )
    def test_the_structure(self, steps: list[object], sentence: str) -> None:
        assert refusal_of(with_steps(*steps)) == sentence

    def test_the_same_step_name_in_two_phases(self) -> None:
        parse_component_document(sample_components.ANCHORS, "Linux")

    @pytest.mark.parametrize(
        ("action", "platform", "shown"),
        [
            ("InvokeBash", "Linux", "linux"),
            ("executebash", "Linux", "linux"),
            ("ExecutePowerShell", "Linux", "linux"),
            ("InstallMSI", "macOS", "macos"),
            ("UpdateOS", "macOS", "macos"),
            ("ExecuteBash", "Windows", "windows"),
            ("CreateSymlink", "Windows", "windows"),
            ("SetFileOwner", "Windows", "windows"),
        ],
    )
    def test_an_action_that_the_platform_lacks(self, action: str, platform: str, shown: str) -> None:
        refusal = refusal_of(with_steps({**BASH, "name": "InstallNginx", "action": action}), platform)

        assert refusal == (
            f"Parsing step 'InstallNginx' in phase 'build' failed. Error: Unsupported action {action} "
            f"for os platform {shown}."
        )

    @pytest.mark.parametrize(
        ("keys", "sentence"),
        [
            ({"timeoutSeconds": 0}, "The 'timeoutSeconds' must be -1 or an integer of at least 1, not 0."),
            ({"timeoutSeconds": -2}, "The 'timeoutSeconds' must be -1 or an integer of at least 1, not -2."),
            ({"timeoutSeconds": 1.5}, "The 'timeoutSeconds' must be -1 or an integer of at least 1, not 1.5."),
            ({"timeoutSeconds": True}, "The 'timeoutSeconds' must be -1 or an integer of at least 1, not True."),
            ({"timeoutSeconds": "60"}, "The 'timeoutSeconds' must be -1 or an integer of at least 1, not '60'."),
            ({"onFailure": "abort"}, "The 'onFailure' must be one of Abort, Continue, Ignore, not 'abort'."),
            ({"onFailure": ""}, "The 'onFailure' must be one of Abort, Continue, Ignore, not ''."),
            ({"onFailure": []}, "The 'onFailure' must be one of Abort, Continue, Ignore, not a list."),
            ({"maxAttempts": 0}, "The 'maxAttempts' must be an integer of at least 1, not 0."),
            ({"maxAttempts": "3"}, "The 'maxAttempts' must be an integer of at least 1, not '3'."),
        ],
    )
    def test_how_a_step_runs(self, keys: dict[str, object], sentence: str) -> None:
        assert refusal_of(with_steps({**BASH, **keys})) == RUN_FAILED + sentence

    @pytest.mark.parametrize("key", ["timeoutSeconds", "maxAttempts"])
    def test_a_nested_document_runs_once_without_limit(self, key: str) -> None:
        only = {"timeoutSeconds": -1, "maxAttempts": 1}[key]

        assert refusal_of(with_steps(a_step("ExecuteDocument", {"document": "a.yaml"}, **{key: 60}))) == (
            RUN_FAILED + f"Action ExecuteDocument supports no other '{key}' than {only}."
        )


def test_parsing_leaves_nothing_behind() -> None:
    first = parse_component_document(sample_components.LOOPS, "Linux")
    before = copy.deepcopy(first)

    assert parse_component_document(sample_components.LOOPS, "Linux") == before
    assert first == before
