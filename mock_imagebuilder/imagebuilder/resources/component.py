"""To be written."""

from __future__ import annotations

from .base import BackendCore, Resource


class Component(Resource):
    """To be written."""


class ComponentOperations(BackendCore):
    """To be written."""
