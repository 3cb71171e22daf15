"""The actions as methods for moto's response class of EC2, by moto's names for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult

from . import exports, fast_launch, imports, public_access
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
        (fast_launch.enable_fast_launch, fast_launch.disable_fast_launch, fast_launch.describe_fast_launch_images),
        (
            public_access.enable_image_block_public_access,
            public_access.disable_image_block_public_access,
            public_access.get_image_block_public_access_state,
        ),
    )
)

#: What is looked at before actions of moto, by an action of ours that it belongs to.
_CHECKS: Mapping[str, tuple[str, Callable[[Ec2Request], None]]] = {
    "enable_image_block_public_access": ("modify_image_attribute", public_access.require_may_publish),
}


def install(response_class: type) -> None:
    """Add the actions of every group of which the class has none."""
    for group in GROUPS:
        if not any(hasattr(response_class, name) for name in group):
            for name, method in group.items():
                setattr(response_class, name, method)
                if name in _CHECKS:
                    _look_before(response_class, *_CHECKS[name])


def _look_before(response_class: Any, name: str, check: Callable[[Ec2Request], None]) -> None:
    """Let one of moto's actions begin with a check."""
    action: Action = getattr(response_class, name)

    @wraps(action)
    def method(self: Ec2Request) -> ActionResult:
        check(self)
        return action(self)

    setattr(response_class, name, method)
