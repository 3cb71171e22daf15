"""IAM roles in which the service acts on an account's resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .outputs.outbox import backend_of

#: The role that another account must have so that its copies can be acted on ("Lifecycle management prerequisites for
#: Image Builder images" in the user guide).
CROSS_ACCOUNT_LIFECYCLE_ROLE = "Ec2ImageBuilderCrossAccountLifecycleAccess"

NO_USABLE_ROLE = "The provided role does not exist or does not have sufficient permissions"

_ACTION = "sts:assumerole"
_SERVICE_ROLES = "/aws-service-role/"


#: The service creates it where it is missing.
SERVICE_LINKED_ROLE = "aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"


def is_service_linked(account_id: str, partition: str, role: str) -> bool:
    """Whether a role is Image Builder's own in an account.

    :param role: a name, with its path or without, or an ARN.
    """
    own = SERVICE_LINKED_ROLE, SERVICE_LINKED_ROLE.rpartition("/")[2]
    return role in (*own, f"arn:{partition}:iam::{account_id}:role/{SERVICE_LINKED_ROLE}")


def is_usable_for_images(account_id: str, partition: str, role: str) -> bool:
    """Whether Image Builder may import or distribute an image in a role: its own service-linked role is one, too.

    :param role: a name, with its path or without, or an ARN.
    """
    return is_service_linked(account_id, partition, role) or is_usable_for_lifecycle(account_id, partition, role)


def is_usable_for_lifecycle(account_id: str, partition: str, role: str) -> bool:
    """Whether an account has this role and Image Builder may assume it.

    Service-linked roles are not for this use. What the role is allowed to do, and the conditions of its trust policy, are
    not looked at.

    :param role: a name, with its path or without, or an ARN.
    """
    iam = backend_of("iam", account_id, partition)
    for known in list(iam.roles.values()):
        path: str = known.path or "/"
        if role in (known.name, f"{path}{known.name}".lstrip("/"), known.arn):
            is_linked = f":role{_SERVICE_ROLES}" in known.arn or path.startswith(_SERVICE_ROLES)
            return not is_linked and _trusts("imagebuilder", known.assume_role_policy_document, partition)
    return False


def is_usable_for_vm_tasks(account_id: str, partition: str, role_name: str) -> bool:
    """Whether an account has a role of this name and VM Import/Export may assume it.

    As in :func:`is_usable_for_lifecycle`, its permissions and the conditions of its trust policy are not looked at.
    """
    iam = backend_of("iam", account_id, partition)
    return any(
        role.name == role_name and _trusts("vmie", role.assume_role_policy_document, partition)
        for role in list(iam.roles.values())
    )


def _trusts(service: str, document: str, partition: str) -> bool:
    principals = {f"{service}.amazonaws.com"}
    if partition == "aws-cn":
        principals.add(f"{service}.amazonaws.com.cn")
    try:
        policy = json.loads(document)
        statements = [each for each in _as_list(policy["Statement"]) if _is_about(each, principals)]
    except (ValueError, KeyError, TypeError, AttributeError):  # no policy that IAM would accept
        return False
    is_allowed = any(statement.get("Effect") == "Allow" for statement in statements)
    return is_allowed and not any(
        statement.get("Effect") == "Deny" and "Condition" not in statement for statement in statements
    )


def _is_about(statement: Mapping[str, Any], principals: Iterable[str]) -> bool:
    """Whether a statement of a trust policy is about these services assuming the role."""
    actions = _as_list(statement.get("Action", ()))
    principal = statement.get("Principal", {})
    services = _as_list(principal.get("Service", ())) if isinstance(principal, dict) else []
    return any(fnmatchcase(_ACTION, action.lower()) for action in actions) and not set(services).isdisjoint(principals)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
