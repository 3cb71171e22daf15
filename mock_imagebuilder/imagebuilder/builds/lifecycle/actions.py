"""Carries out lifecycle actions: on the output resources that they extend to, then on the image itself.

What is already gone or already as it should be counts as done ("How lifecycle policy execution works" in the user guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...exceptions import ImageBuilderException
from ..build import AVAILABLE, CANCELLED, FAILED
from ..execution_role import CROSS_ACCOUNT_LIFECYCLE_ROLE, is_usable_for_lifecycle
from ..outputs import ami_lifecycle, container_lifecycle, ec2
from .plan import DELETE, DEPRECATE, DISABLE, MAKE_AVAILABLE, Decision

if TYPE_CHECKING:
    from ...resources.image import Image

Record = dict[str, Any]

#: The status that an image has after an action. After DELETE there is no image.
STATUS_AFTER = {DELETE: "DELETED", DEPRECATE: "DEPRECATED", DISABLE: "DISABLED", MAKE_AVAILABLE: AVAILABLE}

#: The statuses that images can get from each status ("Allowed resource state transitions" in the user guide).
TRANSITIONS: Mapping[str, frozenset[str]] = {
    AVAILABLE: frozenset(("DEPRECATED", "DISABLED", "DELETED")),
    "DEPRECATED": frozenset((AVAILABLE, "DISABLED", "DELETED")),
    "DISABLED": frozenset((AVAILABLE, "DELETED")),
    FAILED: frozenset(("DELETED",)),
    CANCELLED: frozenset(("DELETED",)),
}


@dataclass(frozen=True)
class Outcome:
    """How an action went: the state of the image's own entry, and the entries of its output resources."""

    state: Record
    outputs: list[Record]


def carry_out(decision: Decision, execution_id: str, moment: datetime) -> Outcome:
    """Carry out a decision. States are in the members of the API's LifecycleExecutionResourceState."""
    image = decision.image
    if image.backend.images.find(image.arn) is not image:
        return Outcome(_state("SUCCESS"), [])
    if decision.exclusion is not None:
        return Outcome(_state("SKIPPED", decision.exclusion), [])
    target = STATUS_AFTER[decision.action]
    if image.status != target and target not in TRANSITIONS.get(image.status, ()):
        return Outcome(_state("FAILED", f"The image is in the state {image.status}."), [])
    outputs = list(_act_on_outputs(decision, moment))
    statuses = {output["state"]["status"] for output in outputs}
    if "FAILED" in statuses:
        return Outcome(_state("FAILED", "The action failed for an output resource of the image."), outputs)
    if decision.stays_with_amis and "SKIPPED" in statuses:
        return Outcome(_state("SKIPPED", "An output resource of the image was skipped."), outputs)
    try:
        set_status(image, decision.action, moment)
    except ImageBuilderException as error:
        return Outcome(_state("FAILED", error.message), outputs)
    image.update(lifecycleExecutionId=execution_id)
    return Outcome(_state("SUCCESS"), outputs)


def set_status(image: Image, action: str, moment: datetime) -> None:
    """Give the image the status that an action leads to; DELETE deletes it, as DeleteImage does.

    :raises ImageBuilderException: DeleteImage is refused.
    """
    status = STATUS_AFTER[action]
    if action == DELETE:
        image.backend.delete_image({"imageBuildVersionArn": image.arn})
    elif image.status != status:
        image.update(state={"status": status})
        if action == DEPRECATE:
            image.update(deprecationTime=moment)
        elif action == MAKE_AVAILABLE:
            image.update(deprecationTime=None)


def schedule_deprecation(decision: Decision, deprecated_at: datetime, moment: datetime) -> None:
    """What is done at once for a deprecation in the future: image and AMIs get the time of it.

    AMIs that are excluded, gone, or out of reach in other accounts are left alone.
    """
    decision.image.update(deprecationTime=deprecated_at)
    for entry in _amis(decision):
        account_id, region = entry["accountId"], entry["region"]
        if _denial(decision.image, account_id) is not None:
            continue
        ami = ami_lifecycle.find_ami(account_id, region, entry["image"])
        if ami is not None and not ami_lifecycle.matched_exclusion(ami, region, decision.ami_exclusions, moment):
            ami_lifecycle.set_deprecation_time(ami, deprecated_at)


