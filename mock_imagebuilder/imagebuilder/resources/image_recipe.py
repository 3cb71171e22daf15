"""To be written."""

from __future__ import annotations

from .base import BackendCore, Resource


class ImageRecipe(Resource):
    """To be written."""


class ImageRecipeOperations(BackendCore):
    """To be written."""
