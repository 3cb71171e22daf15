"""What a build does about its scan: the step that collects findings, and the condition for those of an output AMI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..announcements import announce_findings
from ..build import Build, StageFailed
from ..scans import state as scans
from ..scans.rules import Finding
from .instance_actions import run_command
from .step_run import Outputs, StepRun

if TYPE_CHECKING:
    from ...resources.image import Image

_ASCENDING = ("UNTRIAGED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


def collect_image_scan_findings(run: StepRun) -> Outputs:
    outputs = run_command(run)
    if run.workflow_type == "TEST" and scans.is_running(run.image) and not scans.scans_output_ami(run.image):
        _collect(run)
    return outputs


def findings_are_visible(image: Image, moment: datetime) -> None:
    """From now on lists and counts have the findings of the image: its scan is complete.

    It is called again when a test adds findings later.
    """
    scans.completes(image)
    announce_findings(image, moment)


def _collect(run: StepRun) -> None:
    """Collect what the scan of a test instance or a container image has found.

    :raises StepFailed: a test wants the scan to end badly.
    """
    image, steering = run.image, run.image.backend.steering
    scans.collects(image)
    failure = steering.take_scan_failure(image)
    if failure is not None:
        scans.end_badly(image, failure.status, failure.reason)
        raise run.failed(failure.reason)
    image.backend.add_scan_findings(image, steering.take_scan_findings(image))
    findings_are_visible(image, run.moment)


def end_scan_of_output_ami(build: Build, moment: datetime) -> None:
    """The work of TESTING, for AMIs.

    :raises StageFailed: the scan has a condition, and has not ended well or has found what must not be there.
    """
    image = build.image
    if not (scans.is_running(image) and scans.scans_output_ami(image)):
        return
    steering = image.backend.steering
    condition: Mapping[str, Any] | None = image.record["imageScanningConfiguration"].get("scanResultCondition")
    failure = steering.take_scan_failure(image)
    if failure is not None:
        scans.end_badly(image, failure.status, failure.reason)
        if condition is not None:
            raise StageFailed(f"The scan of the output AMI ended with the status {failure.status}: {failure.reason}")
        return
    findings = steering.take_scan_findings(image)
    findings_are_visible(image, moment)
    if condition is not None and any(_exceeds(finding, condition) for finding in findings):
        raise StageFailed(
            f"The scan of the output AMI has findings above the maximum severity {condition['maximumSeverityLabel']}."
        )


def _exceeds(finding: Finding, condition: Mapping[str, Any]) -> bool:
    is_counted = not condition.get("fixAvailable", True) or finding.get("fixAvailable") in ("YES", "PARTIAL")
    severity = _ASCENDING.index(finding.get("severity", "UNTRIAGED"))
    return is_counted and severity > _ASCENDING.index(condition["maximumSeverityLabel"])
