"""What lifecycle actions do to AMIs and their snapshots in moto's EC2.

The actions and exclusion rules are those of the user guide's page "How lifecycle management rules work for Image Builder
image resources".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ..lifecycle.periods import ago
from .ec2 import CREATED_BY, snapshots_of
from .outbox import backend_of, living_backend

DEPRECATED_BY = "DeprecatedBy"


def find_ami(account_id: str, region: str, ami_id: str) -> Any | None:
    """moto's AMI; None if it has been deregistered, or never was in moto's EC2."""
    return backend_of("ec2", account_id, region).amis.get(ami_id)


def matched_exclusion(ami: Any, region: str, rules: Mapping[str, Any], moment: datetime) -> str | None:
    """The first of the exclusion rules that keeps an AMI from a lifecycle action, as a sentence; None if none does.

    :param rules: in the members of the API's LifecyclePolicyDetailExclusionRulesAmis.
    """
    if region in rules.get("regions", ()):
        return f"The AMI is in the excluded Region {region}."
    if rules.get("isPublic") and ami.is_public:
        return "The AMI is public."
    tags = {tag["key"]: tag["value"] for tag in ami.get_tags()}
    for key, value in rules.get("tagMap", {}).items():
        if tags.get(key) == value:
            return f"The AMI has the excluded tag {key}: {value}."
    shared = {permission.get("UserId") for permission in ami.launch_permissions}
    for account_id in rules.get("sharedAccounts", ()):
        if account_id in shared:
            return f"The AMI is shared with the excluded account {account_id}."
    if "lastLaunched" in rules:
        value, unit = rules["lastLaunched"]["value"], rules["lastLaunched"]["unit"]
        if any(launched > ago(moment, value, unit) for launched in _launches_from(ami.id, region)):
            return f"The AMI launched an instance within the last {value} {unit}."
    return None


def _launches_from(ami_id: str, region: str) -> Iterator[datetime]:
    """When the instances were launched that EC2 still knows, in any account: moto keeps no last launched time of AMIs."""
    from moto.ec2.models import ec2_backends

    for account_id in list(ec2_backends):
        ec2 = living_backend("ec2", account_id, region)
        for instance in ec2.all_instances() if ec2 is not None else ():
            if instance.image_id == ami_id:
                yield instance.launch_time.replace(tzinfo=timezone.utc)


def set_deprecation_time(ami: Any, moment: datetime) -> None:
    """Set when the AMI is deprecated, in the future or not. EC2 rounds to the nearest minute."""
    rounded = (moment + timedelta(seconds=30)).replace(second=0, microsecond=0)
    ami.deprecation_time = f"{rounded:%Y-%m-%dT%H:%M:%S}.000Z"


def deprecate(ami: Any, moment: datetime) -> None:
    """Deprecate the AMI. It can still be launched."""
    set_deprecation_time(ami, moment)
    ami.add_tag(DEPRECATED_BY, CREATED_BY)


def disable(ami: Any) -> None:
    """Disable the AMI: it becomes private, and is no longer marked as deprecated by Image Builder."""
    ami.state = "disabled"
    ami.launch_permissions.clear()
    _remove_mark(ami)


def make_available(ami: Any) -> None:
    """Take back :func:`deprecate` and :func:`disable`. Launch permissions do not come back."""
    ami.state = "available"
    ami.deprecation_time = None
    _remove_mark(ami)


def _remove_mark(ami: Any) -> None:
    ami.ec2_backend.delete_tags([ami.id], {DEPRECATED_BY: None})


def deregister(ami: Any, with_snapshots: bool) -> list[str]:
    """Deregister the AMI.

    :returns: the ids of the snapshots that were deleted with it.
    """
    ec2, snapshot_ids = ami.ec2_backend, snapshots_of(ami)
    ec2.deregister_image(ami.id)
    if not with_snapshots:
        return []
    for snapshot_id in snapshot_ids:
        ec2.snapshots.pop(snapshot_id, None)
    return snapshot_ids
