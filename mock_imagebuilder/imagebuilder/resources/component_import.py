"""Components imported from scripts: ImportComponent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ..exceptions import invalid_value
from .base import Answer, operation
from .component import ComponentOperations
from .s3_document import read_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import ImportComponentRequestTypeDef

#: The action that runs a script on each platform.
_ACTIONS = {"Linux": "ExecuteBash", "macOS": "ExecuteBash", "Windows": "ExecutePowerShell"}


class ComponentImportOperations(ComponentOperations):
    """Import scripts as components."""

    @operation("ImportComponent")
    def import_component(self, request: ImportComponentRequestTypeDef) -> Answer:
        """Creates the next build of a version, as CreateComponent does, from a document that runs the script.

        :raises InvalidParameterCombinationException: not exactly one of data and uri.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises InvalidParameterValueException: the script is empty or cannot be read, or its document would break a
            rule: it is too large, or has an expression that means nothing, such as ``{{ name }}`` in a script.
        :raises ResourceAlreadyExistsException: the newest build of the version has the same content.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        version_arn = self._component_version_arn(request["name"], request["semanticVersion"])
        script = read_document(request, self.account_id, self.partition)
        parameter = "uri" if "uri" in request else "data"
        if not script:
            raise invalid_value(parameter, "The script is empty.")
        document = script_document(request["name"], script, request["type"], request["platform"])
        arn = self._add_build(version_arn, document, parameter, request)
        return {"componentBuildVersionArn": str(arn)}


class _Script(str):
    """Written as a block of lines, so that a reader finds the script as it is."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """YAML as people write it."""


def _represent_script(dumper: yaml.SafeDumper, script: _Script) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(script), style="|")


_Dumper.add_representer(_Script, _represent_script)


def script_document(name: str, script: str, type_: str, platform: str) -> str:
    """The component document with the one step that runs a script (the format SHELL of ImportComponent).

    :param type_: ``BUILD`` or ``TEST``, which decides on the phase.
    """
    step: dict[str, Any] = {
        "name": "RunScript",
        "action": _ACTIONS[platform],
        "inputs": {"commands": [_Script(script)]},
    }
    document = {
        "name": name,
        "schemaVersion": 1.0,
        "phases": [{"name": type_.lower(), "steps": [step]}],
    }
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**16)
