"""The ``if`` of a workflow step: what it may look like, and whether it holds.

Rules: the user guide's page on conditional statements in workflow steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from .errors import DocumentError
from .structure import map_of, shown
from .workflow_references import RunContext, as_text, has_expression, resolve_value

MAX_LEVELS = 4
MAX_CHILDREN = 10

_BRANCHES = ("and", "or")
_MODIFIER = "not"
# The page's own pattern wants two digits, but its examples have one.
_NUMERIC_TEXT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NUMBER_OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "numberEquals": lambda value, operand: value == operand,
    "numberGreaterThan": lambda value, operand: value > operand,
    "numberGreaterThanEquals": lambda value, operand: value >= operand,
    "numberLessThan": lambda value, operand: value < operand,
    "numberLessThanEquals": lambda value, operand: value <= operand,
}
_OPERATORS = ("booleanEquals", *_NUMBER_OPERATORS, "stringEquals")


@dataclass(frozen=True)
class Comparison:
    """``value`` compared with ``operand``; a text that begins with ``$.`` is a JSONPath."""

    operator: str
    operand: str | int | float
    value: str | int | float


@dataclass(frozen=True)
class Branch:
    """``and`` and ``or`` over their conditions, ``not`` over its only one."""

    operator: str
    conditions: tuple[Condition, ...]


Condition = Comparison | Branch


def parse_condition(given: object) -> Condition:
    """Return the condition under the key ``if``.

    A single comparison may stand there in a list, as in AWS's examples. Raises DocumentError for anything but one
    statement, for operators without what they need, and for more than four levels or more than ten children.
    """
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict) and not _is_branching(given[0]):
        given = given[0]
    return _condition(given, 1)


def texts_of(condition: Condition) -> Iterator[str]:
    """All texts of a condition: those of them that are dynamic values are to be checked."""
    if isinstance(condition, Branch):
        for each in condition.conditions:
            yield from texts_of(each)
    else:
        yield from (each for each in (condition.operand, condition.value) if isinstance(each, str))


def evaluate_condition(condition: Condition | None, context: RunContext) -> bool:
    """Whether a step runs: its condition holds, or it has none.

    Raises UnresolvedValueError for a dynamic value that stands for nothing, ValueError for one that a number operator
    cannot compare.
    """
    if condition is None:
        return True
    if isinstance(condition, Comparison):
        return _holds(condition, context)
    if condition.operator == _MODIFIER:
        return not evaluate_condition(condition.conditions[0], context)
    holds = all if condition.operator == "and" else any
    return holds(evaluate_condition(each, context) for each in condition.conditions)


def _condition(given: object, level: int) -> Condition:
    if level > MAX_LEVELS:
        raise DocumentError(f"The 'if' of the step has more than {MAX_LEVELS} levels.")
    if not isinstance(given, dict):
        raise DocumentError(f"A conditional statement must be a map, not {shown(given)}.")
    operators = [key for key in given if key in (*_BRANCHES, _MODIFIER, *_OPERATORS)]
    if len(operators) != 1:
        unknown = [key for key in given if key != "value"] if not operators else []
        detail = f" '{unknown[0]}' is not an operator." if unknown else ""
        raise DocumentError(f"A conditional statement must have exactly one operator.{detail}")
    operator = operators[0]
    if operator in _OPERATORS:
        return _comparison(operator, given)
    map_of(given, f"The operator '{operator}'", (operator,))
    return _branch(operator, given[operator], level)


def _branch(operator: str, given: object, level: int) -> Branch:
    if operator == _MODIFIER:
        children = given if isinstance(given, list) else [given]
        if len(children) != 1:
            raise DocumentError("The operator 'not' must have exactly one conditional statement.")
    elif isinstance(given, list) and 1 <= len(given) <= MAX_CHILDREN:
        children = given
    else:
        raise DocumentError(
            f"The operator '{operator}' must have a list of 1 to {MAX_CHILDREN} conditional statements."
        )
    return Branch(operator, tuple(_condition(child, level + 1) for child in children))


def _comparison(operator: str, given: dict[str, object]) -> Comparison:
    map_of(given, f"The operator '{operator}'", (operator, "value"))
    operand, value = given[operator], given.get("value")
    for key, each in ((operator, operand), ("value", value)):
        if not _suits(operator, each):
            rule = "a boolean" if operator == "booleanEquals" else "a number" if "number" in operator else "text"
            raise DocumentError(
                f"The operator '{operator}' requires {rule} or a dynamic value as '{key}', not {shown(each)}."
            )
    return Comparison(operator, operand, value)  # type: ignore[arg-type]


def _suits(operator: str, value: object) -> bool:
    if isinstance(value, str) and (value.startswith("$.") or has_expression(value)):
        return True
    if operator == "booleanEquals":
        return isinstance(value, bool)
    if operator == "stringEquals":
        return isinstance(value, (str, int, float))
    return _number(value) is not None


def _is_branching(given: dict[str, object]) -> bool:
    return any(operator in given for operator in (*_BRANCHES, _MODIFIER))


def _holds(comparison: Comparison, context: RunContext) -> bool:
    operand, value = (
        resolve_value(each, context) if isinstance(each, str) else each
        for each in (comparison.operand, comparison.value)
    )
    if comparison.operator == "booleanEquals":
        return isinstance(value, bool) and isinstance(operand, bool) and value == operand
    if comparison.operator == "stringEquals":
        return as_text(value) == as_text(operand)
    numbers = _number(value), _number(operand)
    for number, each in zip(numbers, (value, operand), strict=True):
        if number is None:
            raise ValueError(f"The operator '{comparison.operator}' cannot compare {shown(each)}, which is no number.")
    return _NUMBER_OPERATORS[comparison.operator](*numbers)  # type: ignore[arg-type]


def _number(value: object) -> Decimal | None:
    """A number, or a text that is written like one; None for anything else."""
    if isinstance(value, str):
        return Decimal(value) if _NUMERIC_TEXT.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None