def _amis(decision: Decision) -> list[Mapping[str, str]]:
    outputs: Mapping[str, Any] = decision.image.record["outputResources"]
    return list(outputs.get("amis", ())) if decision.included.get("amis") else []


def _act_on_outputs(decision: Decision, moment: datetime) -> Iterator[Record]:
    """Act on everything that is included. Entries are in the members of LifecycleExecutionResource."""
    times = {"startTime": moment, "endTime": moment}
    action = {"name": decision.action, "reason": decision.reason}
    for ami in _amis(decision):
        yield {
            "accountId": ami["accountId"],
            "resourceId": ami["image"],
            "region": ami["region"],
            "action": action,
            **_act_on_ami(decision, ami, moment),
            **times,
        }
    if not decision.included.get("containers"):
        return
    for container in decision.image.record["outputResources"].get("containers", ()):
        yield {
            "accountId": decision.image.backend.account_id,
            "resourceId": container["imageUris"][0],
            "region": container["region"],
            "imageUris": container["imageUris"],
            "action": action,
            "state": _delete_containers(container["imageUris"]),
            **times,
        }


def _act_on_ami(decision: Decision, entry: Mapping[str, str], moment: datetime) -> Record:
    """The entry's ``state`` and, if they are included, ``snapshots``."""
    denial = _denial(decision.image, entry["accountId"])
    if denial is not None:
        return {"state": _state("FAILED", denial)}
    ami = ami_lifecycle.find_ami(entry["accountId"], entry["region"], entry["image"])
    if ami is None:
        return _ami_gone(decision)
    with_snapshots = decision.included.get("snapshots", False)
    exclusion = ami_lifecycle.matched_exclusion(ami, entry["region"], decision.ami_exclusions, moment)
    if exclusion is not None:
        state = _state("SKIPPED", exclusion)
        return _with_snapshots(state, ec2.snapshots_of(ami) if with_snapshots else [])
    if decision.action == DELETE:
        return _with_snapshots(_state("SUCCESS"), ami_lifecycle.deregister(ami, with_snapshots))
    if decision.action == DEPRECATE:
        ami_lifecycle.deprecate(ami, moment)
    elif decision.action == DISABLE:
        ami_lifecycle.disable(ami)
    else:
        ami_lifecycle.make_available(ami)
    return {"state": _state("SUCCESS")}


def _ami_gone(decision: Decision) -> Record:
    if decision.action == MAKE_AVAILABLE:
        return {"state": _state("FAILED", "The AMI does not exist.")}
    return {"state": _state("SUCCESS")}


def _with_snapshots(state: Record, snapshot_ids: list[str]) -> Record:
    snapshots = [{"snapshotId": snapshot_id, "state": state} for snapshot_id in snapshot_ids]
    return {"state": state, "snapshots": snapshots} if snapshots else {"state": state}


def _denial(image: Image, account_id: str) -> str | None:
    """Why AMIs of an account are out of reach, as a sentence; None if they are not."""
    backend = image.backend
    if account_id == backend.account_id or is_usable_for_lifecycle(
        account_id, backend.partition, CROSS_ACCOUNT_LIFECYCLE_ROLE
    ):
        return None
    return f"The account {account_id} has no role {CROSS_ACCOUNT_LIFECYCLE_ROLE} that Image Builder can assume."


def _delete_containers(uris: list[str]) -> Record:
    try:
        for uri in uris:
            container_lifecycle.delete_container_image(uri)
    except container_lifecycle.DeletionRefused as refusal:
        return _state("FAILED", str(refusal))
    return _state("SUCCESS")


def _state(status: str, reason: str | None = None) -> Record:
    return {"status": status} if reason is None else {"status": status, "reason": reason}
