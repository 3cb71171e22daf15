"""Block public access for AMIs, of which moto knows nothing: kept on moto's EC2 backend."""

from __future__ import annotations

from typing import Any

from .outbox import living_backend

BLOCKED, UNBLOCKED = "block-new-sharing", "unblocked"
REFUSAL = (
    "You can't publicly share this image because block public access for AMIs is enabled for this account. "
    "To publicly share the image, you must call the DisableImageBlockPublicAccess API."
)

_ATTRIBUTE = "image_block_public_access_state"


def state_of(ec2: Any) -> str:
    """EC2's name of the state of moto's backend. Nothing is blocked until somebody asks for it."""
    return str(vars(ec2).get(_ATTRIBUTE, UNBLOCKED))


def set_state(ec2: Any, state: str) -> None:
    setattr(ec2, _ATTRIBUTE, state)


def is_blocked(account_id: str, region: str) -> bool:
    """Whether an account keeps its AMIs of a Region from the public."""
    ec2 = living_backend("ec2", account_id, region)
    return ec2 is not None and state_of(ec2) == BLOCKED
