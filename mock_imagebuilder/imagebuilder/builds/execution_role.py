"""IAM roles in which the service acts on an account's resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from fnmatch import fnmatchcase
from typing import Any

from .outputs.outbox import backend_of

#: The role that another account must have so that its copies can be acted on ("Lifecycle management prerequisites for
#: Image Builder images" in the user guide).
CROSS_ACCOUNT_LIFECYCLE_ROLE = "Ec2ImageBuilderCrossAccountLifecycleAccess"

#: The role that another account must have to get copies ("Set up cross-account AMI distribution with Image Builder").
CROSS_ACCOUNT_DISTRIBUTION_ROLE = "EC2ImageBuilderDistributionCrossAccountRole"

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
            return not is_linked and _trusts_service("imagebuilder", known.assume_role_policy_document, partition)
    return False


def is_usable_for_vm_tasks(account_id: str, partition: str, role_name: str) -> bool:
    """Whether an account has a role of this name and VM Import/Export may assume it.

    As in :func:`is_usable_for_lifecycle`, its permissions and the conditions of its trust policy are not looked at.
    """
    return any(
        _trusts_service("vmie", document, partition) for document in _trust_policies(account_id, partition, role_name)
    )


def is_usable_for_copies(account_id: str, partition: str, source_account_id: str) -> bool:
    """Whether an account lets another one bring AMIs to it: it has the role for that, which trusts the other account.

    As in :func:`is_usable_for_lifecycle`, its permissions and the conditions of its trust policy are not looked at.
    """
    source = {"AWS": {source_account_id, f"arn:{partition}:iam::{source_account_id}:root", "*"}}
    documents = _trust_policies(account_id, partition, CROSS_ACCOUNT_DISTRIBUTION_ROLE)
    return any(_trusts(source, document) for document in documents)


def refusal_of_other_account(own_account: str, account_id: str, partition: str, session: str) -> str | None:
    """Why the service does not get into another account to distribute to it; None if it does, or if it is no other one.

    :param session: the name of the session in which it tries.
    """
    if account_id == own_account or is_usable_for_copies(account_id, partition, own_account):
        return None
    return (
        f"STS Client Error: 'User: arn:{partition}:sts::{own_account}:assumed-role/AWSServiceRoleForImageBuilder/{session} "
        "is not authorized to perform: sts:AssumeRole on resource: "
        f"arn:{partition}:iam::{account_id}:role/{CROSS_ACCOUNT_DISTRIBUTION_ROLE}'"
    )


def _trust_policies(account_id: str, partition: str, role_name: str) -> list[str]:
    iam = backend_of("iam", account_id, partition)
    return [role.assume_role_policy_document for role in list(iam.roles.values()) if role.name == role_name]


def _trusts_service(service: str, document: str, partition: str) -> bool:
    principals = {f"{service}.amazonaws.com"}
    if partition == "aws-cn":
        principals.add(f"{service}.amazonaws.com.cn")
    return _trusts({"Service": principals}, document)


def _trusts(principals: Mapping[str, Set[str]], document: str) -> bool:
    """Whether a trust policy lets somebody assume its role.

    :param principals: who they are, by the kinds of principals.
    """
    try:
        policy = json.loads(document)
        statements = [each for each in _as_list(policy["Statement"]) if _is_about(each, principals)]
    except (ValueError, KeyError, TypeError, AttributeError):  # no policy that IAM would accept
        return False
    is_allowed = any(statement.get("Effect") == "Allow" for statement in statements)
    return is_allowed and not any(
        statement.get("Effect") == "Deny" and "Condition" not in statement for statement in statements
    )


def _is_about(statement: Mapping[str, Any], principals: Mapping[str, Set[str]]) -> bool:
    """Whether a statement of a trust policy is about one of these principals assuming the role."""
    actions = _as_list(statement.get("Action", ()))
    principal = statement.get("Principal", {})
    if principal == "*":
        principal = {"AWS": "*"}
    is_named = isinstance(principal, dict) and any(
        not known.isdisjoint(_as_list(principal.get(kind, ()))) for kind, known in principals.items()
    )
    return is_named and any(fnmatchcase(_ACTION, action.lower()) for action in actions)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
