"""Conditional expressions: the ``if`` of a step and the inputs of the Assert action.

Rules: the AWSTOE pages on conditional constructs, comparison operators and logical operators.
"""

from __future__ import annotations

import re
from typing import Any

from .component_references import has_reference
from .errors import DocumentError
from .structure import list_of, map_of, shown

_NUMBER_OPERATORS = frozenset(
    ("numberEquals", "numberLessThan", "numberLessThanEquals", "numberGreaterThan", "numberGreaterThanEquals")
)
# Each comparison operator with the second key that it needs.
_COMPANIONS = {
    **dict.fromkeys(("stringIsEmpty", "stringIsWhitespace", "binaryExists", "fileExists", "folderExists"), None),
    **dict.fromkeys(
        (
            "stringEquals",
            "stringLessThan",
            "stringLessThanEquals",
            "stringGreaterThan",
            "stringGreaterThanEquals",
            "patternMatches",
            *sorted(_NUMBER_OPERATORS),
        ),
        "value",
    ),
    **dict.fromkeys(("fileMD5Equals", "fileSHA1Equals", "fileSHA256Equals", "fileSHA512Equals"), "path"),
}
_LOGICAL_OPERATORS = ("and", "or", "not")
_STEP_ACTIONS = ("Abort", "Execute", "Skip")
_NUMERIC_TEXT = re.compile(r"[-+]?([0-9]+[.])?[0-9]+")


def check_if(condition: object) -> None:
    """Check the ``if`` of a step: one conditional expression, with ``then`` and ``else`` where given.

    AWS's syntax shows the expression as the only entry of a list and AWS's examples show it bare; both are accepted.
    Raises DocumentError.
    """
    if isinstance(condition, list) and len(condition) == 1:
        condition = condition[0]
    if not isinstance(condition, dict):
        raise DocumentError("The 'if' of the step must be one conditional expression.")
    for branch in ("then", "else"):
        action = condition.get(branch, "Execute")
        if action not in _STEP_ACTIONS:
            raise DocumentError(f"The '{branch}' of 'if' must be one of Abort, Execute, Skip, not {shown(action)}.")
    check_comparison({key: value for key, value in condition.items() if key not in ("then", "else")})


def check_comparison(expression: object) -> None:
    """Check a conditional expression: exactly one comparison or logical operator with what it needs.

    Raises DocumentError.
    """
    if not isinstance(expression, dict):
        raise DocumentError(f"A conditional expression must be a map, not {shown(expression)}.")
    operators = [key for key in expression if key in _COMPANIONS or key in _LOGICAL_OPERATORS]
    if len(operators) != 1:
        unknown = [key for key in expression if key not in ("value", "path")] if not operators else []
        detail = f" '{unknown[0]}' is not an operator." if unknown else ""
        raise DocumentError(f"A conditional expression must have exactly one operator.{detail}")
    operator = operators[0]
    if operator in _LOGICAL_OPERATORS:
        map_of(expression, f"The operator '{operator}'", (operator,))
        _check_logical(operator, expression[operator])
    else:
        _check_operands(operator, expression)


def _check_logical(operator: str, operand: object) -> None:
    if operator != "not":
        for each in list_of(operand, f"The operator '{operator}'"):
            check_comparison(each)
        return
    if isinstance(operand, list):
        if len(operand) != 1:
            raise DocumentError("The operator 'not' must have exactly one comparison.")
        operand = operand[0]
    check_comparison(operand)


def _check_operands(operator: str, expression: dict[str, Any]) -> None:
    companion = _COMPANIONS[operator]
    keys = (operator,) if companion is None else (operator, companion)
    map_of(expression, f"The operator '{operator}'", keys)
    for key in keys:
        if not isinstance(expression.get(key), (str, int, float)):
            raise DocumentError(f"The operator '{operator}' requires text or a number as '{key}'.")
    if operator in _NUMBER_OPERATORS and not _is_number(expression[operator]):
        raise DocumentError(f"The operator '{operator}' requires a number, not {shown(expression[operator])}.")


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return _NUMERIC_TEXT.fullmatch(value) is not None or has_reference(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
