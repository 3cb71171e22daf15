"""Components that Amazon and third parties publish: found and listed like own ones, but not this account's to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..arns import Arn
from ..managed.entries import ARN_OWNERS
from ..store import VersionedStore

if TYPE_CHECKING:
    from ..managed.catalogue import Catalogue
    from ..managed.entries import ManagedComponent
    from .base import Record


class PublishedComponent:
    """A build version in the catalogue; ``record`` in the members of the API's Component.

    No resource of moto's: nobody created it, so it is in no dashboard and a reset leaves it alone.
    """

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def arn(self) -> str:
        arn: str = self.record["arn"]
        return arn

    @property
    def name(self) -> str:
        name: str = self.record["name"]
        return name


PublishedComponents = Mapping[str, VersionedStore[PublishedComponent]]

# By partition and Region: the entries that the stores were last filled from, and the stores. Filling them takes longer
# than most tests, and their content never changes.
_filled: dict[tuple[str, str], tuple[Mapping[str, ManagedComponent], PublishedComponents]] = {}


def published_components(catalogue: Catalogue) -> PublishedComponents:
    """A catalogue's components by the owner in their ARNs, such as ``aws``. The stores are for reading only."""
    entries = catalogue.components()
    place = catalogue.partition, catalogue.region
    known = _filled.get(place)
    if known is None or known[0] != entries:
        known = _filled[place] = entries, _fill(catalogue)
    return known[1]


def _fill(catalogue: Catalogue) -> PublishedComponents:
    stores = {
        owner: VersionedStore[PublishedComponent](Arn(catalogue.partition, catalogue.region, owner, "component", ""))
        for owner in ARN_OWNERS.values()
    }
    for record in catalogue.component_records():
        component = PublishedComponent(record)
        stores[Arn.parse(component.arn).owner].add(component)
    return stores
