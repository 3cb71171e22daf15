"""What Amazon and others publish: found, listed and used like one's own, but not this account's to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..arns import Arn
from ..managed.entries import ARN_OWNERS
from ..store import VersionedStore

if TYPE_CHECKING:
    from ..documents.workflow import WorkflowDocument
    from ..managed.catalogue import Catalogue
    from .base import Record

#: The types of workflows in ARNs, in the order of their ARNs.
WORKFLOW_ARN_TYPES = ("workflow/build", "workflow/distribution", "workflow/test")


class Published:
    """A build version in the catalogue; ``record`` in the members of the API's shape for its Get operation.

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


class PublishedComponent(Published):
    """A component of Amazon, of a third party or of the Marketplace."""

    __slots__ = ()


class PublishedImage(Published):
    """An image of Amazon or of the Marketplace."""

    __slots__ = ()


class PublishedWorkflow(Published):
    """A workflow of Amazon, with its document."""

    __slots__ = ("document",)

    def __init__(self, record: Record, document: WorkflowDocument) -> None:
        super().__init__(record)
        self.document = document


PublishedComponents = Mapping[str, VersionedStore[PublishedComponent]]
PublishedImages = Mapping[str, VersionedStore[PublishedImage]]
PublishedWorkflows = VersionedStore[PublishedWorkflow]
Stores = TypeVar("Stores", PublishedComponents, PublishedImages, PublishedWorkflows)

# By kind, partition and Region: the entries that the stores were last filled from, and the stores. Filling them takes
# longer than most tests, and their content never changes.
_filled: dict[tuple[str, str, str], tuple[Mapping[str, Any], Any]] = {}


def _kept(kind: str, catalogue: Catalogue, entries: Mapping[str, Any], fill: Callable[[Catalogue], Stores]) -> Stores:
    place = kind, catalogue.partition, catalogue.region
    known = _filled.get(place)
    if known is None or known[0] != entries:
        known = _filled[place] = entries, fill(catalogue)
    stores: Stores = known[1]
    return stores


def published_components(catalogue: Catalogue) -> PublishedComponents:
    """A catalogue's components by the owner in their ARNs, such as ``aws``. The stores are for reading only."""
    return _kept("component", catalogue, catalogue.components(), _components)


def published_images(catalogue: Catalogue) -> PublishedImages:
    """A catalogue's images by the owner word of ListImages, such as ``Amazon``. The stores are for reading only.

    All their ARNs have ``aws`` as account, those of Marketplace images too.
    """
    return _kept("image", catalogue, catalogue.images(), _images)


def published_workflows(catalogue: Catalogue) -> PublishedWorkflows:
    """A catalogue's workflows. The store is for reading only."""
    return _kept("workflow", catalogue, catalogue.workflows(), _workflows)


def _components(catalogue: Catalogue) -> PublishedComponents:
    stores = {
        owner: VersionedStore[PublishedComponent](Arn(catalogue.partition, catalogue.region, owner, "component", ""))
        for owner in ARN_OWNERS.values()
    }
    for record in catalogue.component_records():
        component = PublishedComponent(record)
        stores[Arn.parse(component.arn).owner].add(component)
    return stores


def _images(catalogue: Catalogue) -> PublishedImages:
    base = Arn(catalogue.partition, catalogue.region, "aws", "image", "")
    stores = {owner: VersionedStore[PublishedImage](base) for owner in ARN_OWNERS}
    for record in catalogue.image_records():
        stores[record["owner"]].add(PublishedImage(record))
    return stores


def _workflows(catalogue: Catalogue) -> PublishedWorkflows:
    entries = catalogue.workflows()
    bases = (Arn(catalogue.partition, catalogue.region, "aws", type_, "") for type_ in WORKFLOW_ARN_TYPES)
    store = PublishedWorkflows(*bases)
    for record in catalogue.workflow_records():
        arn = Arn.parse(record["arn"])
        store.add(PublishedWorkflow(record, entries[f"{arn.type}/{arn.slug}".removeprefix("workflow/")].document))
    return store
