"""Loops, conditions, parameters, constants and the expressions that refer to them in component documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.component import (
    Parameter,
    parameter_details,
    parse_component_document,
)

from . import sample_components
from .component_texts import ALLOWED, BASH, RUN_FAILED, a_step, refusal_of, with_steps


class TestLoops:
    @pytest.mark.parametrize(
        "loop",
        [
            {"for": {"start": 1, "end": 1, "updateBy": 1}},
            {"for": {"start": 5, "end": -5, "updateBy": -2}},
            {"name": None, "forEach": ["a"]},
            {"name": "My_loop-1", "forEach": ["a", 1, True]},
            {"forEach": {"list": "a b", "delimiter": " "}},
            {"forEach": {"list": "a,b"}},
        ],
    )
    def test_accepted(self, loop: object) -> None:
        parse_component_document(with_steps({**BASH, "loop": loop}), "Linux")

    @pytest.mark.parametrize(
        ("loop", "sentence"),
        [
            ("a", "The 'loop' of the step must be a map."),
            ({"while": True}, "The 'loop' of the step has the unknown key 'while'."),
            ({}, "The 'loop' of the step must have exactly one of 'for' and 'forEach'."),
            ({"for": {"start": 1, "end": 2, "updateBy": 1}, "forEach": ["a"]},
             "The 'loop' of the step must have exactly one of 'for' and 'forEach'."),
            ({"name": "my loop", "forEach": ["a"]}, f"Invalid loop name 'my loop'. {ALLOWED}"),
            ({"for": [1, 2]}, "The 'for' of the loop must be a map."),
            ({"for": {"start": 1, "end": 2}}, "The 'for' of the loop requires an integer as 'updateBy'."),
            ({"for": {"start": "{{ Begin }}", "end": 2, "updateBy": 1}},
             "The 'for' of the loop requires an integer as 'start'."),
            ({"for": {"start": 1, "end": True, "updateBy": 1}}, "The 'for' of the loop requires an integer as 'end'."),
            ({"for": {"start": 1, "end": 2, "updateBy": 0}},
             "The loop from 1 to 2 never ends when it is updated by 0."),
            ({"for": {"start": 1, "end": 9, "updateBy": -1}},
             "The loop from 1 to 9 never ends when it is updated by -1."),
            ({"forEach": []}, "The 'forEach' of the loop must be a list with at least one entry."),
            ({"forEach": "a,b"}, "The 'forEach' of the loop must be a list with at least one entry."),
            ({"forEach": [["a"]]}, "The 'forEach' of the loop supports only text, not a list."),
            ({"forEach": {"list": ["a"]}}, "The 'forEach' of the loop requires text as 'list'."),
            ({"forEach": {"delimiter": ","}}, "The 'forEach' of the loop requires text as 'list'."),
            ({"forEach": {"list": "a", "separator": ","}}, "The 'forEach' of the loop has the unknown key 'separator'."),
            ({"forEach": {"list": "a", "delimiter": ", "}},
             "The delimiter ', ' is not supported. A loop splits at one of the characters dot, comma, semicolon, "
             "colon, newline, tab, space, hyphen, underscore."),
            ({"forEach": {"list": "a", "delimiter": "|"}},
             "The delimiter '|' is not supported. A loop splits at one of the characters dot, comma, semicolon, "
             "colon, newline, tab, space, hyphen, underscore."),
        ],
    )  # fmt: skip
    def test_refused(self, loop: object, sentence: str) -> None:
        assert refusal_of(with_steps({**BASH, "loop": loop})) == RUN_FAILED + sentence

    def test_loop_names_are_unique_in_their_phase(self) -> None:
        loop = {"name": "Loop", "forEach": ["a"]}
        first, second = {**BASH, "loop": loop}, {**BASH, "name": "Second", "loop": loop}
        phases = [{"name": "build", "steps": [first]}, {"name": "test", "steps": [second]}]

        assert refusal_of(with_steps(first, second)) == "The loop name 'Loop' is not unique in phase 'build'."
        parse_component_document(json.dumps({"schemaVersion": 1, "phases": phases}), "Linux")


class TestConditions:
    @pytest.mark.parametrize(
        "condition",
        [
            {"fileExists": "/a"},
            [{"fileExists": "/a", "then": "Skip"}],
            {"folderExists": "/a", "then": "Abort", "else": "Execute"},
            {"stringIsEmpty": ""},
            {"stringIsWhitespace": " "},
            {"patternMatches": "^[a-z]+$", "value": "abc"},
            {"stringLessThan": "a", "value": 5},
            {"numberEquals": -1, "value": "not a number"},
            {"numberLessThan": "+1.5", "value": 1},
            {"numberLessThanEquals": "{{ loop.value }}", "value": 1},
            {"fileMD5Equals": "0", "path": "/a"},
            {"not": {"fileExists": "/a"}},
            {"or": [{"and": [{"not": [{"fileExists": "/a"}]}, {"binaryExists": "b"}]}]},
        ],
    )
    def test_accepted(self, condition: object) -> None:
        parse_component_document(with_steps({**BASH, "if": condition}), "Linux")

    @pytest.mark.parametrize(
        ("condition", "sentence"),
        [
            ("true", "The 'if' of the step must be one conditional expression."),
            ([], "The 'if' of the step must be one conditional expression."),
            ([{"fileExists": "/a"}] * 2, "The 'if' of the step must be one conditional expression."),
            ({"fileExists": "/a", "then": "Run"}, "The 'then' of 'if' must be one of Abort, Execute, Skip, not 'Run'."),
            ({"fileExists": "/a", "else": None}, "The 'else' of 'if' must be one of Abort, Execute, Skip, not null."),
            ({}, "A conditional expression must have exactly one operator."),
            ({"then": "Skip"}, "A conditional expression must have exactly one operator."),
            ({"fileexists": "/a"},
             "A conditional expression must have exactly one operator. 'fileexists' is not an operator."),
            ({"fileExists": "/a", "folderExists": "/b"}, "A conditional expression must have exactly one operator."),
            ({"fileExists": "/a", "value": "x"}, "The operator 'fileExists' has the unknown key 'value'."),
            ({"fileExists": None}, "The operator 'fileExists' requires text or a number as 'fileExists'."),
            ({"stringEquals": "a"}, "The operator 'stringEquals' requires text or a number as 'value'."),
            ({"stringEquals": "a", "value": ["a"]}, "The operator 'stringEquals' requires text or a number as 'value'."),
            ({"fileSHA1Equals": "0", "value": "/a"}, "The operator 'fileSHA1Equals' has the unknown key 'value'."),
            ({"fileSHA512Equals": "0"}, "The operator 'fileSHA512Equals' requires text or a number as 'path'."),
            ({"numberEquals": "a10", "value": 1}, "The operator 'numberEquals' requires a number, not 'a10'."),
            ({"numberEquals": True, "value": 1}, "The operator 'numberEquals' requires a number, not True."),
            ({"and": []}, "The operator 'and' must be a list with at least one entry."),
            ({"or": {"fileExists": "/a"}}, "The operator 'or' must be a list with at least one entry."),
            ({"or": ["x"]}, "A conditional expression must be a map, not 'x'."),
            ({"and": [{"fileExists": "/a"}], "value": 1}, "The operator 'and' has the unknown key 'value'."),
            ({"not": []}, "The operator 'not' must have exactly one comparison."),
            ({"not": "x"}, "A conditional expression must be a map, not 'x'."),
            ({"not": {"fileExists": "/a", "then": "Skip"}}, "The operator 'fileExists' has the unknown key 'then'."),
        ],
    )  # fmt: skip
    def test_refused(self, condition: object, sentence: str) -> None:
        assert refusal_of(with_steps({**BASH, "if": condition})) == RUN_FAILED + sentence

    def test_assert_has_no_branches(self) -> None:
        assert refusal_of(with_steps(a_step("Assert", {"fileExists": "/a", "then": "Skip"}))) == (
            RUN_FAILED + "The operator 'fileExists' has the unknown key 'then'."
        )


class TestParametersAndConstants:
    def test_parameters_keep_the_text_that_was_written(self) -> None:
        loops = parse_component_document(sample_components.LOOPS, "Linux")
        conditions = parse_component_document(sample_components.CONDITIONS, "Linux")

        description = "A comma separated list of hosts to ping."
        assert loops.parameters == (Parameter("Hosts", "string", "127.0.0.1,example.com", description, ()),)
        assert conditions.parameters == (
            Parameter("Edition", "string", "community", None, ("community", "enterprise")),
            Parameter("Port", "string", "08080", None, ()),
        )

    def test_the_details_that_the_api_shows(self) -> None:
        text = (
            "schemaVersion: 1.0\nparameters:\n  - Version: {type: string, default: 1.10, description: Of the tool}\n"
            "  - Token: {type: string}\n  - Empty: {type: string, default: '', description: ''}\n"
            "phases: [{name: build, steps: [{name: Restart, action: Reboot}]}]"
        )

        assert parameter_details(parse_component_document(text, "Linux")) == [
            {"name": "Version", "type": "string", "defaultValue": ["1.10"], "description": "Of the tool"},
            {"name": "Token", "type": "string"},
            {"name": "Empty", "type": "string", "defaultValue": [""]},
        ]
        assert parameter_details(parse_component_document(sample_components.TEST_ONLY, "Linux")) == []

    @pytest.mark.parametrize("section", ["parameters", "constants"])
    @pytest.mark.parametrize("declared", [{"Name": {"type": "string"}}, ["Name"], [{"One": {}, "Two": {}}], [{}], "x"])
    def test_a_section_is_a_list_of_maps_with_one_key(self, section: str, declared: object) -> None:
        text = with_steps(BASH, **{section: declared})

        assert refusal_of(text) == f"The '{section}' of the document must be a list of maps with one key each."

    @pytest.mark.parametrize("section", ["parameters", "constants"])
    @pytest.mark.parametrize("name", ["ab", "a" * 129, "my name", "a.b", ""])
    def test_names(self, section: str, name: str) -> None:
        assert refusal_of(with_steps(BASH, **{section: [{name: {"type": "string", "value": "x"}}]})) == (
            f"Invalid name '{name}' in '{section}'. A name has 3 to 128 characters, which are numbers [0-9], "
            "english letters [a-z,A-Z] and special characters [-_]."
        )

    @pytest.mark.parametrize(
        ("parameter", "sentence"),
        [
            (None, "The parameter 'Name' must be a map."),
            ({"type": "string", "value": "x"}, "The parameter 'Name' has the unknown key 'value'."),
            ({}, "The type null of parameter 'Name' is not supported. Supported types: string."),
            ({"type": "integer"}, "The type 'integer' of parameter 'Name' is not supported. Supported types: string."),
            ({"type": "string", "default": ["x"]}, "The default of parameter 'Name' must be text, not a list."),
            ({"type": "string", "description": {}},
             "The description of parameter 'Name' must be text of at most 1024 characters."),
            ({"type": "string", "description": "x" * 1025},
             "The description of parameter 'Name' must be text of at most 1024 characters."),
            ({"type": "string", "allowedValues": []},
             "The allowed values of parameter 'Name' must be a list with at least one text."),
            ({"type": "string", "allowedValues": "x"},
             "The allowed values of parameter 'Name' must be a list with at least one text."),
            ({"type": "string", "allowedValues": [["x"]]},
             "The allowed values of parameter 'Name' must be a list with at least one text."),
            ({"type": "string", "default": "c", "allowedValues": ["a", 1]},
             "The default 'c' of parameter 'Name' is not one of its allowed values: a, 1."),
        ],
    )  # fmt: skip
    def test_a_parameter(self, parameter: object, sentence: str) -> None:
        assert refusal_of(with_steps(BASH, parameters=[{"Name": parameter}])) == sentence

    @pytest.mark.parametrize(
        ("constant", "sentence"),
        [
            ("x", "The constant 'Name' must be a map."),
            ({"type": "string", "default": "x"}, "The constant 'Name' has the unknown key 'default'."),
            ({"value": "x"}, "The type null of constant 'Name' is not supported. Supported types: string."),
            ({"type": "string"}, "The constant 'Name' requires text as 'value'."),
            ({"type": "string", "value": ["x"]}, "The constant 'Name' requires text as 'value'."),
        ],
    )
    def test_a_constant(self, constant: object, sentence: str) -> None:
        assert refusal_of(with_steps(BASH, constants=[{"Name": constant}])) == sentence

    @pytest.mark.parametrize(
        "sections",
        [
            {"parameters": [{"Name": {"type": "string", "description": "x"}}, {"Name": {"type": "string"}}]},
            {"constants": [{"Name": {"type": "string", "value": "x"}}] * 2},
            {"parameters": [{"Name": {"type": "string"}}], "constants": [{"Name": {"type": "string", "value": "x"}}]},
        ],
    )
    def test_names_are_unique_in_the_document(self, sections: dict[str, object]) -> None:
        assert refusal_of(with_steps(BASH, **sections)) == (
            "The name 'Name' of a parameter or constant is not unique in the document."
        )


class TestReferences:
    """Expressions in the second step of a document with a parameter, a constant and a step 'First'."""

    @staticmethod
    def _document(command: str, **keys: Any) -> str:
        first = {**BASH, "name": "First"}
        return with_steps(
            first,
            {**BASH, "inputs": {"commands": ["uptime", command]}, **keys},
            parameters=[{"Param": {"type": "string"}}],
            constants=[{"Const": {"type": "string", "value": "x"}}],
        )

    @pytest.mark.parametrize(
        "command",
        [
            "{{ Param }}{{Const}} {{Param }}",
            "{{ build.First.outputs.stdout }}",
            "{{ build.First.inputs.commands }}",
            "{{build.First.inputs[0].destination}}",
            "{{ build.Run.inputs.commands }}",
            "{{ loop.index }} {{ loop.value }} {{ loop.other }}",
            "{{ OtherLoop.value }}",
            "docker ps --format '{{ .Names }} {{json .State}}'",
            "{{{ imagebuilder:environments }}}",
            "${PLAIN} {single} }} {{",
            "{{ }}",
            "{{ build.First }}",
        ],
    )
    def test_accepted(self, command: str) -> None:
        parse_component_document(self._document(command), "Linux")

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            ("{{ Missing }}", "The expression '{{ Missing }}' refers to no parameter or constant of the document."),
            ("{{param}}", "The expression '{{ param }}' refers to no parameter or constant of the document."),
            ("{{ Param }} {{\n Other }}",
             "The expression '{{ Other }}' refers to no parameter or constant of the document."),
            ("{{ build.Missing.outputs.stdout }}",
             "The expression '{{ build.Missing.outputs.stdout }}' refers to no step of the document."),
            ("{{ test.First.outputs.stdout }}",
             "The expression '{{ test.First.outputs.stdout }}' refers to no step of the document."),
            ("{{ build.Missing.inputs[0].path }}",
             "The expression '{{ build.Missing.inputs[0].path }}' refers to no step of the document."),
        ],
    )  # fmt: skip
    def test_refused(self, command: str, sentence: str) -> None:
        assert refusal_of(self._document(command)) == RUN_FAILED + sentence

    def test_a_loop_has_an_index_and_a_value(self) -> None:
        loop = {"forEach": ["{{ Param }}"]}

        parse_component_document(self._document("{{ loop.index }}{{ loop.value }}", loop=loop), "Linux")
        assert refusal_of(self._document("{{ loop.item }}", loop=loop)) == (
            RUN_FAILED + "The expression '{{ loop.item }}' is not valid. A loop has an index and a value."
        )

    @pytest.mark.parametrize(
        "keys",
        [
            {"loop": {"forEach": ["{{ Missing }}"]}},
            {"loop": {"forEach": {"list": "{{ Missing }}"}}},
            {"if": {"stringEquals": "a", "value": "{{ Missing }}"}},
            {"if": {"and": [{"not": {"fileExists": "{{ Missing }}"}}]}},
        ],
    )
    def test_expressions_outside_the_inputs(self, keys: dict[str, Any]) -> None:
        text = self._document("uptime", **keys)

        assert refusal_of(text) == (
            RUN_FAILED + "The expression '{{ Missing }}' refers to no parameter or constant of the document."
        )
        parse_component_document(text.replace("Missing", "Const"), "Linux")
