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

from ...regions import is_region
from ..ami_outputs import CopyRefused, Destination, copy_to, destinations_of, share
from ..build import StageFailed
from ..distribution_failures import DistributionRefused, RegionFailure, distribution_failed, integration_failed
from ..image_configurations import configure
from ..outputs import ec2
from .instance_actions import run_command
from .step_run import Outputs, StepRun

#: The entry of one AMI in the outputs of these actions.
Entry = dict[str, Any]

_ACCOUNT_ID = re.compile("[0-9]{12}")
_COMPLETED, _FAILED = "Completed", "Failed"

#: The values of the output ``step`` by those of the API's ImageConfigurationStep.
_RUNNING = {
    "ASSOCIATE_LICENSES": "AssociateLicensesRunning",
    "UPDATE_LAUNCH_TEMPLATES": "UpdateLaunchTemplateRunning",
    "PUT_SSM_PARAMETERS": "PutSsmParametersRunning",
    "UPDATE_FAST_LAUNCH_CONFIGURATIONS": "UpdateFastLaunchConfiguration",
    "EXPORT_AMI": "ExportAmiRunning",
}

#: The configurations that name an account, and how.
_ACCOUNT_MEMBERS = {
    "launchTemplateConfigurations": "accountId",
    "ssmParameterConfigurations": "amiAccountId",
    "fastLaunchConfigurations": "accountId",
}


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
            share(run.image, destination, ami["amiId"], attributes[destination.region])
        except (ec2.AmiGone, CopyRefused) as error:
            message = f"EC2 Client Error: '{error}'" if isinstance(error, ec2.AmiGone) else str(error)
            refusals.append(DistributionRefused(destination.region, destination.account_id, message))
            entries.append(_ended(run, ami, "ModifyAmiRunning", message))
        else:
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
        settings = _settings_for(run, ami["accountId"], configurations.get(ami["region"], {}))
        if settings is None:
            continue
        failure = configure(run.image, ami["region"], {ami["accountId"]: ami["amiId"]}, settings, run.moment)
        if failure is None:
            entries.append(_ended(run, ami))
        else:
            failures.append(failure)
            entries.append(_ended(run, ami, _RUNNING[failure.step], failure.message))
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
    if not is_region(given["region"]):
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


def _settings_for(run: StepRun, account_id: str, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What of a Region's settings is for the AMI of an account: for other accounts than the image's own, parameters only.

    None if there is nothing for it.
    """
    own_account = run.image.backend.account_id
    if not settings or (account_id != own_account and "ssmParameterConfigurations" not in settings):
        return None
    # Where a distribution configuration has lists, a workflow may have one of them.
    for_account = {
        member: [each for each in _as_list(settings[member]) if each.get(account_member, own_account) == account_id]
        for member, account_member in _ACCOUNT_MEMBERS.items()
        if member in settings
    }
    if account_id != own_account:
        parameters = for_account["ssmParameterConfigurations"]
        return {"ssmParameterConfigurations": parameters} if parameters else None
    return {**settings, **for_account}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
