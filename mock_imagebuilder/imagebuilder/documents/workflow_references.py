"""The dynamic values of workflow documents: which ones there are, what they may refer to, and what they stand for.

A dynamic value is a JSONPath such as ``$.stepOutputs.Launch.instanceId``. An input takes it as its whole value when the
input's name ends with ``.$``; inside of any text it stands in double curly braces. Rules: the user guide's page on dynamic
variables. Other text in double curly braces, such as ``{{ imagebuilder:buildDate }}``, is none of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from .errors import DocumentError

_EXPRESSION = re.compile(r"\{\{\s*(\$\.[^{}]*?)\s*\}\}")
_SEGMENT = re.compile(r"\.([0-9A-Za-z_-]+)|\[([0-9]{1,9})\]")
_STRUCTURES = ("imagebuilder", "parameters", "stepOutputs", "workflowOutputs")
_BARE = re.compile(rf"\$\.(?:{'|'.join(_STRUCTURES)})\..*", re.DOTALL)
_SUFFIX = ".$"


class UnresolvedValueError(LookupError):
    """A dynamic value that stands for nothing, for instance the output of a step that was skipped."""


@dataclass(frozen=True)
class Reference:
    """One dynamic value, in parts: ``$.stepOutputs.Build.distributedImages[0].amiId``.

    ``structure`` is the node after the root, ``step`` the step's name below ``stepOutputs``, ``name`` the variable and
    ``path`` what leads into its value: here 0 and ``amiId``.
    """

    text: str
    structure: str
    step: str | None
    name: str
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class Scope:
    """What the dynamic values at one place of a document can refer to.

    :param variables: types of system variables by name.
    :param parameters: types of the document's parameters by name.
    :param outputs: types of outputs by name, of each step that comes before.
    :param steps: the names of all steps of the document.
    """

    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    outputs: Mapping[str, Mapping[str, str]]
    steps: frozenset[str]


@dataclass(frozen=True)
class RunContext:
    """What the dynamic values of a running workflow stand for, by name; outputs of steps by step and name."""

    imagebuilder: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    step_outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    workflow_outputs: Mapping[str, object] = field(default_factory=dict)


def is_dynamic_key(key: str) -> bool:
    """Whether an input of this name has a dynamic value."""
    return key.endswith(_SUFFIX)


def static_name(key: str) -> str:
    """The name of an input without the mark of a dynamic value."""
    return key.removesuffix(_SUFFIX)


def has_expression(text: str) -> bool:
    """Whether the text contains a dynamic value in double curly braces, so that the whole is only known at run time."""
    return _EXPRESSION.search(text) is not None


def is_path(value: object) -> bool:
    """Whether the value is text that is one dynamic value, right or wrong, and nothing else."""
    return isinstance(value, str) and _BARE.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def parse_reference(text: str) -> Reference:
    """Take a JSONPath apart. Raises DocumentError when it has another form."""
    structure, _, rest = text.removeprefix("$.").partition(".")
    if not text.startswith("$.") or structure not in _STRUCTURES:
        raise DocumentError(
            f"The dynamic value '{text}' is not valid. It must begin with one of "
            f"{', '.join(f'$.{each}' for each in _STRUCTURES)}."
        )
    segments = _segments(text, "." + rest)
    names = 2 if structure == "stepOutputs" else 1
    nodes = [node for node in segments[:names] if isinstance(node, str)]
    if len(nodes) < names:
        form = "a step and one of its outputs" if names == 2 else "a variable"
        raise DocumentError(f"The dynamic value '{text}' is not valid. It must name {form}.")
    return Reference(text, structure, nodes[0] if names == 2 else None, nodes[-1], segments[names:])


def _segments(text: str, rest: str) -> tuple[str | int, ...]:
    segments: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _SEGMENT.match(rest, position)
        if match is None:
            raise DocumentError(
                f"The dynamic value '{text}' is not valid. It must be names and indexes, joined by dots."
            )
        segments.append(match[1] if match[1] is not None else int(match[2]))
        position = match.end()
    return tuple(segments)


def check_path(text: str, scope: Scope) -> Reference:
    """Return the reference that a JSONPath is. Raises DocumentError when it refers to nothing in the scope."""
    reference = parse_reference(text)
    type_ = _type_of(reference, scope)
    if type_ is None:
        return reference
    path = list(reference.path)
    if type_.endswith("[]") and path and isinstance(path[0], int):
        path.pop(0)
        type_ = type_.removesuffix("[]")
    if path and type_ != "map":
        raise DocumentError(f"The dynamic value '{text}' is not valid. There is nothing below '{reference.name}'.")
    return reference


def _type_of(reference: Reference, scope: Scope) -> str | None:
    """The type of the value; None when the document does not tell, as for outputs of other workflows."""
    if reference.structure == "workflowOutputs":
        return None
    if reference.step is None:
        is_variable = reference.structure == "imagebuilder"
        known = scope.variables if is_variable else scope.parameters
        if reference.name not in known:
            what = "no system variable" if is_variable else "no parameter of the document"
            raise _dangling(reference, what)
        return known[reference.name]
    if reference.step not in scope.outputs:
        later = reference.step in scope.steps
        raise _dangling(reference, "no step that comes before" if later else "no step of the document")
    outputs = scope.outputs[reference.step]
    if reference.name not in outputs:
        raise _dangling(reference, f"no output of step '{reference.step}'")
    return outputs[reference.name]


def _dangling(reference: Reference, what: str) -> DocumentError:
    return DocumentError(f"The dynamic value '{reference.text}' refers to {what}.")


def check_text(text: str, scope: Scope) -> None:
    """Check every dynamic value in double curly braces. Raises DocumentError."""
    for expression in _EXPRESSION.findall(text):
        check_path(expression, scope)


def check_dynamic_values(value: object, scope: Scope) -> None:
    """Check every dynamic value in the inputs of a step, however deep.

    Raises DocumentError for the first one that refers to nothing, for an input whose name ends with ``.$`` and whose
    value is not dynamic, and for a JSONPath where it would be taken as plain text.
    """
    for key, text in _texts_in(value):
        if key is not None and is_dynamic_key(key):
            _check_dynamic_input(key, text, scope)
            continue
        if isinstance(text, str):
            if is_path(text):
                mend = "it stands in double curly braces" if key is None else f"the name of the input is '{key}.$'"
                raise DocumentError(f"The dynamic value '{text}' is only taken as one when {mend}.")
            check_text(text, scope)


def _check_dynamic_input(key: str, value: object, scope: Scope) -> None:
    if isinstance(value, str) and value.startswith("$"):
        check_path(value, scope)
    elif isinstance(value, str) and has_expression(value):
        check_text(value, scope)
    else:
        raise DocumentError(f"The value of '{key}' must be a dynamic value, such as '$.parameters.name'.")


def _texts_in(value: object) -> Iterator[tuple[str | None, object]]:
    """The texts in maps and lists, each with its key (None in a list), and the values of keys that end with ``.$``."""
    pending: list[tuple[str | None, object]] = [(None, value)]
    while pending:
        key, each = pending.pop()
        if key is not None and is_dynamic_key(key):
            yield key, each
        elif isinstance(each, dict):
            pending.extend(reversed(each.items()))
        elif isinstance(each, list):
            pending.extend((None, entry) for entry in reversed(each))
        elif isinstance(each, str):
            yield key, each


def resolve_value(text: str, context: RunContext) -> object:
    """What a text stands for: the value of the JSONPath that it is, or the text with its expressions filled in.

    Raises UnresolvedValueError.
    """
    return _lookup(text, context) if is_path(text) else _filled(text, context)


def resolve_map(inputs: Mapping[str, object], context: RunContext) -> dict[str, object]:
    """A copy of a map of inputs with its dynamic values filled in, however deep, and their names without ``.$``.

    Raises UnresolvedValueError.
    """
    return {
        static_name(key): resolve_value(value, context)
        if is_dynamic_key(key) and isinstance(value, str)
        else _resolve(value, context)
        for key, value in inputs.items()
    }


def _resolve(value: object, context: RunContext) -> object:
    if isinstance(value, dict):
        return resolve_map(value, context)
    if isinstance(value, list):
        return [_resolve(each, context) for each in value]
    return _filled(value, context) if isinstance(value, str) else value


def as_text(value: object) -> str:
    """A value inside of a text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _filled(text: str, context: RunContext) -> str:
    return _EXPRESSION.sub(lambda match: as_text(_lookup(match[1], context)), text)


def _lookup(text: str, context: RunContext) -> object:
    reference = parse_reference(text)
    value: object = {
        "imagebuilder": context.imagebuilder,
        "parameters": context.parameters,
        "stepOutputs": context.step_outputs,
        "workflowOutputs": context.workflow_outputs,
    }[reference.structure]
    nodes = (reference.name,) if reference.step is None else (reference.step, reference.name)
    for node in (*nodes, *reference.path):
        if not _has(value, node):
            raise UnresolvedValueError(f"The dynamic value '{text}' has no value.")
        value = value[node]  # type: ignore[index]
    return value


def _has(value: object, node: str | int) -> bool:
    if isinstance(node, int):
        return isinstance(value, list) and node < len(value)
    return isinstance(value, Mapping) and node in value
