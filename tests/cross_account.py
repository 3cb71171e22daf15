"""Accounts that let this one bring AMIs to them."""

from __future__ import annotations

import json

from .conftest import ACCOUNT
from .images import client_of

DISTRIBUTION_ROLE = "EC2ImageBuilderDistributionCrossAccountRole"
#: The other accounts that the tests distribute to.
TARGETS = ("111111111111", "210987654321", "222222222222")


def trust_of_account(account_id: str = ACCOUNT) -> str:
    """The trust policy of the user guide: what has a role in the account may assume it."""
    principal = {"AWS": f"arn:aws:iam::{account_id}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def let_copies_in(*account_ids: str) -> None:
    """Create the role that the service brings AMIs to an account in, in each of these accounts."""
    for account_id in account_ids:
        client_of("iam", account_id).create_role(
            RoleName=DISTRIBUTION_ROLE, AssumeRolePolicyDocument=trust_of_account()
        )
