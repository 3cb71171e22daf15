"""The document of a managed component: a small one of our own, for AWS's is not ours to hand out.

It names the component, has its parameters, and a single phase that makes its type come out right (a component whose
only phase is ``test`` is a TEST component; CreateComponent in the API model).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .entries import ComponentParameter, ManagedComponent, ManagedVersion

_SHELL = {"Windows": "ExecutePowerShell", "Linux": "ExecuteBash", "macOS": "ExecuteBash"}


def document_of(component: ManagedComponent, version: ManagedVersion) -> str:
    """The YAML text that GetComponent shows as ``data``: the entry's own, or one that stands in for it."""
    if component.data is not None:
        return component.data
    phase = "test" if component.type == "TEST" else "build"
    lines = [
        f"name: {_quoted(component.name)}",
        f"description: {_quoted(f'Stands in for {component.name} {version.version} of {component.owner}.')}",
        "schemaVersion: 1.0",
    ]
    if component.parameters:
        lines.append("parameters:")
        for parameter in component.parameters:
            lines += _parameter(parameter)
    lines += [
        "phases:",
        f"  - name: {phase}",
        "    steps:",
        "      - name: StandIn",
        f"        action: {_SHELL[component.platform]}",
        "        inputs:",
        "          commands:",
        f"            - {_quoted(f'echo {component.slug} {version.version}')}",
    ]
    return "\n".join(lines) + "\n"


def _parameter(parameter: ComponentParameter) -> list[str]:
    lines = [f"  - {_quoted(parameter.name)}:", f"      type: {parameter.type}"]
    if parameter.default_value:
        lines.append(f"      default: {_quoted(parameter.default_value[0])}")
    if parameter.allowed_values:
        lines.append(f"      allowedValues: {json.dumps(parameter.allowed_values)}")
    if parameter.description is not None:
        lines.append(f"      description: {_quoted(parameter.description)}")
    return lines


def _quoted(text: str) -> str:
    # A JSON string is a double-quoted YAML scalar.
    return json.dumps(text)
