"""What the service asks of neighbours that moto does not have: AWS License Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class UnservedRequest:
    """A request that has been checked as far as it can be, and has no effect."""

    #: boto3's name of the service.
    service: str
    operation: str
    account_id: str
    region: str
    #: In the members of the operation.
    parameters: Mapping[str, Any]
