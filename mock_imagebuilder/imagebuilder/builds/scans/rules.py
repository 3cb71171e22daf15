"""Scans whose outcome a test has laid down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet

from ..rules import BuildFilter, Rule

if TYPE_CHECKING:
    from ...resources.image import Image

Finding = Mapping[str, Any]
ScanFailureStatus = Literal["FAILED", "TIMED_OUT"]

#: What the reason is if the test gives none.
DEFAULT_REASONS: Mapping[str, str] = {
    "FAILED": "The scan was made to fail by the test.",
    "TIMED_OUT": "The scan was made to time out by the test.",
}


@dataclass(kw_only=True, eq=False)
class ScanFindings(Rule):
    """Scans of images find these vulnerabilities, in the members of the API's ImageScanFinding.

    An image is counted once, however often it is scanned.
    """

    builds: BuildFilter
    findings: Sequence[Finding]
    _images: WeakSet[Image] = field(default_factory=WeakSet, init=False)

    def applies_to(self, image: Image) -> bool:
        """Whether this is a scan in which they are found for the first time. Asked once for each scan."""
        if image in self._images or not self.builds.accepts(image):
            return False
        self._images.add(image)
        self.count()
        return True


@dataclass(kw_only=True, eq=False)
class ScanFailure(Rule):
    """Scans of images end like this."""

    builds: BuildFilter
    status: ScanFailureStatus
    reason: str
