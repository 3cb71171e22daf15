"""Semantic versions: ``major.minor.patch``, with ``x`` as wildcard.

Two uses of the wildcard exist and differ. In a *reference* (an ARN that selects a version) every node right of the first
``x`` must be ``x`` too, and the highest match is meant. In the version of a *new recipe* one single ``x``, in any place,
asks the service to pick the next number for that node.

Rules: CreateComponent.semanticVersion and ComponentVersion.version in the API model; "Semantic versioning in Image
Builder" and "Create a new version of an image recipe" in the user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MAX_NODE = 2**30 - 1
WILDCARD = "x"

_PATTERN = re.compile(r"(?:[0-9]+|x)(?:\.(?:[0-9]+|x)){2}", re.ASCII)


class Version(NamedTuple):
    """A version without wildcards, ordered by number: ``Version(1, 10, 0) > Version(1, 9, 0)``."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """``"1.02.3"`` -> ``Version(1, 2, 3)``. ValueError for anything else, wildcards and too large nodes included."""
        if not _PATTERN.fullmatch(text) or WILDCARD in text:
            raise ValueError(f"not a semantic version: {text!r}")
        version = cls(*(_node(node) for node in text.split(".")))
        if max(version) > MAX_NODE:
            raise ValueError(f"a node of the semantic version {text!r} is greater than {MAX_NODE}")
        return version

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def _node(text: str) -> int:
    # Python refuses to read numbers of thousands of digits; none of them is in range.
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(MAX_NODE)) else MAX_NODE + 1


class VersionPattern:
    """A version in a reference: exact nodes, then wildcards. ``VersionPattern("1.x.x").matches(Version(1, 7, 8))``."""

    def __init__(self, text: str) -> None:
        """ValueError if ``text`` is not ``major.minor.patch`` or has a number right of a wildcard (``1.x.0``)."""
        if not _PATTERN.fullmatch(text):
            raise ValueError(f"not a semantic version: {text!r}")
        nodes = text.split(".")
        exact = nodes[: nodes.index(WILDCARD)] if WILDCARD in nodes else nodes
        if any(node != WILDCARD for node in nodes[len(exact) :]):
            raise ValueError(f"every node right of a wildcard must be a wildcard: {text!r}")
        self.text = text
        self.prefix = tuple(_node(node) for node in exact)

    @property
    def is_exact(self) -> bool:
        return len(self.prefix) == 3

    def matches(self, version: Version) -> bool:
        return version[: len(self.prefix)] == self.prefix

    def latest(self, versions: Iterable[Version]) -> Version | None:
        """The highest of ``versions`` that matches, or None."""
        return max(filter(self.matches, versions), default=None)


def next_version(text: str, taken: Iterable[Version]) -> Version:
    """The version that a create call with ``text`` gets.

    Without a wildcard that is ``text`` itself. With one, the wildcard's node is one more than the highest number in that
    place among the ``taken`` versions that agree in the other two nodes, and 1 when there is none: ``1.0.x`` -> 1.0.1.
    ValueError for more than one wildcard and for nodes that are too large.
    """
    if not _PATTERN.fullmatch(text):
        raise ValueError(f"not a semantic version: {text!r}")
    nodes = text.split(".")
    if WILDCARD not in nodes:
        return Version.parse(text)
    if nodes.count(WILDCARD) > 1:
        raise ValueError(f"more than one wildcard: {text!r}")
    place = nodes.index(WILDCARD)
    fixed = [0 if node == WILDCARD else _node(node) for node in nodes]
    in_line = [version[place] for version in taken if all(version[i] == fixed[i] for i in range(3) if i != place)]
    fixed[place] = max(in_line, default=0) + 1
    if max(fixed) > MAX_NODE:
        raise ValueError(f"a node of the semantic version is greater than {MAX_NODE}")
    return Version(*fixed)
