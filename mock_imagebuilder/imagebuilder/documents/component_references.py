"""The ``{{ }}`` expressions of component documents: variables, chaining to other steps, and loop members.

Rules: the AWSTOE pages on documents (input and output chaining), variables and looping constructs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import DocumentError

_EXPRESSION = re.compile(r"\{\{([^{}]*)\}\}")
_VARIABLE = re.compile("[0-9A-Za-z_-]+")
_CHAIN = re.compile(r"([0-9A-Za-z_-]+)\.([0-9A-Za-z_-]+)\.(?:inputs|outputs)(?:\[[0-9]+\])?\..+")
_LOOP_MEMBER = re.compile(r"loop\.(.*)")


@dataclass(frozen=True)
class Declarations:
    """What an expression can refer to: parameters and constants by name, steps by phase and name."""

    variables: frozenset[str]
    steps: frozenset[tuple[str, str]]


def has_reference(text: str) -> bool:
    """Whether the text contains an expression, so that its value is only known at run time."""
    return _EXPRESSION.search(text) is not None


def check_references(value: object, declarations: Declarations, *, in_loop: bool) -> None:
    """Check every expression in the texts of ``value``, however deep.

    Only the forms that AWSTOE documents are checked: ``{{ Name }}``, ``{{ phase.step.outputs.x }}``,
    ``{{ phase.step.inputs[0].x }}`` and ``{{ loop.x }}``. Others, such as the Go templates of docker's ``--format``,
    pass; so does a loop's member outside a loop, which AWSTOE leaves in the text as it stands.

    Raises DocumentError for the first expression that refers to nothing.
    """
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            for expression in _EXPRESSION.findall(each):
                _check_expression(expression.strip(), declarations, in_loop)
        elif isinstance(each, list):
            pending.extend(reversed(each))
        elif isinstance(each, dict):
            pending.extend(reversed(each.values()))


def _check_expression(expression: str, declarations: Declarations, in_loop: bool) -> None:
    chain = _CHAIN.fullmatch(expression)
    member = _LOOP_MEMBER.fullmatch(expression)
    if _VARIABLE.fullmatch(expression):
        if expression not in declarations.variables:
            raise _dangling(expression, "no parameter or constant")
    elif chain:
        if (chain[1], chain[2]) not in declarations.steps:
            raise _dangling(expression, "no step")
    elif member and in_loop and member[1] not in ("index", "value"):
        raise DocumentError(f"The expression '{{{{ {expression} }}}}' is not valid. A loop has an index and a value.")


def _dangling(expression: str, what: str) -> DocumentError:
    return DocumentError(f"The expression '{{{{ {expression} }}}}' refers to {what} of the document.")
