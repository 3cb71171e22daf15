"""Updates of stacks in the order of AWS: what refers to a resource that is replaced follows it, and what is no longer needed
goes at the end.

moto has neither: it updates what differs in the template's text, and deletes before it updates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .failures import HandlerFailure, StackFailure

if TYPE_CHECKING:
    from .resources import StackResource

_PREFIX = "AWS::ImageBuilder::"
_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")

Resources = Mapping[str, Mapping[str, Any]]


class StackUpdate:
    """The update of a stack that is under way: the resources that it has made, and those that go when it is done."""

    def __init__(self) -> None:
        self.made: list[StackResource] = []
        self.left_over: list[StackResource] = []

    def finish(self) -> None:
        """What cannot be deleted stays, and the update is complete all the same.

        :raises HandlerFailure: something that was made has failed since. Then nothing goes.
        """
        for resource in self.made:
            if (reason := resource.failure()) is not None:
                raise HandlerFailure(reason, "NotStabilized")
        # What refers to another stands behind it, mostly. The rest takes more rounds.
        remaining = self.left_over[::-1]
        for _ in self.left_over:
            remaining = [resource for resource in remaining if not _is_deleted(resource)]


def _is_deleted(resource: StackResource) -> bool:
    try:
        resource.go()
    except StackFailure:
        return False
    return True


_current: ContextVar[StackUpdate | None] = ContextVar("stack update", default=None)


def current_update() -> StackUpdate | None:
    return _current.get()


@contextmanager
def updating() -> Iterator[None]:
    """While a stack is updated. If that fails, nothing goes."""
    update = StackUpdate()
    token = _current.set(update)
    try:
        yield
    finally:
        _current.reset(token)
    update.finish()


def follow_replacements(resources: Resources, added: list[str], modified: list[str]) -> tuple[list[str], list[str]]:
    """What an update is to add and to modify, given what moto would by the text of the template alone.

    Resources of this service are modified too if they refer to one that is: it may be replaced. So are new ones, which must
    not be made before: to modify what is not there is to make it.

    :param resources: those of the new template.
    :returns: what is to be added, and what is to be modified, in this order.
    """
    ours = [name for name in resources if _is_ours(resources[name])]
    affected = {name for name in modified if name in ours}
    grows = bool(affected)
    while grows:
        more = {name for name in ours if name not in affected and affected & references(resources[name])}
        affected |= more
        grows = bool(more)
    ordered: list[str] = []
    waiting = [name for name in resources if name in affected]
    while waiting:
        ready = [name for name in waiting if not references(resources[name]) & set(waiting)] or waiting
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return (
        [name for name in added if name not in affected],
        [name for name in modified if name not in affected] + ordered,
    )


def _is_ours(resource: Mapping[str, Any]) -> bool:
    return str(resource.get("Type", "")).startswith(_PREFIX)


def references(part: Any) -> set[str]:
    """The logical ids that a part of a template refers to, besides those of parameters."""
    if isinstance(part, list):
        return {name for entry in part for name in references(entry)}
    if not isinstance(part, Mapping):
        return set()
    names: set[str] = set()
    for key, value in part.items():
        if key == "Ref":
            names.add(str(value))
        elif key == "Fn::GetAtt":
            names.add(str(value[0] if isinstance(value, list) else value).partition(".")[0])
        elif key == "Fn::Sub":
            text, *more = value if isinstance(value, list) else [value]
            names.update(_SUBSTITUTED.findall(str(text)), references(more))
        else:
            names |= references(value)
    return names
