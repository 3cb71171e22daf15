"""Who a principal of a policy or of a resource share is: an account, or the accounts of an organization in moto."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from ..builds.outputs.outbox import living_backend

_IN_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?([0-9]{12})(?::(?:root|user/.+|role/.+))?")
_IN_ORGANIZATION = re.compile(
    r"arn:(?P<partition>[^:]+):organizations::(?P<master>[0-9]{12}):"
    r"(?:organization/(?P<organization>o-[^/]+)|ou/(?P<home>o-[^/]+)/(?P<unit>ou-.+))"
)


def account_of(principal: str) -> str | None:
    """The account of a principal that is an account, a user or a role; None for others."""
    match = _IN_ACCOUNT.fullmatch(principal)
    return match[1] if match else None


def includes(principal: str, account_id: str) -> bool:
    """Whether a principal means an account, or somebody in it.

    A user or role counts as its account: who sends a request is not known here. An organization or organizational unit
    includes the accounts that moto's Organizations says are in it, however deep.
    """
    match = _IN_ORGANIZATION.fullmatch(principal)
    if match is None:
        return account_of(principal) == account_id
    organizations = living_backend("organizations", match["master"], match["partition"])
    if organizations is None or organizations.org is None:
        return False
    if organizations.org.id != (match["organization"] or match["home"]):
        return False
    return (match["unit"] or organizations.org.root_id) in _parents(organizations, account_id)


def in_same_organization(account_id: str, other_id: str, partition: str) -> bool:
    """Whether moto's Organizations has both accounts in one organization."""
    return any(
        _parents(organizations, account_id) and _parents(organizations, other_id)
        for organizations in _living_organizations(partition)
    )


def organizations_state(partition: str) -> tuple[Any, ...]:
    """What :func:`includes` and :func:`in_same_organization` depend on, to be compared with an earlier one."""
    return tuple(
        (
            None if organizations.org is None else organizations.org.id,
            *((account.id, account.parent_id) for account in organizations.accounts),
            *((unit.id, unit.parent_id) for unit in organizations.ou),
        )
        for organizations in _living_organizations(partition)
    )


def _living_organizations(partition: str) -> Iterator[Any]:
    module: Any = sys.modules.get("moto.organizations.models")
    for master in list(module.organizations_backends) if module is not None else ():
        organizations = living_backend("organizations", master, partition)
        if organizations is not None:
            yield organizations


def _parents(organizations: Any, account_id: str) -> list[str]:
    """The ids of the organizational units that an account is in, from its own up to the root; none if it has none here."""
    units = {unit.id: unit.parent_id for unit in organizations.ou}
    parents: list[str] = []
    unit_id = next((account.parent_id for account in organizations.accounts if account.id == account_id), None)
    while unit_id is not None and unit_id not in parents:
        parents.append(unit_id)
        unit_id = units.get(unit_id)
    return parents
