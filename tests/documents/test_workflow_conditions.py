"""The ``if`` of workflow steps: what it may look like, and whether it holds."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.workflow_conditions import evaluate_condition, parse_condition
from mock_imagebuilder.imagebuilder.documents.workflow_references import RunContext, UnresolvedValueError

from .workflow_texts import LAUNCH, RUN_FAILED, a_step, parsed, refusal_of, with_steps

LINUX = {"stringEquals": "Linux", "value": "$.imagebuilder.platform"}
ONE = {"numberEquals": 1, "value": 1}
TWO = {"numberEquals": 2, "value": 1}


def with_condition(condition: object) -> str:
    """A document with a step ``Run`` that has this condition, after a step ``Launch``."""
    parameters = [{"name": "size", "type": "integer"}, {"name": "answer", "type": "boolean"}]
    later = a_step("WaitForAction", name="Later")
    return with_steps(LAUNCH, {**a_step("WaitForAction"), "if": condition}, later, parameters=parameters)


def nested(levels: int) -> dict[str, Any]:
    """A comparison below ``levels`` - 1 branches."""
    return ONE if levels == 1 else {"and": [nested(levels - 1)]}


class TestSyntax:
    @pytest.mark.parametrize(
        "condition",
        [
            LINUX,
            [LINUX],
            {"and": [LINUX]},
            {"or": [ONE] * 10},
            {"not": LINUX},
            {"not": [LINUX]},
            {"and": [ONE, {"or": [TWO, {"not": LINUX}]}]},
            nested(4),
            {"booleanEquals": True, "value": "$.parameters.answer"},
            {"booleanEquals": "$.parameters.answer", "value": False},
            {"numberGreaterThan": "1", "value": "$.parameters.size"},
            {"numberGreaterThanEquals": -1.5, "value": "-2.25"},
            {"numberLessThan": 0, "value": "{{ $.parameters.size }}"},
            {"numberLessThanEquals": "007", "value": 5.0},
            {"stringEquals": 5, "value": True},
            {"stringEquals": "", "value": "$.stepOutputs.Launch.instanceId"},
            {"stringEquals": "$", "value": "$x"},
        ],
    )
    def test_accepted(self, condition: object) -> None:
        assert parsed(with_condition(condition)).steps[1].if_ is not None

    @pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
    def test_numbers_are_finite(self, number: str) -> None:
        step = f"{{name: Run, action: WaitForAction, if: {{numberLessThan: {number}, value: 1}}}}"

        assert refusal_of(f"schemaVersion: 1.0\nsteps: [{step}]").startswith(
            f"{RUN_FAILED}The operator 'numberLessThan' requires a number or a dynamic value as 'numberLessThan', not "
        )

    def test_none(self) -> None:
        assert parsed(with_condition(None)).steps[1].if_ is None

    @pytest.mark.parametrize(
        ("condition", "sentence"),
        [
            (True, "A conditional statement must be a map, not True."),
            ("Linux", "A conditional statement must be a map, not 'Linux'."),
            ([], "A conditional statement must be a map, not a list."),
            ([LINUX, LINUX], "A conditional statement must be a map, not a list."),
            ([{"and": [LINUX]}], "A conditional statement must be a map, not a list."),
            ([{"not": LINUX}], "A conditional statement must be a map, not a list."),
            ({}, "A conditional statement must have exactly one operator."),
            ({"value": 1}, "A conditional statement must have exactly one operator."),
            (
                {"stringContains": "a", "value": "b"},
                "A conditional statement must have exactly one operator. 'stringContains' is not an operator.",
            ),
            (
                {"stringequals": "a", "value": "b"},
                "A conditional statement must have exactly one operator. 'stringequals' is not an operator.",
            ),
            ({**ONE, "stringEquals": "1"}, "A conditional statement must have exactly one operator."),
            ({"and": [ONE], "or": [ONE]}, "A conditional statement must have exactly one operator."),
            ({"and": [ONE], "value": 1}, "The operator 'and' has the unknown key 'value'."),
            ({**ONE, "then": "Skip"}, "The operator 'numberEquals' has the unknown key 'then'."),
            ({"and": ONE}, "The operator 'and' must have a list of 1 to 10 conditional statements."),
            ({"and": []}, "The operator 'and' must have a list of 1 to 10 conditional statements."),
            ({"or": [ONE] * 11}, "The operator 'or' must have a list of 1 to 10 conditional statements."),
            ({"or": ["Linux"]}, "A conditional statement must be a map, not 'Linux'."),
            ({"not": []}, "The operator 'not' must have exactly one conditional statement."),
            ({"not": [ONE, TWO]}, "The operator 'not' must have exactly one conditional statement."),
            ({"not": None}, "A conditional statement must be a map, not null."),
            (nested(5), "The 'if' of the step has more than 4 levels."),
            (
                {"booleanEquals": "true", "value": "$.parameters.answer"},
                "The operator 'booleanEquals' requires a boolean or a dynamic value as 'booleanEquals', not 'true'.",
            ),
            (
                {"booleanEquals": True, "value": 1},
                "The operator 'booleanEquals' requires a boolean or a dynamic value as 'value', not 1.",
            ),
            (
                {"booleanEquals": True},
                "The operator 'booleanEquals' requires a boolean or a dynamic value as 'value', not null.",
            ),
            *(
                (
                    {"numberEquals": number, "value": 1},
                    f"The operator 'numberEquals' requires a number or a dynamic value as 'numberEquals', not {shown}.",
                )
                for number, shown in (
                    ("one", "'one'"), ("1.", "'1.'"), (".5", "'.5'"), ("+1", "'+1'"), ("1e3", "'1e3'"), ("", "''"),
                    (True, "True"), (None, "null"), ([1], "a list"), ("١", "'١'"),  # noqa: RUF001
                )
            ),
            (
                {"stringEquals": ["a"], "value": "a"},
                "The operator 'stringEquals' requires text or a dynamic value as 'stringEquals', not a list.",
            ),
            (
                {"stringEquals": "a", "value": None},
                "The operator 'stringEquals' requires text or a dynamic value as 'value', not null.",
            ),
            (
                {"stringEquals": "a", "value": "$.imagebuilder.Platform"},
                "The dynamic value '$.imagebuilder.Platform' refers to no system variable.",
            ),
            (
                {"and": [{"not": {"stringEquals": "$.parameters.missing", "value": "a"}}]},
                "The dynamic value '$.parameters.missing' refers to no parameter of the document.",
            ),
            (
                {"stringEquals": "a", "value": "$.stepOutputs.Later.reason"},
                "The dynamic value '$.stepOutputs.Later.reason' refers to no step that comes before.",
            ),
            (
                {"stringEquals": "a", "value": "$.stepOutputs.Run.reason"},
                "The dynamic value '$.stepOutputs.Run.reason' refers to no step that comes before.",
            ),
            (
                {"stringEquals": "a", "value": "x {{ $.other.x }}"},
                "The dynamic value '$.other.x' is not valid. It must begin with one of $.imagebuilder, $.parameters, "
                "$.stepOutputs, $.workflowOutputs.",
            ),
        ],
    )  # fmt: skip
    def test_refused(self, condition: object, sentence: str) -> None:
        assert refusal_of(with_condition(condition)) == RUN_FAILED + sentence


CONTEXT = RunContext(
    imagebuilder={"platform": "Linux", "collectImageMetadata": True, "imageBuildNumber": 3},
    parameters={"size": 16, "answer": False, "list": ["a", "b"], "text": "16", "empty": ""},
    step_outputs={"Run": {"output": ["ok"], "status": "Success"}},
    workflow_outputs={"ImageId": "ami-0123456789abcdef0"},
)


def holds(condition: object) -> bool:
    return evaluate_condition(parse_condition(condition), CONTEXT)


class TestEvaluation:
    def test_a_step_without_a_condition_runs(self) -> None:
        assert evaluate_condition(None, CONTEXT)

    @pytest.mark.parametrize(
        ("operator", "operand", "value", "expected"),
        [
            ("stringEquals", "Linux", "$.imagebuilder.platform", True),
            ("stringEquals", "linux", "$.imagebuilder.platform", False),
            ("stringEquals", "$.imagebuilder.platform", "Linux", True),
            ("stringEquals", "", "$.parameters.empty", True),
            ("stringEquals", "16", "$.parameters.size", True),
            ("stringEquals", 16, "$.parameters.text", True),
            ("stringEquals", "true", "$.imagebuilder.collectImageMetadata", True),
            ("stringEquals", True, "true", True),
            ("stringEquals", "true", True, True),
            ("stringEquals", "ok", "$.stepOutputs.Run.output[0]", True),
            ("stringEquals", '["a", "b"]', "$.parameters.list", True),
            ("stringEquals", "Linux/3", "{{ $.imagebuilder.platform }}/{{$.imagebuilder.imageBuildNumber}}", True),
            ("stringEquals", "ami-0123456789abcdef0", "$.workflowOutputs.ImageId", True),
            ("booleanEquals", True, "$.imagebuilder.collectImageMetadata", True),
            ("booleanEquals", False, "$.parameters.answer", True),
            ("booleanEquals", True, "$.parameters.answer", False),
            ("booleanEquals", True, "$.parameters.text", False),
            ("booleanEquals", True, "$.parameters.size", False),
            ("booleanEquals", True, True, True),
            ("numberEquals", 1, "1", True),
            ("numberEquals", "1", 1, True),
            ("numberEquals", 5.0, 5, True),
            ("numberEquals", -1, -1, True),
            ("numberEquals", "0.1", 0.1, True),
            ("numberEquals", 16, "$.parameters.text", True),
            ("numberEquals", 16, "$.parameters.size", True),
            ("numberEquals", 17, "$.parameters.size", False),
            ("numberEquals", "9" * 5000, "9" * 5000, True),
            # The value stands left of the operand: 16 > 10.
            ("numberGreaterThan", 10, "$.parameters.size", True),
            ("numberGreaterThan", 16, "$.parameters.size", False),
            ("numberGreaterThanEquals", 16, "$.parameters.size", True),
            ("numberGreaterThanEquals", 17, "$.parameters.size", False),
            ("numberLessThan", 17, "$.parameters.size", True),
            ("numberLessThan", 16, "$.parameters.size", False),
            ("numberLessThanEquals", 16, "$.parameters.size", True),
            ("numberLessThanEquals", "15.9", "$.parameters.size", False),
        ],
    )
    def test_a_comparison(self, operator: str, operand: object, value: object, expected: bool) -> None:
        assert holds({operator: operand, "value": value}) is expected

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ({"and": [ONE]}, True),
            ({"and": [ONE, ONE]}, True),
            ({"and": [ONE, TWO]}, False),
            ({"or": [TWO, ONE]}, True),
            ({"or": [TWO, TWO]}, False),
            ({"not": TWO}, True),
            ({"not": [ONE]}, False),
            ({"and": [ONE, {"or": [TWO, {"not": TWO}]}]}, True),
            ({"and": [ONE, {"not": {"or": [TWO, ONE]}}]}, False),
        ],
    )
    def test_branches(self, condition: object, expected: bool) -> None:
        assert holds(condition) is expected

    def test_evaluation_ends_when_the_answer_is_known(self) -> None:
        unknown = {"stringEquals": "a", "value": "$.stepOutputs.Skipped.status"}

        assert holds({"or": [ONE, unknown]})
        assert not holds({"and": [TWO, unknown]})
        for condition in (unknown, {"or": [TWO, unknown]}, {"and": [ONE, unknown]}, {"not": unknown}):
            with pytest.raises(UnresolvedValueError, match=r"'\$\.stepOutputs\.Skipped\.status' has no value"):
                holds(condition)

    @pytest.mark.parametrize("value", ["$.imagebuilder.platform", "$.parameters.answer", "$.parameters.list"])
    def test_what_is_no_number_cannot_be_compared(self, value: str) -> None:
        for operator in ("numberEquals", "numberLessThan", "numberGreaterThanEquals"):
            with pytest.raises(ValueError, match=f"The operator '{operator}' cannot compare .*, which is no number"):
                holds({operator: 1, "value": value})
