"""What Amazon Inspector finds in images: findings that a test has put there, and counts of them by severity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ..api import load_model
from ..api.validation import Reader, Refusal, compile_reader
from ..builds.scans import state as scans
from ..builds.scans.history import KEYS, has_been_scanned
from ..builds.workflows.scan_actions import findings_are_visible
from ..exceptions import invalid_value
from .base import Answer, BackendCore, Record, now, operation, read_filters

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        ListImageScanFindingAggregationsRequestTypeDef,
        ListImageScanFindingsRequestTypeDef,
    )

    from .image import Image

#: The only type of findings that Image Builder shows.
TYPE = "PACKAGE_VULNERABILITY"
#: Amazon Inspector's severities.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_FIX_AVAILABLE = ("YES", "NO", "PARTIAL")
_OF_IMAGE = ("awsAccountId", "imageBuildVersionArn", "imagePipelineArn")
#: What an aggregation counts besides ``all``: findings of lower severities are in ``all`` only.
_COUNTED = ("CRITICAL", "HIGH", "MEDIUM")
#: By the name of a filter: the value of a finding.
_FILTERED: Mapping[str, Callable[[Record], str | None]] = {
    **{name: KEYS[name] for name in ("imageBuildVersionArn", "imagePipelineArn", "vulnerabilityId")},
    "severity": lambda finding: finding["severity"],
}

#: By the type of an aggregation: the member of the answer, and its key.
_AGGREGATIONS: Mapping[str, tuple[str, str]] = {
    "accountId": ("accountAggregation", "accountId"),
    "imageBuildVersionArn": ("imageAggregation", "imageBuildVersionArn"),
    "imagePipelineArn": ("imagePipelineAggregation", "imagePipelineArn"),
    "vulnerabilityId": ("vulnerabilityIdAggregation", "vulnerabilityId"),
}


class ScanFindingOperations(BackendCore):
    """List findings, and count them."""

    def add_scan_findings(self, image: Image, findings: Sequence[Mapping[str, Any]]) -> None:
        """Findings of the scan of an image. They are to be seen when it is complete.

        :param findings: in the members of the API's ImageScanFinding, times as aware datetimes or as seconds since 1970.
            Members that are left out and that an image decides on are filled in.
        :raises ValueError: the build of the image does not scan for findings of this kind, its scan has ended without
            findings, or a finding is not right.
        """
        _require_scanning(image)
        moment = now()
        of_image = {
            "awsAccountId": self.account_id,
            "imageBuildVersionArn": image.arn,
            "imagePipelineArn": image.record.get("sourcePipelineArn"),
            "type": TYPE,
        }
        times = {"severity": "UNTRIAGED", "firstObservedAt": moment, "updatedAt": moment}
        records = [times | _read_finding(finding, of_image) for finding in findings]
        self.scan_findings.add(image, records)
        if records and has_been_scanned(image):
            findings_are_visible(image, moment)

    def severity_counts_of(self, image: Image) -> Mapping[str, int] | None:
        counts = self.scan_findings.counts_of(image)
        return _severity_counts(counts) if counts else None

    @operation("ListImageScanFindings")
    def list_image_scan_findings(self, request: ListImageScanFindingsRequestTypeDef) -> Answer:
        """Findings of the account's images in the order in which they were found.

        Filters: ``imageBuildVersionArn``, ``imagePipelineArn``, ``severity``, ``vulnerabilityId``; one at a time.
        """
        filters = read_filters(request, _FILTERED)
        self.scan_findings.refresh(self.builds_in_progress)
        rows, token = self.list_page(
            "ListImageScanFindings",
            request,
            self.scan_findings.after,
            lambda finding: all(_FILTERED[name](finding) in values for name, values in filters.items()),
        )
        return {"findings": rows, **token}

    @operation("ListImageScanFindingAggregations")
    def list_image_scan_finding_aggregations(self, request: ListImageScanFindingAggregationsRequestTypeDef) -> Answer:
        """Counts for every image, pipeline or vulnerability that the filter names; without a filter, for the account.

        What has no findings is left out.

        :raises InvalidParameterValueException: the filter has another name.
        """
        type_, values = _aggregation_filter(request)
        member, key_name = _AGGREGATIONS[type_]
        self.scan_findings.refresh(self.builds_in_progress)
        rows, token = self.list_page(
            "ListImageScanFindingAggregations",
            request,
            # With its key, as a row of the page.
            lambda after: ((row[0], row) for row in self.scan_findings.counts_after(type_, values, after)),
        )
        responses = [{member: {key_name: key, "severityCounts": _severity_counts(counts)}} for key, counts in rows]
        return {"aggregationType": type_, "responses": responses, **token}


def _aggregation_filter(request: Mapping[str, Any]) -> tuple[str, list[str] | None]:
    """The type of the aggregation, and the keys that it is about: None for all."""
    if "filter" not in request:
        return "accountId", None
    name = request["filter"].get("name")
    allowed = sorted(_AGGREGATIONS.keys() & _FILTERED.keys())
    if name not in allowed:
        raise invalid_value("filter.name", f"Valid filter names are: {', '.join(allowed)}.")
    return name, request["filter"].get("values")


def _severity_counts(counts: Counter[str]) -> dict[str, int]:
    return {"all": counts.total(), **{severity.lower(): counts[severity] for severity in _COUNTED}}


def _require_scanning(image: Image) -> None:
    if scans.status_of(image) is None:
        raise ValueError(f"{image.arn} is not scanned: its imageScanningConfiguration does not enable it")
    if scans.scans_output_ami(image):
        raise ValueError(f"EC2 has the findings of {image.arn}: its scanning type is ON_DEMAND_AMI_CVE")
    if not scans.is_running(image) and scans.status_of(image) != scans.COMPLETED:
        raise ValueError(f"{image.arn} has no findings: its scan has ended with the status {scans.status_of(image)}")


def check_scan_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """
    :param findings: what is to be found in images that are not known yet.
    :raises ValueError: there are none, one breaks the model of ImageScanFinding or says what its image decides on.
    """
    if not findings:
        raise ValueError("findings must have at least one entry")
    for finding in findings:
        for member in _OF_IMAGE:
            if finding.get(member) is not None:
                raise ValueError(f"finding.{member} is for the image to say")
        _read_finding(finding, {"type": TYPE})


@cache
def _finding_reader() -> Reader:
    return compile_reader(load_model(), "ImageScanFinding")


def _read_finding(finding: Mapping[str, Any], of_image: Mapping[str, str | None]) -> Record:
    """A finding with what its image decides on.

    :raises ValueError: it breaks the model of ImageScanFinding, or is not one that Image Builder would show of the image.
    """
    given = _plain(finding, "finding")
    try:
        record: Record = _finding_reader()(given, "finding")
    except Refusal as refusal:
        raise ValueError(f"{refusal.path} {refusal.rule}") from None
    _refuse_unknown(given, record, "finding")
    for member, allowed in (("severity", SEVERITIES), ("fixAvailable", _FIX_AVAILABLE)):
        if record.get(member, allowed[0]) not in allowed:
            raise ValueError(f"finding.{member} must be one of: {', '.join(allowed)}")
    for member, value in of_image.items():
        if record.get(member, value) != value:
            raise ValueError(f"finding.{member} must be {value} for this image")
    return {**record, **{member: value for member, value in of_image.items() if value is not None}}


def _plain(value: Any, path: str) -> Any:
    """A value as JSON would have it: times in seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{path} must have a time zone")
        return value.timestamp()
    if isinstance(value, Mapping):
        return {name: _plain(item, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{number}]") for number, item in enumerate(value)]
    return value


def _refuse_unknown(given: Any, read: Any, path: str) -> None:
    """:raises ValueError: the reader has left out a member, so the model does not know it."""
    if isinstance(given, dict):
        for name, item in given.items():
            if item is not None and name not in read:
                raise ValueError(f"{path}.{name} is not known to the API model")
            if item is not None:
                _refuse_unknown(item, read[name], f"{path}.{name}")
    elif isinstance(given, list):
        for number, item in enumerate(given):
            _refuse_unknown(item, read[number], f"{path}[{number}]")
