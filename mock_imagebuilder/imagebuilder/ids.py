"""Ids that follow from what they stand for."""

from __future__ import annotations

import hashlib
import uuid


def derived_uuid(text: str) -> str:
    """The same UUID of version 4 for the same text."""
    return str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest(), version=4))
