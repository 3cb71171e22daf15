"""How a build ends that could not be distributed: the texts and the failure context of the stages DISTRIBUTING and
INTEGRATING."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .build import StageFailed

if TYPE_CHECKING:
    from ..resources.image import Image

_STATUSES = {"Distribution": "DISTRIBUTING", "Integration": "INTEGRATING"}


@dataclass(frozen=True)
class DistributionRefused:
    """One Region and account that the image could not be distributed to."""

    region: str
    account_id: str
    message: str


@dataclass(frozen=True)
class RegionFailure:
    """One Region in which the distributed image could not be configured."""

    region: str
    #: A value of the API's ImageConfigurationStep.
    step: str
    message: str


def distribution_failed(image: Image, refusals: Sequence[DistributionRefused]) -> StageFailed:
    """The end of a build in DISTRIBUTING."""
    sentences = " ".join(
        f"{number}) {refusal.message} when distributing the image from the source account "
        f"(ID: {image.backend.account_id}) to the destination account (ID: {refusal.account_id}) "
        f"in Region {refusal.region}."
        for number, refusal in enumerate(refusals, start=1)
    )
    return _failed(
        image,
        "Distribution",
        f"'Not all distribution jobs are completed. {sentences}'",
        sentences,
        [{"region": refusal.region, "errorMessage": refusal.message} for refusal in refusals],
    )


def integration_failed(image: Image, failures: Sequence[RegionFailure]) -> StageFailed:
    """The end of a build in INTEGRATING."""
    message = " ".join(f"In region '{failure.region}' - '{failure.message}'" for failure in failures)
    regions = [
        {"region": failure.region, "imageConfigurationStep": failure.step, "errorMessage": failure.message}
        for failure in failures
    ]
    return _failed(image, "Integration", message, message, regions)


def _failed(image: Image, job: str, details: str, message: str, regions: Sequence[dict[str, Any]]) -> StageFailed:
    job_id = image.workflow_runs.job_id(_STATUSES[job])
    return StageFailed(
        f"{job} failed with JobId '{job_id}', status = 'Failed' for ARN '{image.arn}'. {details}",
        distributionFailure={
            "errorMessage": message,
            "regionFailures": [{**region, "status": "FAILED"} for region in regions],
        },
    )
