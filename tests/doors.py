"""The two ways that a request in the process can take: past moto's URL scan, or through all of moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig

SHORT_WAY = "the short way"
MOTOS_WAY = "moto's way"
DOORS = (SHORT_WAY, MOTOS_WAY)


def config_of(door: str) -> DefaultConfig | None:
    """The configuration for a mock in which requests go this way."""
    # A promise that only moto's own way keeps, and that concerns nobody.
    return None if door == SHORT_WAY else {"core": {"passthrough": {"services": ["nothing"], "urls": []}}}
