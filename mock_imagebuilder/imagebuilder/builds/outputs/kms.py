"""Keys in moto's KMS, as EBS uses them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .ami_contents import AWS_MANAGED_KEY
from .outbox import Outbox, backend_of, living_backend

_ALIAS = "alias/"
_AWS_ALIAS = "alias/aws/"


class KeyMissing(Exception):
    """There is no such key for this use in the account and Region."""


class KeyUnusable(Exception):
    """The key is disabled, is to be deleted, or is no symmetric key for encryption."""


def resolve(account_id: str, region: str, reference: str) -> str:
    """The key that a reference means.

    :param reference: the id or ARN of a key, the name or ARN of an alias. Those without an account are the account's.
    :returns: the key's ARN, or AWS_MANAGED_KEY.
    :raises KeyMissing: there is none, or it is in another Region.
    :raises KeyUnusable: EBS can't encrypt with it.
    """
    if reference.startswith("arn:"):
        fields = reference.split(":", 5)
        if len(fields) != 6 or fields[2:4] != ["kms", region]:
            raise KeyMissing(reference)
        account_id, reference = fields[4], fields[5].removeprefix("key/")
    if reference == AWS_MANAGED_KEY:
        return AWS_MANAGED_KEY
    key = _find(account_id, region, reference)
    if key is None:
        raise KeyMissing(reference)
    if any(alias.startswith(_AWS_ALIAS) for alias in key.aliases):
        return AWS_MANAGED_KEY
    if not key.enabled or key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT":
        raise KeyUnusable(reference)
    arn: str = key.arn
    return arn


def begin_to_use_aws_managed_key(outbox: Outbox, account_id: str, region: str, moment: datetime) -> None:
    """EBS's own key is used: from now on the account has it."""

    def effect(kms: Any) -> None:
        known = set(kms.keys)
        key = kms.describe_key(AWS_MANAGED_KEY)
        if key.id not in known:
            key.creation_date = moment.timestamp()

    outbox.post("kms", account_id, region, effect)


def aws_managed_key_arn(account_id: str, region: str) -> str:
    """EBS's own key. From now on the account has it."""
    arn: str = backend_of("kms", account_id, region).describe_key(AWS_MANAGED_KEY).arn
    return arn


def _find(account_id: str, region: str, reference: str) -> Any | None:
    kms = living_backend("kms", account_id, region)
    if kms is None:
        return None
    if reference.startswith(_ALIAS):
        return next((key for key in list(kms.keys.values()) if reference in key.aliases), None)
    return kms.keys.get(reference)
