"""What the oldest supported moto (5.2.0) lacks of the interface that the newest one gives to its services."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def supply() -> None:
    """Put substitutes in place for the modules that this moto does not have."""
    if importlib.util.find_spec("moto.core.resource_tagging") is None:
        sys.modules["moto.core.resource_tagging"] = _resource_tagging()


def _resource_tagging() -> ModuleType:
    raise NotImplementedError
