"""EC2 Fast Launch, of which moto knows nothing: kept on moto's EC2 backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .outbox import Outbox

#: The least parallel launches that EC2 takes, and what it does without a wish.
MIN_PARALLEL_LAUNCHES = 6
#: How many snapshots EC2 has at hand without a wish.
SNAPSHOTS = 5

_ATTRIBUTE = "fast_launches"


@dataclass(frozen=True)
class FastLaunch:
    """What is set up for one AMI of an account."""

    ami_id: str
    owner_id: str
    #: When it was set up.
    moment: datetime
    snapshots: int = SNAPSHOTS
    max_parallel_launches: int = MIN_PARALLEL_LAUNCHES
    #: In the members of EC2's FastLaunchLaunchTemplateSpecification.
    launch_template: Mapping[str, str] = field(default_factory=dict)

    def leave_in(self, ec2: Any) -> None:
        fast_launches_of(ec2)[self.ami_id] = self


def fast_launches_of(ec2: Any) -> dict[str, FastLaunch]:
    """Those of moto's backend, by AMI, in the order in which they were set up."""
    known: dict[str, FastLaunch] = vars(ec2).setdefault(_ATTRIBUTE, {})
    return known


def enable(outbox: Outbox, region: str, wanted: FastLaunch) -> None:
    """Set it up for an AMI that belongs to the account."""
    outbox.post("ec2", wanted.owner_id, region, wanted.leave_in)
