"""Parameters of workflow documents: their declarations, and the values that images and pipelines give them."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.workflow_parameters import (
    ParameterMismatchError,
    workflow_parameter_details,
    workflow_parameter_values,
)

from .workflow_texts import WAIT, parsed, refusal_of, with_steps


def declaring(*parameters: object) -> str:
    return with_steps(WAIT, parameters=list(parameters))


def given(**values: list[str]) -> list[dict[str, Any]]:
    """Values in the form of the API."""
    return [{"name": name, "value": value} for name, value in values.items()]


class TestDeclarations:
    @pytest.mark.parametrize(
        ("parameter", "type_", "default", "default_value"),
        [
            ({}, "string", None, None),
            ({"type": "string"}, "string", None, None),
            ({"type": "string", "default": "a"}, "string", "a", ["a"]),
            ({"type": "string", "default": ""}, "string", "", [""]),
            ({"type": "string", "default": None}, "string", None, None),
            ({"type": "string", "default": "x" * 1024}, "string", "x" * 1024, ["x" * 1024]),
            ({"type": "integer", "default": 0}, "integer", 0, ["0"]),
            ({"type": "integer", "default": -12}, "integer", -12, ["-12"]),
            ({"type": "boolean", "default": True}, "boolean", True, ["true"]),
            ({"type": "boolean", "default": False}, "boolean", False, ["false"]),
            ({"type": "stringList", "default": ["a", ""]}, "stringList", ("a", ""), ["a", ""]),
            ({"type": "stringList", "default": []}, "stringList", (), []),
        ],
    )
    def test_accepted(
        self, parameter: dict[str, Any], type_: str, default: object, default_value: list[str] | None
    ) -> None:
        document = parsed(declaring({"name": "a-B_1", "description": "What for", **parameter}))

        [found] = document.parameters
        assert (found.name, found.type, found.default, found.description) == ("a-B_1", type_, default, "What for")
        detail = {"name": "a-B_1", "type": type_, "description": "What for"}
        expected = detail if default_value is None else {**detail, "defaultValue": default_value}
        assert workflow_parameter_details(document) == [expected]

    def test_as_few_members_as_possible(self) -> None:
        assert workflow_parameter_details(parsed(declaring({"name": "p"}))) == [{"name": "p", "type": "string"}]
        assert workflow_parameter_details(parsed(declaring())) == []

    @pytest.mark.parametrize(
        ("parameters", "sentence"),
        [
            ({}, "The 'parameters' of the document must be a list of maps."),
            ("x", "The 'parameters' of the document must be a list of maps."),
            (["x"], "A parameter of the document must be a map, not 'x'."),
            ([{"name": f"p{number}"} for number in range(26)], "A workflow can have at most 25 parameters."),
            ([{"name": "p"}, {"name": "p"}], "The parameter name 'p' is not unique in the document."),
            # The form of component documents.
            ([{"topic": {"type": "string"}}], "Invalid parameter name null. A name has 1 to 128 characters, which are "
             "numbers [0-9], english letters [a-z,A-Z] and special characters [-_]."),
            ([{"name": "p", "value": 1}], "The parameter 'p' has the unknown key 'value'."),
            ([{"name": "p", "type": "String"}], "The type 'String' of parameter 'p' is not supported. Supported types: "
             "string, integer, boolean, stringList."),
            ([{"name": "p", "type": None}], "The type null of parameter 'p' is not supported. Supported types: string, "
             "integer, boolean, stringList."),
            ([{"name": "p", "type": ["string"]}], "The type a list of parameter 'p' is not supported. Supported types: "
             "string, integer, boolean, stringList."),
            ([{"name": "p", "description": 1}], "The description of parameter 'p' must be text of at most 1024 "
             "characters."),
            ([{"name": "p", "description": "x" * 1025}], "The description of parameter 'p' must be text of at most 1024 "
             "characters."),
            ([{"name": "p", "default": "x" * 1025}], "The default of parameter 'p' can have at most 1024 characters."),
            ([{"name": "p", "type": "stringList", "default": ["x" * 1025]}],
             "The default of parameter 'p' can have at most 1024 characters."),
        ],
    )  # fmt: skip
    def test_refused(self, parameters: object, sentence: str) -> None:
        assert refusal_of(with_steps(WAIT, parameters=parameters)) == sentence

    @pytest.mark.parametrize("name", ["", "a b", "a.b", "ä", "x" * 129, 5])
    def test_a_name(self, name: object) -> None:
        shown = name if isinstance(name, int) else f"'{name}'"

        assert refusal_of(declaring({"name": name})).startswith(f"Invalid parameter name {shown}. A name has 1 to 128")

    @pytest.mark.parametrize(
        ("type_", "default", "shown"),
        [
            ("string", 1, "1"),
            ("string", True, "True"),
            ("string", ["a"], "a list"),
            ("string", {}, "a map"),
            ("integer", "1", "'1'"),
            ("integer", 1.5, "1.5"),
            ("integer", True, "True"),
            ("boolean", "true", "'true'"),
            ("boolean", 1, "1"),
            ("stringList", "a", "'a'"),
            ("stringList", ["a", 1], "a list"),
        ],
    )
    def test_a_default_of_another_type(self, type_: str, default: object, shown: str) -> None:
        assert refusal_of(declaring({"name": "p", "type": type_, "default": default})) == (
            f"The default of parameter 'p' must be of the type {type_}, not {shown}."
        )


class TestValues:
    DOCUMENT = parsed(
        declaring(
            {"name": "text", "default": "d"},
            {"name": "size", "type": "integer", "default": 1},
            {"name": "answer", "type": "boolean", "default": True},
            {"name": "list", "type": "stringList", "default": ["x"]},
        )
    )
    DEFAULTS = {"text": "d", "size": 1, "answer": True, "list": ["x"]}

    @pytest.mark.parametrize(
        ("values", "used"),
        [
            ({}, {}),
            ({"text": ["a"]}, {"text": "a"}),
            ({"text": [""]}, {"text": ""}),
            ({"text": ["x" * 1024]}, {"text": "x" * 1024}),
            ({"size": ["16"]}, {"size": 16}),
            ({"size": ["-007"]}, {"size": -7}),
            ({"answer": ["false"]}, {"answer": False}),
            ({"answer": ["true"], "size": ["2"]}, {"answer": True, "size": 2}),
            ({"list": []}, {"list": []}),
            ({"list": ["a", "b", ""]}, {"list": ["a", "b", ""]}),
        ],
    )
    def test_given_values_and_defaults(self, values: dict[str, list[str]], used: dict[str, object]) -> None:
        assert workflow_parameter_values(self.DOCUMENT, given(**values)) == {**self.DEFAULTS, **used}

    def test_a_document_without_parameters(self) -> None:
        assert workflow_parameter_values(parsed(declaring()), []) == {}

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"text": []}, "The parameter 'text' of type string requires exactly one value."),
            ({"text": ["a", "b"]}, "The parameter 'text' of type string requires exactly one value."),
            ({"text": ["x" * 1025]}, "The value of parameter 'text' can have at most 1024 characters."),
            ({"list": ["x" * 1025]}, "The value of parameter 'list' can have at most 1024 characters."),
            ({"size": []}, "The parameter 'size' of type integer requires exactly one value."),
            *(
                ({"size": [text]}, "The value of parameter 'size' must be an integer.")
                for text in ("", "1.0", "one", " 1", "1\n", "0x1", "9" * 65)
            ),
            *(
                ({"answer": [text]}, "The value of parameter 'answer' must be true or false.")
                for text in ("", "True", "yes", "1", " true")
            ),
        ],
    )
    def test_values_of_another_type(self, values: dict[str, list[str]], sentence: str) -> None:
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared as a whole
            workflow_parameter_values(self.DOCUMENT, given(**values))
        assert not isinstance(refused.value, ParameterMismatchError)
        assert str(refused.value) == sentence

    def test_a_parameter_that_is_given_twice(self) -> None:
        with pytest.raises(ValueError, match=r"^A parameter may be specified at most once$"):
            workflow_parameter_values(self.DOCUMENT, [*given(text=["a"]), *given(text=["a"])])

    def test_parameters_that_are_not_declared(self) -> None:
        with pytest.raises(ParameterMismatchError) as refused:
            workflow_parameter_values(self.DOCUMENT, given(Text=["a"], text=["a"], other=[]))
        assert str(refused.value) == ("The following parameters are not defined in the provided workflow: Text, other")

    def test_parameters_without_a_value(self) -> None:
        document = parsed(declaring({"name": "a"}, {"name": "b", "default": ""}, {"name": "c"}, {"name": "d"}))

        assert workflow_parameter_values(document, given(a=[""], c=["1"], d=["2"])) == {
            "a": "", "b": "", "c": "1", "d": "2",
        }  # fmt: skip
        with pytest.raises(ParameterMismatchError) as refused:
            workflow_parameter_values(document, given(c=["1"]))
        assert str(refused.value) == "The following parameters of the provided workflow require a value: a, d"
