"""Workflow documents, workflows and lists of them, for the tests of whatever uses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..conftest import ACCOUNT, REGION

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

#: What stands in front of type, name and version: ``build/golden/1.0.0/1``.
ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:workflow/"
AMAZON = f"arn:aws:imagebuilder:{REGION}:aws:workflow/"


def workflow_document(reason: str = "why not", **document: Any) -> str:
    """A document of one step that waits, in JSON, which is YAML. Keywords are further keys of the document."""
    step = {"name": "Wait", "action": "WaitForAction", "inputs": {"payload": reason}}
    return json.dumps({"schemaVersion": 1.0, "steps": [step], **document})


def create_workflow(client: ImagebuilderClient, name: str = "golden", **members: Any) -> str:
    """The ARN of a new workflow build version, a BUILD workflow 1.0.0 unless the members say otherwise; None: left out."""
    request = {"semanticVersion": "1.0.0", "type": "BUILD", "data": workflow_document(), **members}
    answer = client.create_workflow(
        name=name, **{member: value for member, value in request.items() if value is not None}
    )
    return answer["workflowBuildVersionArn"]


def get_workflow(client: ImagebuilderClient, arn: str) -> Any:
    """The workflow that an ARN means."""
    return client.get_workflow(workflowBuildVersionArn=arn)["workflow"]


def versions(client: ImagebuilderClient, **request: Any) -> list[str]:
    """The ARNs of one page of ListWorkflows, as far as they differ."""
    entries = client.list_workflows(**request)["workflowVersionList"]
    return [entry["arn"].partition("workflow/")[2] for entry in entries]


def builds(client: ImagebuilderClient, **request: Any) -> list[str]:
    """The same of ListWorkflowBuildVersions."""
    summaries = client.list_workflow_build_versions(**request)["workflowSummaryList"]
    return [summary["arn"].partition("workflow/")[2] for summary in summaries]
