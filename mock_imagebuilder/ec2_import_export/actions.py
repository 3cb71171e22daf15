"""The actions as methods for moto's response class of EC2, by moto's names for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult

from . import exports, imports
from .requests import Answer, Ec2Request

Action = Callable[[Any], ActionResult]


def _action(perform: Callable[[Ec2Request], Answer]) -> Action:
    def method(self: Ec2Request) -> ActionResult:
        return ActionResult(perform(self))

    method.__name__ = perform.__name__
    return method


#: What belongs together: a moto that has one of a group has tasks of its own.
GROUPS: tuple[Mapping[str, Action], ...] = tuple(
    {perform.__name__: _action(perform) for perform in group}
    for group in (
        (imports.import_image, imports.describe_import_image_tasks, imports.cancel_import_task),
        (exports.export_image, exports.describe_export_image_tasks, exports.cancel_export_task),
    )
)


def install(response_class: type) -> None:
    """Add the actions of every group of which the class has none."""
    for group in GROUPS:
        if not any(hasattr(response_class, name) for name in group):
            for name, method in group.items():
                setattr(response_class, name, method)
