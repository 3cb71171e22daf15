"""To be written."""

from __future__ import annotations

from .base import BackendCore, Resource


class ImagePipeline(Resource):
    """To be written."""


class ImagePipelineOperations(BackendCore):
    """To be written."""
