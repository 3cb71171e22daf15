"""The handle with which a test steers builds, imports and errors."""

from __future__ import annotations


class Control:
    """To be written."""
