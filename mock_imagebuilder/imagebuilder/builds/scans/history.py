"""What scans have found in the images of one account and Region, in order and counted: a page costs the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...store import Index
from . import state as scans

if TYPE_CHECKING:
    from ...resources.image import Image
    from ..build import Build

Record = dict[str, Any]


def _vulnerability_id(finding: Record) -> str | None:
    vulnerability_id: str | None = finding.get("packageVulnerabilityDetails", {}).get("vulnerabilityId")
    return vulnerability_id


#: What findings are counted by: the value of a finding.
KEYS: Mapping[str, Callable[[Record], str | None]] = {
    "accountId": lambda finding: finding["awsAccountId"],
    "imageBuildVersionArn": lambda finding: finding["imageBuildVersionArn"],
    "imagePipelineArn": lambda finding: finding.get("imagePipelineArn"),
    "vulnerabilityId": _vulnerability_id,
}


def has_been_scanned(image: Image) -> bool:
    """Whether what is found in an image is to be seen by now."""
    return scans.status_of(image) == scans.COMPLETED


@dataclass
class _ImageFindings:
    """What has been found in one image, by the numbers of the findings."""

    image: Image
    records: dict[int, Record] = field(default_factory=dict)
    is_shown: bool = False

    @property
    def is_to_be_shown(self) -> bool:
        return has_been_scanned(self.image)


class ScanHistory:
    """Findings in the order in which they were found. Those of an image are shown while it has been scanned."""

    def __init__(self) -> None:
        self._last = 0
        self._by_image: dict[str, _ImageFindings] = {}
        self._hidden: dict[str, _ImageFindings] = {}
        self._shown: Index[int, Record] = Index()
        self._counts: dict[str, Index[str, Counter[str]]] = {type_: Index() for type_ in KEYS}

    def add(self, image: Image, records: Iterable[Record]) -> None:
        """
        :param records: findings of an image, in the members of the API's ImageScanFinding.
        """
        findings = self._by_image.setdefault(image.arn, _ImageFindings(image))
        for record in records:
            self._last += 1
            findings.records[self._last] = record
            if findings.is_shown:
                self._show(self._last, record)
        if not findings.is_shown:
            self._hidden[image.arn] = findings

    def remove(self, image: Image) -> None:
        """The image is deleted, and its findings with it."""
        findings = self._by_image.pop(image.arn, None)
        self._hidden.pop(image.arn, None)
        if findings is not None and findings.is_shown:
            for number, record in findings.records.items():
                self._hide(number, record)

    def refresh(self, in_progress: Iterable[Build]) -> None:
        """To be called before a look: images have been scanned since, or are built again.

        :param in_progress: the builds of this account and Region that have not ended.
        """
        for arn, findings in list(self._hidden.items()):
            if findings.is_to_be_shown:
                findings.is_shown = True
                del self._hidden[arn]
                for number, record in findings.records.items():
                    self._show(number, record)
        for build in in_progress:
            shown = self._by_image.get(build.image.arn)
            if shown is not None and shown.is_shown and not shown.is_to_be_shown:
                shown.is_shown = False
                self._hidden[build.image.arn] = shown
                for number, record in shown.records.items():
                    self._hide(number, record)

    def after(self, number: int | None) -> Iterator[tuple[int, Record]]:
        """The findings that are shown, behind a number."""
        return self._shown.after(number)

    def counts_of(self, image: Image) -> Counter[str]:
        """Numbers of the findings of an image by severity, as far as they are to be seen."""
        findings = self._by_image.get(image.arn)
        if findings is None or not findings.is_to_be_shown:
            return Counter()
        return Counter(record["severity"] for record in findings.records.values())

    def counts_after(
        self, type_: str, values: Iterable[str] | None, key: str | None
    ) -> Iterator[tuple[str, Counter[str]]]:
        """Numbers of findings by severity, in the order of the keys behind a key.

        :param type_: one of :data:`KEYS`.
        :param values: the keys to look at; all for None.
        """
        counts = self._counts[type_]
        if values is None:
            return counts.after(key)
        return ((value, counts[value]) for value in sorted({*values}) if value in counts and (not key or value > key))

    def _show(self, number: int, record: Record) -> None:
        self._shown.add(number, record)
        for type_, key_of in KEYS.items():
            key = key_of(record)
            if key is not None:
                counter = self._counts[type_].get(key)
                if counter is None:
                    counter = Counter()
                    self._counts[type_].add(key, counter)
                counter[record["severity"]] += 1

    def _hide(self, number: int, record: Record) -> None:
        self._shown.remove(number)
        for type_, key_of in KEYS.items():
            key = key_of(record)
            if key is not None:
                counter = self._counts[type_][key]
                counter[record["severity"]] -= 1
                if not counter.total():
                    self._counts[type_].remove(key)
