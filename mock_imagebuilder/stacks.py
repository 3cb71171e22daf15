"""What moto's CloudFormation lacks for this service's resources: updates that follow replacements, and stacks that wait.

Applied by :mod:`.moto_seam`, like everything that changes moto.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from .imagebuilder.cloudformation.resources import StackResource
from .imagebuilder.cloudformation.updates import current_update, follow_replacements, updating

if TYPE_CHECKING:
    from moto.cloudformation.models import CloudFormationBackend, Stack
    from moto.cloudformation.parsing import ResourceMap


def install(resource_map: type[ResourceMap], backend: type[CloudFormationBackend]) -> None:
    """Once per process, when moto's CloudFormation is imported anyway."""
    _follow_replacements(resource_map)
    _let_stacks_wait(backend)


def _follow_replacements(resource_map: Any) -> None:
    update, diff = resource_map.update, resource_map.build_resource_diff

    @wraps(diff)
    def build_resource_diff(self: Any, other_template: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        actions: dict[str, Any] = diff(self, other_template, *args, **kwargs)
        added, modified = follow_replacements(other_template["Resources"], actions["Add"], actions["Modify"])
        if current_update() is None:  # a change set, which says what is added, not when
            added, modified = actions["Add"], [name for name in modified if name not in actions["Add"]]
        return {**actions, "Add": added, "Modify": modified}

    @wraps(update)
    def updates(self: Any, *args: Any, **kwargs: Any) -> None:
        with updating():
            update(self, *args, **kwargs)

    resource_map.build_resource_diff = build_resource_diff
    resource_map.update = updates


def _let_stacks_wait(backend: Any) -> None:
    for name in ("describe_stacks", "get_stack", "list_stacks"):
        _look_first(backend, name)


def _look_first(backend: Any, name: str) -> None:
    action = getattr(backend, name)

    @wraps(action)
    def looking(self: Any, *args: Any, **kwargs: Any) -> Any:
        for stack in list(self.stacks.values()):
            if stack.status == "CREATE_IN_PROGRESS":
                _look_at(stack)
        return action(self, *args, **kwargs)

    setattr(backend, name, looking)


def _look_at(stack: Stack) -> None:
    """A stack that waits for an image is complete, or has failed, with it."""
    made = stack.resource_map._parsed_resources.values()
    resources = [resource for resource in made if isinstance(resource, StackResource)]
    if not resources:
        return
    if stack.resource_map.creation_complete():
        # An output may have been read before the image had it.
        stack.output_map = stack._create_output_map()
        stack.mark_creation_complete()
    elif reasons := [reason for resource in resources if (reason := resource.failure()) is not None]:
        stack.status = "CREATE_FAILED"
        stack._add_stack_event("CREATE_FAILED", resource_status_reason=reasons[0])
