"""Component documents, components and lists of them, for the tests of whatever uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient


def component_document(command: str = "uptime", *, phase: str = "build", head: str = "") -> str:
    """A YAML document with one phase that runs one command. ``head``: further lines at its top."""
    return (
        f"schemaVersion: 1.0\n{head}phases:\n  - name: {phase}\n    steps:\n      - name: Run\n"
        f"        action: ExecuteBash\n        inputs:\n          commands:\n            - {command}\n"
    )


def create_component(client: ImagebuilderClient, name: str = "install-nginx", **members: Any) -> str:
    """The ARN of a new component build version, 1.0.0 for Linux unless the members say otherwise; None: left out."""
    request = {"semanticVersion": "1.0.0", "platform": "Linux", "data": component_document(), **members}
    answer = client.create_component(
        name=name, **{member: value for member, value in request.items() if value is not None}
    )
    return answer["componentBuildVersionArn"]


def versions(client: ImagebuilderClient, **request: Any) -> list[str]:
    """The ARNs of one page of ListComponents, as far as they differ."""
    return [
        entry["arn"].partition("component/")[2] for entry in client.list_components(**request)["componentVersionList"]
    ]


def builds(client: ImagebuilderClient, **request: Any) -> list[str]:
    """The same of ListComponentBuildVersions."""
    summaries = client.list_component_build_versions(**request)["componentSummaryList"]
    return [summary["arn"].partition("component/")[2] for summary in summaries]


def not_found(arn: str) -> str:
    """The sentence for a component that is not there."""
    return f"The following required resource 'Component' cannot be found: '{arn}'."


def get_component(client: ImagebuilderClient, arn: str) -> Any:
    """The component that an ARN means."""
    return client.get_component(componentBuildVersionArn=arn)["component"]
