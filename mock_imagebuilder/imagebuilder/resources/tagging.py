"""To be written."""

from __future__ import annotations

from .base import BackendCore


class TaggingOperations(BackendCore):
    """To be written."""
