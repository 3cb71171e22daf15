"""To be written."""

from __future__ import annotations

from .base import BackendCore, Resource


class Image(Resource):
    """To be written."""


class ImageOperations(BackendCore):
    """To be written."""
