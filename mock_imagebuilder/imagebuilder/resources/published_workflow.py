"""Workflows that Amazon publishes: found, listed and run like own ones, but not this account's to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..arns import Arn
from ..store import VersionedStore

if TYPE_CHECKING:
    from ..documents.workflow import WorkflowDocument
    from ..managed.catalogue import Catalogue
    from ..managed.entries import ManagedWorkflow
    from .base import Record

#: The types of workflows in ARNs, in the order of their ARNs.
ARN_TYPES = ("workflow/build", "workflow/distribution", "workflow/test")


class PublishedWorkflow:
    """A build version in the catalogue; ``record`` in the members of the API's Workflow. No resource of moto's."""

    __slots__ = ("document", "record")

    def __init__(self, record: Record, document: WorkflowDocument) -> None:
        self.record = record
        self.document = document

    @property
    def arn(self) -> str:
        arn: str = self.record["arn"]
        return arn

    @property
    def name(self) -> str:
        name: str = self.record["name"]
        return name


PublishedWorkflows = VersionedStore[PublishedWorkflow]

# By partition and Region: the entries that the store was last filled from, and the store. Its content never changes.
_filled: dict[tuple[str, str], tuple[Mapping[str, ManagedWorkflow], PublishedWorkflows]] = {}


def published_workflows(catalogue: Catalogue) -> PublishedWorkflows:
    """A catalogue's workflows. The store is for reading only."""
    entries = catalogue.workflows()
    place = catalogue.partition, catalogue.region
    known = _filled.get(place)
    if known is None or known[0] != entries:
        known = _filled[place] = entries, _fill(catalogue)
    return known[1]


def _fill(catalogue: Catalogue) -> PublishedWorkflows:
    entries = catalogue.workflows()
    store = PublishedWorkflows(*(Arn(catalogue.partition, catalogue.region, "aws", type_, "") for type_ in ARN_TYPES))
    for record in catalogue.workflow_records():
        arn = Arn.parse(record["arn"])
        store.add(PublishedWorkflow(record, entries[f"{arn.type}/{arn.slug}".removeprefix("workflow/")].document))
    return store
