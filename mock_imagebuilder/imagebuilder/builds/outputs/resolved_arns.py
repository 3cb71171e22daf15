"""ARNs of Amazon's own resources, as messages and logs have them: with an account number instead of ``aws``."""

from __future__ import annotations

import re

_AMAZONS = re.compile(r"arn:(aws[a-z-]*):imagebuilder:([a-z0-9-]+):aws:(.+)")

#: The accounts that were seen. Which ones the other Regions have is not known.
_ACCOUNTS = {"us-east-1": "627945338248", "us-east-2": "813215560771"}


def with_account(arn: str) -> str:
    """The ARN of a resource of Amazon with the number of Amazon's account; what else is given comes back as it is."""
    match = _AMAZONS.fullmatch(arn)
    if match is None:
        return arn
    partition, region, path = match.groups()
    return f"arn:{partition}:imagebuilder:{region}:{_ACCOUNTS.get(region, _ACCOUNTS['us-east-1'])}:{path}"
