"""Reading a YAML (or JSON) document that a stranger wrote: every outcome is plain data or a DocumentError.

The text goes through PyYAML's parser only as far as its events; the data is built here. That way nothing recurses,
nothing constructs Python objects, and a document that would grow without end is refused before it grows.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from .errors import DocumentError

_EventSource: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The default quota of Image Builder for a document that comes from Amazon S3.
MAX_DOCUMENT_BYTES = 65_536
MAX_DEPTH = 64
# Values and characters together, every alias counted as if its value were written out.
MAX_EXPANDED_SIZE = 262_144
# A longer number is not a number that a document needs; as text it costs nothing to convert or to print.
_MAX_NUMBER_LENGTH = 64

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_CORE + kind for kind in ("str", "int", "float", "bool", "null"))
_FORBIDDEN_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORBIDDEN_IN_VALUES = re.compile("[\x00\ud800-\udfff]")

_resolver: Any = Resolver()
_constructor: Any = SafeConstructor()
_CONVERSIONS = {
    _CORE + "int": _constructor.construct_yaml_int,
    _CORE + "float": _constructor.construct_yaml_float,
    _CORE + "bool": _constructor.construct_yaml_bool,
}


def load_yaml(text: str, *, scalars_as_text: bool = False) -> object:
    """Return the single YAML document in ``text`` as dicts (text keys only), lists, str, int, float, bool and None.

    Values follow YAML 1.1 as PyYAML reads it, with three exceptions that keep them as they were written: dates,
    numbers in base 60 (``12:30``) and numbers of more than 64 characters stay text. With ``scalars_as_text`` every
    scalar is the text that was written, so that ``1.10`` is not shortened. Empty text is None.

    Raises DocumentError, with line and column where there is one, for anything that is not valid YAML, and for size,
    depth, alias expansion, duplicate or non-text keys, merge keys, tags outside YAML's core, control characters, and
    more than one document.
    """
    _check_characters(text)
    builder = _Builder(scalars_as_text)
    try:
        for event in yaml.parse(text, Loader=_EventSource):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _invalid(error.problem or "it cannot be parsed", error.problem_mark) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML's own parser lets chr() fail on an escape beyond Unicode; libyaml reports it with a mark.
        raise _invalid(str(error).partition("\n")[0], None) from None
    return builder.document


def _check_characters(text: str) -> None:
    found = _FORBIDDEN_CHARACTER.search(text)
    if found is not None:
        line_start = text.rfind("\n", 0, found.start()) + 1
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - line_start + 1
        raise DocumentError(
            "The document is not valid YAML: "
            f"the character U+{ord(found.group()):04X} is not allowed (line {line}, column {column})."
        )
    size = len(text.encode())
    if size > MAX_DOCUMENT_BYTES:
        raise DocumentError(f"The document has {size} bytes; it can have at most {MAX_DOCUMENT_BYTES}.")


def _invalid(problem: str, mark: Any) -> DocumentError:
    where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return DocumentError(f"The document is not valid YAML: {problem}{where}.")


class _Open:
    """A list or map whose end has not been reached yet."""

    __slots__ = ("anchor", "height", "is_map", "key", "size", "value")

    def __init__(self, value: list[object] | dict[str, object], anchor: str | None) -> None:
        self.value = value
        self.is_map = isinstance(value, dict)
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1
        self.height = 0


class _Builder:
    """Builds the data from the events of one document, bounding it while it grows."""

    def __init__(self, scalars_as_text: bool) -> None:
        self.document: object = None
        self._scalars_as_text = scalars_as_text
        self._documents = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int, int]] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            self._keep_anchor(event.anchor, value, 1 + len(event.value), 0)
            self._add(value, 1 + len(event.value), 0, event)
        elif isinstance(event, yaml.AliasEvent):
            value, size, height = self._aliased(event)
            self._add(value, size, height, event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start({}, "map", event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start([], "seq", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            self._keep_anchor(done.anchor, done.value, done.size, done.height)
            self._add(done.value, done.size, done.height, event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _invalid("only one document is allowed", event.start_mark)

    def _start(self, value: list[object] | dict[str, object], kind: str, event: Any) -> None:
        if event.tag not in (None, "!", _CORE + kind):
            raise _invalid(f"the tag {event.tag} is not supported", event.start_mark)
        if self._awaits_key():
            raise _invalid("a key must be text, not a list or a map", event.start_mark)
        if len(self._open) >= MAX_DEPTH:
            raise _invalid(f"it is nested more than {MAX_DEPTH} levels deep", event.start_mark)
        self._open.append(_Open(value, event.anchor))

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_map and self._open[-1].key is None

    def _add(self, value: object, size: int, height: int, event: Any) -> None:
        if not self._open:
            self.document = value
            return
        parent = self._open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if parent.size > MAX_EXPANDED_SIZE:
            raise _invalid("its aliases expand to too much data", event.start_mark)
        if len(self._open) + height > MAX_DEPTH:
            raise _invalid(f"it is nested more than {MAX_DEPTH} levels deep", event.start_mark)
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            parent.key = self._key(parent.value, value, event)
        else:
            parent.value[parent.key] = value
            parent.key = None

    def _key(self, mapping: dict[str, object], key: object, event: Any) -> str:
        is_plain = isinstance(event, yaml.ScalarEvent) and event.implicit[0]
        if is_plain and event.value == "<<":
            raise _invalid("merge keys are not supported", event.start_mark)
        if is_plain and self._scalars_as_text:
            key = _typed(event.value)
        if not isinstance(key, str):
            shown = event.value if isinstance(event, yaml.ScalarEvent) else f"*{event.anchor}"
            raise _invalid(f"the key {shown or 'null'} is not text", event.start_mark)
        if key in mapping:
            raise _invalid(f"the key {key!r} appears twice", event.start_mark)
        return key

    def _scalar(self, event: Any) -> object:
        text: str = event.value
        if _FORBIDDEN_IN_VALUES.search(text):
            raise _invalid("an escape stands for a character that is not allowed", event.start_mark)
        if event.tag in (None, "!"):
            plain = event.tag is None and event.implicit[0]
            return _typed(text) if plain and not self._scalars_as_text else text
        if event.tag not in _SCALAR_TAGS:
            raise _invalid(f"the tag {event.tag} is not supported", event.start_mark)
        if self._scalars_as_text or event.tag == _CORE + "str":
            return text
        if event.tag == _CORE + "null":
            return None
        value = _converted(event.tag, text)
        if value is None:
            kind = event.tag.removeprefix(_CORE)
            raise _invalid(f"the value is not of the type {kind}", event.start_mark)
        return value

    def _keep_anchor(self, anchor: str | None, value: object, size: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size, height)

    def _aliased(self, event: Any) -> tuple[object, int, int]:
        if any(parent.anchor == event.anchor for parent in self._open):
            raise _invalid(f"the alias *{event.anchor} stands inside its own value", event.start_mark)
        if event.anchor not in self._anchors:
            raise _invalid(f"the alias *{event.anchor} has no value", event.start_mark)
        return self._anchors[event.anchor]


def _typed(text: str) -> object:
    """The value of a plain scalar: null, a bool, a number, or the text when it is none of them."""
    tag = _resolver.resolve(yaml.ScalarNode, text, (True, False))
    if tag == _CORE + "null":
        return None
    value = _converted(tag, text)
    return text if value is None else value


def _converted(tag: str, text: str) -> bool | int | float | None:
    if tag not in _CONVERSIONS or len(text) > _MAX_NUMBER_LENGTH or ":" in text:
        return None
    try:
        value: bool | int | float = _CONVERSIONS[tag](yaml.ScalarNode(tag, text))
    except (KeyError, ValueError, OverflowError, IndexError):
        return None
    return value
