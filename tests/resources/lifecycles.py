"""Lifecycle policies for the tests of them, and the roles that they need."""

from __future__ import annotations

import json
from typing import Any

import boto3

from mock_imagebuilder import Control

from ..conftest import ACCOUNT, REGION
from ..images import client_of, tags_of

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:lifecycle-policy/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/LifecycleExecution"
CROSS_ACCOUNT_ROLE = "Ec2ImageBuilderCrossAccountLifecycleAccess"
NO_ROLE = "The provided role does not exist or does not have sufficient permissions"

#: The members of StartResourceStateUpdate that include the AMIs.
WITH_AMIS: dict[str, Any] = {"executionRole": ROLE, "includeResources": {"amis": True}}

#: The tag that :func:`settings` selects images by.
TAGS = {"Team": "web"}


def trust(**statement: Any) -> dict[str, Any]:
    """A statement of a trust policy: Image Builder may assume the role, unless the members say otherwise."""
    principal = {"Service": "imagebuilder.amazonaws.com"}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **statement}


def create_role(name: str = "LifecycleExecution", *statements: Any, account_id: str = ACCOUNT, path: str = "/") -> str:
    """The ARN of a new role that Image Builder may assume, unless statements of a trust policy say otherwise."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [trust()]})
    iam = client_of("iam", account_id)
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Path=path)["Role"]["Arn"])


def delete_role() -> None:
    boto3.client("iam").delete_role(RoleName="LifecycleExecution")


def delete_after(value: int, unit: str = "DAYS", **members: Any) -> dict[str, Any]:
    """A rule that deletes images by age. ``members`` are more of its own, those of its filter under ``filter``."""
    return rule("DELETE", {"type": "AGE", "value": value, "unit": unit, **members.pop("filter", {})}, **members)


def keep(count: int, **members: Any) -> dict[str, Any]:
    """A rule that deletes all but the newest images."""
    return rule("DELETE", {"type": "COUNT", "value": count}, **members)


def deprecate_after(value: int, unit: str = "DAYS", **members: Any) -> dict[str, Any]:
    return rule("DEPRECATE", {"type": "AGE", "value": value, "unit": unit}, **members)


def disable_after(value: int, unit: str = "DAYS", **members: Any) -> dict[str, Any]:
    return rule("DISABLE", {"type": "AGE", "value": value, "unit": unit}, **members)


def rule(action: str, rule_filter: dict[str, Any], *, include: Any = None, exclude: Any = None) -> dict[str, Any]:
    """One of the ``policyDetails``. ``include`` names what is included, ``exclude`` is its ``exclusionRules``."""
    details: dict[str, Any] = {"action": {"type": action}, "filter": rule_filter}
    if include is not None:
        details["action"]["includeResources"] = dict.fromkeys(include, True)
    if exclude is not None:
        details["exclusionRules"] = exclude
    return details


def settings(*rules: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The members that create and update requests need: images with the tag are deleted, unless it is said otherwise."""
    return {
        "executionRole": ROLE,
        "resourceType": "AMI_IMAGE",
        "policyDetails": list(rules) or [keep(3)],
        "resourceSelection": {"tagMap": TAGS},
        **members,
    }


def recipes(*names_and_versions: tuple[str, str]) -> dict[str, Any]:
    """A ``resourceSelection`` by recipes."""
    return {"recipes": [{"name": name, "semanticVersion": version} for name, version in names_and_versions]}


def create_policy(client: Any, *rules: dict[str, Any], name: str = "clean up", **members: Any) -> str:
    return str(client.create_lifecycle_policy(name=name, **settings(*rules, **members))["lifecyclePolicyArn"])


def update_policy(client: Any, arn: str, *rules: dict[str, Any], **members: Any) -> Any:
    return client.update_lifecycle_policy(lifecyclePolicyArn=arn, **settings(*rules, **members))


def get_policy(client: Any, arn: str) -> Any:
    return client.get_lifecycle_policy(lifecyclePolicyArn=arn)["lifecyclePolicy"]


def policies(client: Any, **request: Any) -> list[dict[str, Any]]:
    summaries: list[dict[str, Any]] = client.list_lifecycle_policies(**request)["lifecyclePolicySummaryList"]
    return summaries


def get_execution(client: Any, execution_id: str) -> Any:
    return client.get_lifecycle_execution(lifecycleExecutionId=execution_id)["lifecycleExecution"]


def status_of(client: Any, execution_id: str) -> str:
    return str(get_execution(client, execution_id)["state"]["status"])


def executions(client: Any, arn: str, **request: Any) -> list[Any]:
    found: list[Any] = client.list_lifecycle_executions(resourceArn=arn, **request)["lifecycleExecutions"]
    return found


def resources(client: Any, execution_id: str, parent: str | None = None) -> list[Any]:
    """What an execution acted on: images, or with ``parent`` the output resources of that image."""
    request = {"lifecycleExecutionId": execution_id}
    if parent is not None:
        request["parentResourceId"] = parent
    found: list[Any] = client.list_lifecycle_execution_resources(**request)["resources"]
    return found


def actions(client: Any, execution_id: str) -> dict[str, tuple[str, str]]:
    """By image, what was done and how it ended: ``{".../1.0.0/1": ("DELETE", "SUCCESS")}``."""
    return {
        entry["resourceId"]: (entry["action"]["name"], entry["state"]["status"])
        for entry in resources(client, execution_id)
    }


def snapshots_of(region: str = REGION) -> list[str]:
    """The snapshots that Image Builder has tagged."""
    snapshots = boto3.client("ec2", region_name=region).describe_snapshots(OwnerIds=[ACCOUNT])["Snapshots"]
    return [snapshot["SnapshotId"] for snapshot in snapshots if tags_of(snapshot).get("CreatedBy")]


def make_images(control: Control, count: int = 3) -> list[str]:
    """The ARNs of new images, oldest first."""
    return [control.make_image(tags=TAGS) for _ in range(count)]


def cancel(client: Any, execution_id: str, **members: Any) -> Any:
    return client.cancel_lifecycle_execution(lifecycleExecutionId=execution_id, **members)


def update_state(client: Any, arn: str, status: str, **members: Any) -> Any:
    """The answer of StartResourceStateUpdate."""
    answer = client.start_resource_state_update(resourceArn=arn, state={"status": status}, **members)
    answer.pop("ResponseMetadata")
    return answer
