"""The scan of an image: ``scanState`` of the API's Image, and when the findings are to be seen.

An image whose settings enable scanning starts as PENDING. The scan runs while the image is TESTING (SCANNING). What
Amazon Inspector finds on the test instance, or in the container image, is collected by the step action
CollectImageScanFindings (COLLECTING), and is to be seen from then on (COMPLETED). An on-demand scan of the output AMI is
over when the tests are. A scan that has not come that far when the build ends is ABANDONED; to be tested again is to be
scanned again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...resources.image import Image
    from .rules import ScanFailureStatus

#: The member of the API's Image.
STATE = "scanState"

PENDING, SCANNING, COLLECTING = "PENDING", "SCANNING", "COLLECTING"
COMPLETED, ABANDONED = "COMPLETED", "ABANDONED"
_RUNNING = (PENDING, SCANNING, COLLECTING)


def first_state(settings: Mapping[str, Any]) -> dict[str, str] | None:
    """The state of the scan of a new image, None if its settings do not enable it."""
    scanning: Mapping[str, Any] = settings.get("imageScanningConfiguration", {})
    return {"status": PENDING} if scanning.get("imageScanningEnabled") else None


def status_of(image: Image) -> str | None:
    """A value of the API's ImageScanStatus; None if the image is not scanned."""
    state: Mapping[str, str] = image.record.get(STATE, {})
    return state.get("status")


def scans_output_ami(image: Image) -> bool:
    """Whether it is EC2 that has the findings."""
    return "ON_DEMAND_AMI_CVE" in image.record.get("imageScanningConfiguration", {}).get("imageScanningTypes", ())


def is_running(image: Image) -> bool:
    return status_of(image) in _RUNNING


def follow(image: Image) -> None:
    """The image has another status: so has its scan."""
    if image.status == "TESTING":
        is_repeated = status_of(image) == COMPLETED
        _become(image, SCANNING)
        if is_repeated:
            image.backend.scan_findings.refresh((image.build,))
    elif image.status in ("AVAILABLE", "FAILED", "CANCELLED") and is_running(image):
        _become(image, ABANDONED)


def collects(image: Image) -> None:
    """Image Builder is fetching what the scan has found."""
    _become(image, COLLECTING)


def completes(image: Image) -> None:
    """Lists and counts have the findings of the image from now on."""
    if status_of(image) != COMPLETED:
        _become(image, COMPLETED)


def end_badly(image: Image, status: ScanFailureStatus, reason: str) -> None:
    """The scan ends without findings to be seen."""
    _become(image, status, reason)


def _become(image: Image, status: str, reason: str | None = None) -> None:
    image.update(**{STATE: {"status": status} if reason is None else {"status": status, "reason": reason}})
