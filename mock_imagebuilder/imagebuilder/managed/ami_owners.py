"""The accounts that own the AMIs behind managed images, from ``ami_owners.json``.

Image Builder's answers name only the AMI; what EC2 says of it (owner, root device) is known for the AMIs that the
vendors publish. ``seen`` lists the partitions in which that owner was recorded behind a managed image; elsewhere it is
the vendor's published account for the same kind of AMI.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).with_name("ami_owners.json")


@dataclass(frozen=True)
class AmiOwner:
    """Who publishes a kind of AMI: account id by partition, and the root device name of such AMIs."""

    accounts: Mapping[str, str]
    root_device: str
    seen: frozenset[str]
    source: str

    def account_id(self, partition: str) -> str:
        """The owner's account in ``partition``; the one of ``aws`` where no other is known."""
        return self.accounts.get(partition, self.accounts["aws"])


@cache
def ami_owners() -> Mapping[str, AmiOwner]:
    """All known owners by the word that a managed image's ``amiOwner`` uses."""
    owners = json.loads(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            word: AmiOwner(owner["accounts"], owner["rootDevice"], frozenset(owner["seen"]), owner["source"])
            for word, owner in owners.items()
        }
    )
