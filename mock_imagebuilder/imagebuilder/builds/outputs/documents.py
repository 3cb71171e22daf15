"""Command documents in moto's Systems Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .outbox import living_backend

if TYPE_CHECKING:
    from ...resources.base import BackendCore


def exists(backend: BackendCore, name: str, version: str) -> bool:
    """Whether there is a document of this name, or ARN, in this version.

    Those of Amazon are taken to exist, and so are those that other accounts share: they are named by ARN.
    """
    if name.startswith(("AWS", "Amazon", "arn:")):
        return True
    ssm = living_backend("ssm", backend.account_id, backend.region_name)
    if ssm is None:
        return False
    from moto.ssm.exceptions import InvalidDocument, InvalidDocumentVersion

    try:
        ssm.get_document(name, None if version == "$DEFAULT" else version, None, None)
    except (InvalidDocument, InvalidDocumentVersion):
        return False
    return True
