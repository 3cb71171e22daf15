"""To be written."""

from __future__ import annotations

from .base import BackendCore, Resource


class InfrastructureConfiguration(Resource):
    """To be written."""


class InfrastructureConfigurationOperations(BackendCore):
    """To be written."""
