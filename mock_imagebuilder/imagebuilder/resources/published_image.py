"""Images that Amazon and Marketplace sellers publish: found and listed like own ones, but not this account's to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..arns import Arn
from ..managed.entries import ARN_OWNERS
from ..store import VersionedStore

if TYPE_CHECKING:
    from ..managed.catalogue import Catalogue
    from ..managed.entries import ManagedImage
    from .base import Record


class PublishedImage:
    """A build version in the catalogue; ``record`` in the members of the API's Image. No resource of moto's."""

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


PublishedImages = Mapping[str, VersionedStore[PublishedImage]]

# By partition and Region: the entries that the stores were last filled from, and the stores. Filling them takes longer
# than most tests, and their content never changes.
_filled: dict[tuple[str, str], tuple[Mapping[str, ManagedImage], PublishedImages]] = {}


def published_images(catalogue: Catalogue) -> PublishedImages:
    """A catalogue's images by the owner word of ListImages, such as ``Amazon``. The stores are for reading only.

    All their ARNs have ``aws`` as account, those of Marketplace images too.
    """
    entries = catalogue.images()
    place = catalogue.partition, catalogue.region
    known = _filled.get(place)
    if known is None or known[0] != entries:
        known = _filled[place] = entries, _fill(catalogue)
    return known[1]


def _fill(catalogue: Catalogue) -> PublishedImages:
    base = Arn(catalogue.partition, catalogue.region, "aws", "image", "")
    stores = {owner: VersionedStore[PublishedImage](base) for owner in ARN_OWNERS}
    for record in catalogue.image_records():
        stores[record["owner"]].add(PublishedImage(record))
    return stores
