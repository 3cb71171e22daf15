"""EnableFastLaunch, DisableFastLaunch and DescribeFastLaunchImages.

What is enabled is enabled at once: only the answers of the first two have another state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError

from ..imagebuilder.builds.outputs import launch_templates
from ..imagebuilder.builds.outputs.fast_launch import MIN_PARALLEL_LAUNCHES, SNAPSHOTS, FastLaunch, fast_launches_of
from ..imagebuilder.resources.base import now
from .errors import combination, invalid_parameter, invalid_value, missing, not_one_of
from .requests import Answer, Ec2Request, Parameters, page_of

_SNAPSHOT = "snapshot"
_LARGEST_PAGE = 200
_FILTERS = ("resource-type", "owner-id", "state")


def enable_fast_launch(request: Ec2Request) -> Answer:
    parameters: Parameters = request.params
    type_, launches = parameters.get("ResourceType") or _SNAPSHOT, parameters.get("MaxParallelLaunches")
    if type_ != _SNAPSHOT:
        raise not_one_of("ResourceType", type_, (_SNAPSHOT,))
    if launches is None:
        launches = MIN_PARALLEL_LAUNCHES
    elif launches < MIN_PARALLEL_LAUNCHES:
        raise invalid_value("MaxParallelLaunches", launches, f"It must be {MIN_PARALLEL_LAUNCHES} or greater.")
    wanted = (parameters.get("SnapshotConfiguration") or {}).get("TargetResourceCount")
    if wanted is not None and wanted < 1:
        raise invalid_value("SnapshotConfiguration.TargetResourceCount", wanted, "It must be 1 or greater.")
    template = _template_of(request, parameters.get("LaunchTemplate") or {})
    ami = _own_windows_ami(request, parameters)
    request.error_on_dryrun()
    fast_launch = FastLaunch(
        ami.id, request.current_account, now(), SNAPSHOTS if wanted is None else wanted, launches, template
    )
    fast_launch.leave_in(request.ec2_backend)
    return _shown(fast_launch, "enabling")


def disable_fast_launch(request: Ec2Request) -> Answer:
    ami = _own_windows_ami(request, request.params)
    known = fast_launches_of(request.ec2_backend)
    if ami.id not in known:
        raise invalid_parameter(f"Fast Launch is not enabled for the image {ami.id}.")
    request.error_on_dryrun()
    return _shown(known.pop(ami.id), "disabling") | {"StateTransitionTime": now()}


def describe_fast_launch_images(request: Ec2Request) -> Answer:
    parameters, filters = request.params, request._filters_from_querystring()
    for name in filters:
        if name not in _FILTERS:
            raise not_one_of("Filter.Name", name, _FILTERS)
    request.error_on_dryrun()
    # An AMI that was deregistered is launched no more.
    known = {
        id_: each for id_, each in fast_launches_of(request.ec2_backend).items() if id_ in request.ec2_backend.amis
    }
    wanted = parameters.get("ImageIds") or list(known)
    rows = [
        row for id_ in dict.fromkeys(wanted) if id_ in known and _passes(row := _shown(known[id_], "enabled"), filters)
    ]
    page, token = page_of(rows, itemgetter("ImageId"), parameters, _LARGEST_PAGE)
    return {"FastLaunchImages": page, **token}


def _passes(row: Answer, filters: Mapping[str, Sequence[str]]) -> bool:
    values = dict(zip(_FILTERS, (row["ResourceType"], row["OwnerId"], row["State"]), strict=True))
    return all(values[name] in wanted for name, wanted in filters.items())


def _own_windows_ami(request: Ec2Request, parameters: Parameters) -> Any:
    """moto's AMI, :raises EC2ClientError: it is missing, somebody else's or not of Windows."""
    ami_id = parameters.get("ImageId")
    if not ami_id:
        raise missing("ImageId")
    ami = request.ec2_backend.amis.get(ami_id)
    if ami is None:
        raise InvalidAMIIdError(ami_id)
    if ami.owner_id != request.current_account:
        raise EC2ClientError("AuthFailure", f"Not authorized for image:{ami_id}")
    if ami.platform != "windows":
        raise invalid_parameter(f"The image {ami_id} is not a Windows image")
    return ami


def _template_of(request: Ec2Request, given: Mapping[str, str]) -> dict[str, str]:
    """:raises EC2ClientError: it does not exist, is named twice or not at all, or has no version."""
    if not given:
        return {}
    names = {"LaunchTemplateId": "launchTemplateId", "LaunchTemplateName": "launchTemplateName"}
    if len(given.keys() & names) != 1:
        raise combination(
            "Launch template parameters can include either the name or ID of the launch template, not both."
        )
    if not given.get("Version"):
        raise missing("LaunchTemplate.Version")
    wanted = {names[name]: value for name, value in given.items() if name in names}
    place = request.current_account, request.region
    try:
        launch_templates.require(*place, {**wanted, "launchTemplateVersion": given["Version"]})
    except launch_templates.NoLaunchTemplate as error:
        code = (
            "InvalidLaunchTemplateId.VersionNotFound" if "version" in str(error) else "InvalidLaunchTemplateId.NotFound"
        )
        raise EC2ClientError(code, str(error)) from None
    return dict(given)


def _shown(fast_launch: FastLaunch, state: str) -> Answer:
    """In the members of EC2's answers."""
    template = {"LaunchTemplate": dict(fast_launch.launch_template)} if fast_launch.launch_template else {}
    return {
        "ImageId": fast_launch.ami_id,
        "ResourceType": _SNAPSHOT,
        "SnapshotConfiguration": {"TargetResourceCount": fast_launch.snapshots},
        **template,
        "MaxParallelLaunches": fast_launch.max_parallel_launches,
        "OwnerId": fast_launch.owner_id,
        "State": state,
        "StateTransitionReason": "Client.UserInitiated",
        "StateTransitionTime": fast_launch.moment,
    }
