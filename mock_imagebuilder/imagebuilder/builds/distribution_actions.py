"""The step actions of DISTRIBUTION workflows: copy an AMI, share its copies, configure what uses them; push a container.

Each of the three for AMIs works on what the one before has left, and does a part of what a build without a DISTRIBUTION
workflow does in its stages DISTRIBUTING and INTEGRATING. Inputs and outputs are those of the user guide's page on
supported step actions: without its own input a step goes by the image's distribution configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.settings import allow_unknown_region

from ..regions import all_regions
from .ami_outputs import CopyRefused, Destination, configure, copy_to, destinations_of, share
from .build import StageFailed
from .distribution_failures import DistributionRefused, RegionFailure, distribution_failed, integration_failed
from .instance_actions import run_command
from .outputs import ec2
from .step_run import Outputs, StepRun

#: The entry of one AMI in the outputs of these actions.
Entry = dict[str, Any]

_ACCOUNT_ID = re.compile("[0-9]{12}")
_COMPLETED, _FAILED = "Completed", "Failed"


def distribute_image(run: StepRun) -> Outputs:
    image = run.image
    given = run.inputs.get("distributions")
    distributions = _configured(run) if given is None else [_checked(run, each) for each in given]
    refusals: list[DistributionRefused] = []
    entries = [_copy(run, destination, refusals) for destination in destinations_of(image, distributions)]
    outputs = {"distributedImages": entries}
    if refusals:
        raise _failed(run, distribution_failed(image, refusals), outputs)
    return outputs


def modify_image_attributes(run: StepRun) -> Outputs:
    given = run.inputs.get("attributes")
    if given is None:
        attributes = {
            each["region"]: each.get("amiDistributionConfiguration", {}).get("launchPermission", {})
            for each in _configured(run)
        }
    else:
        attributes = {each["region"]: each.get("launchPermission", {}) for each in given}
    entries: list[Entry] = []
    refusals = []
    for ami in _distributed(run):
        if ami["region"] not in attributes:
            continue
        destination = Destination(ami["region"], ami["accountId"], {})
        try:
            ec2.require_ami(destination.account_id, destination.region, ami["amiId"])
        except ec2.AmiGone as error:
            message = f"EC2 Client Error: '{error}'"
            refusals.append(DistributionRefused(destination.region, destination.account_id, message))
            entries.append(_ended(run, ami, "ModifyAmiRunning", message))
        else:
            share(run.image, destination, ami["amiId"], attributes[destination.region])
            entries.append(_ended(run, ami))
    outputs = {"modifiedImages": entries}
    if refusals:
        raise _failed(run, distribution_failed(run.image, refusals), outputs)
    return outputs


def apply_image_configurations(run: StepRun) -> Outputs:
    given = run.inputs.get("configurations")
    configurations = {each["region"]: each for each in (_configured(run) if given is None else given)}
    entries: list[Entry] = []
    failures: list[RegionFailure] = []
    for ami in _distributed(run):
        # Copies that other accounts own are theirs to configure.
        if ami["accountId"] != run.image.backend.account_id or ami["region"] not in configurations:
            continue
        failed = [
            failure
            for settings in _one_by_one(configurations[ami["region"]])
            for failure in configure(run.image, ami["region"], ami["amiId"], settings)
        ]
        entries.append(_ended(run, ami, "ExportAmiRunning", failed[0].message) if failed else _ended(run, ami))
        failures += failed
    outputs = {"configuredImages": entries}
    if failures:
        raise _failed(run, integration_failed(run.image, failures), outputs)
    return outputs


def distribute_container_image(run: StepRun) -> Outputs:
    push = run.image.recipe.build_kind.push
    if push is None:
        raise run.failed(f"Action {run.step.action} is for images that create container images only")
    run_command(run)
    try:
        push(run.image, run.moment)
    except StageFailed as failure:
        failed = [region["region"] for region in failure.context["distributionFailure"]["regionFailures"]]
        outputs = {"status": "Failed", "succeededRegions": _pushed(run), "failedRegions": failed}
        raise _failed(run, failure, outputs) from None
    return {"status": "Success", "succeededRegions": _pushed(run), "failedRegions": []}


def _checked(run: StepRun, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of the step's own distributions, in the members of the API's Distribution.

    Only now it is known what their dynamic values stand for.
    """
    if given["region"] not in all_regions() and not allow_unknown_region():
        raise run.failed(f"The Region '{given['region']}' does not exist")
    for account_id in given.get("targetAccountIds", ()):
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise run.failed(f"The account ID '{account_id}' is not valid")
    return {"region": given["region"], "amiDistributionConfiguration": given}


def _copy(run: StepRun, destination: Destination, refusals: list[DistributionRefused]) -> Entry:
    """The entry of a destination in the outputs; what goes wrong is also added to the refusals."""
    region, account_id = destination.region, destination.account_id
    try:
        ami = copy_to(run.image, destination, run.moment)
    except CopyRefused as error:
        refusals.append(DistributionRefused(region, account_id, str(error)))
        return _ended(run, {"region": region, "accountId": account_id}, "CopyAmiRunning", str(error))
    return _ended(run, {"region": region, "name": ami["name"], "amiId": ami["image"], "accountId": account_id})


def _configured(run: StepRun) -> Sequence[Mapping[str, Any]]:
    """The entries of the image's distribution configuration."""
    configuration = run.image.record.get("distributionConfiguration")
    if configuration is None:
        raise run.failed("The image has no distribution configuration, and the step has no input in its place")
    distributions: Sequence[Mapping[str, Any]] = configuration["distributions"]
    return distributions


def _distributed(run: StepRun) -> Iterator[Entry]:
    """What an earlier step has distributed."""
    for entry in run.inputs["distributedImages"]:
        if entry["status"] == _COMPLETED:
            yield {name: entry[name] for name in ("region", "name", "amiId", "accountId")}


def _one_by_one(settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A workflow may have a list of exports, a distribution configuration has one."""
    exports = settings.get("s3ExportConfiguration")
    if isinstance(exports, list):
        for export in exports:
            yield {**settings, "s3ExportConfiguration": export}
    else:
        yield settings


def _ended(run: StepRun, ami: Entry, step: str = _COMPLETED, message: str | None = None) -> Entry:
    entry = {
        **ami,
        "dateStarted": _utc(run.begin),
        "dateStopped": _utc(run.end),
        "status": _COMPLETED if message is None else _FAILED,
        "step": step,
    }
    return entry if message is None else {**entry, "errorMessage": message}


def _failed(run: StepRun, failure: StageFailed, outputs: Outputs) -> Exception:
    return run.failed(failure.context["distributionFailure"]["errorMessage"], outputs, **failure.context)


def _pushed(run: StepRun) -> list[str]:
    return [entry["region"] for entry in run.image.record["outputResources"]["containers"]]


def _utc(moment: datetime) -> str:
    text: str = moment.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
