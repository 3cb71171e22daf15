"""EnableImageBlockPublicAccess, DisableImageBlockPublicAccess and GetImageBlockPublicAccessState."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError

from ..imagebuilder.builds.outputs import public_access
from ..imagebuilder.builds.outputs.public_access import BLOCKED, UNBLOCKED
from .errors import missing, not_one_of
from .requests import Answer, Ec2Request

_PARAMETER = "ImageBlockPublicAccessState"


def enable_image_block_public_access(request: Ec2Request) -> Answer:
    state = request.params.get(_PARAMETER)
    if not state:
        raise missing(_PARAMETER)
    if state != BLOCKED:
        raise not_one_of(_PARAMETER, state, (BLOCKED,))
    request.error_on_dryrun()
    public_access.set_state(request.ec2_backend, BLOCKED)
    return {_PARAMETER: BLOCKED}


def disable_image_block_public_access(request: Ec2Request) -> Answer:
    request.error_on_dryrun()
    public_access.set_state(request.ec2_backend, UNBLOCKED)
    return {_PARAMETER: UNBLOCKED}


def get_image_block_public_access_state(request: Ec2Request) -> Answer:
    request.error_on_dryrun()
    return {_PARAMETER: public_access.state_of(request.ec2_backend), "ManagedBy": "account"}


def require_may_publish(request: Ec2Request) -> None:
    """What ModifyImageAttribute is to look at first.

    :raises EC2ClientError: it would share an AMI with the public, which the account does not want.
    """
    parameters = request.params
    added = [each.get("Group") for each in (parameters.get("LaunchPermission") or {}).get("Add", ())]
    if parameters.get("OperationType") == "add":
        added += parameters.get("UserGroups") or []
    if "all" in added and public_access.state_of(request.ec2_backend) == BLOCKED:
        raise EC2ClientError("OperationNotPermitted", public_access.REFUSAL)
