"""ExportImage, DescribeExportImageTasks and CancelExportTask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError

from ..imagebuilder.builds.outputs import s3
from ..imagebuilder.builds.outputs.ec2 import new_id
from ..imagebuilder.builds.vm_tasks import ExportTask
from ..imagebuilder.models import imagebuilder_backends
from .errors import invalid_parameter, invalid_value, malformed_id, missing, not_one_of
from .requests import (
    Answer,
    Ec2Request,
    Parameters,
    at_work,
    given,
    in_states,
    is_task_id,
    page_of,
    require_cancelable,
    start_once,
    tag_list,
    tags_of,
    task_id_of,
)

PREFIX = "export-ami-"
FORMATS = ("VMDK", "RAW", "VHD")
_LONGEST_DESCRIPTION = 255
_LARGEST_PAGE = 500


def export_image(request: Ec2Request) -> Answer:
    parameters: Parameters = request.params
    _check(parameters)
    tags = tags_of(request, "export-image-task")
    request.error_on_dryrun()
    with at_work(request) as moment:
        task = start_once(
            request, imagebuilder_backends.vm_tasks.exports, parameters, lambda: _new_task(request, tags, moment)
        )
        return _shown(task) | given(task.given, "DiskImageFormat", "RoleName")


def describe_export_image_tasks(request: Ec2Request) -> Answer:
    parameters, filters = request.params, request._filters_from_querystring()
    request.error_on_dryrun()
    with at_work(request) as moment:
        task_ids = parameters.get("ExportImageTaskIds") or []
        tasks = [_find(request, task_id) for task_id in dict.fromkeys(task_ids)]
        if not task_ids:
            tasks = imagebuilder_backends.vm_tasks.exports.of(request.current_account, request.region)
        for task in tasks:
            task.observe(moment)
        page, token = page_of(in_states(tasks, filters), task_id_of, parameters, _LARGEST_PAGE)
        return {"ExportImageTasks": [_shown(task) for task in page], **token}


def cancel_export_task(request: Ec2Request) -> Answer:
    """Has no answer. Nothing is in S3 yet that would have to be removed."""
    task_id = request.params.get("ExportTaskId")
    if not task_id:
        raise missing("ExportTaskId")
    with at_work(request) as moment:
        task = _find(request, task_id)
        require_cancelable(task, "export")
        task.cancel("The task was canceled.", moment)
        task.settle(moment)
        return {}


def _check(parameters: Parameters) -> None:
    """What can be said of a request without looking at anything else, :raises EC2ClientError: it is not valid."""
    for name in ("DiskImageFormat", "ImageId", "S3ExportLocation"):
        if not parameters.get(name):
            raise missing(name)
    if not parameters["S3ExportLocation"].get("S3Bucket"):
        raise missing("S3ExportLocation.S3Bucket")
    if parameters["DiskImageFormat"] not in FORMATS:
        raise not_one_of("DiskImageFormat", parameters["DiskImageFormat"], FORMATS)
    description = parameters.get("Description") or ""
    if len(description) > _LONGEST_DESCRIPTION:
        raise invalid_value("Description", description, f"It can have {_LONGEST_DESCRIPTION} characters.")


def _new_task(request: Ec2Request, tags: Mapping[str, str], moment: datetime) -> ExportTask:
    parameters: Parameters = request.params
    location, role_name = parameters["S3ExportLocation"], parameters.get("RoleName") or "vmimport"
    ami_id: str = parameters["ImageId"]
    _require_exportable(request, ami_id)
    try:
        s3.require_export(request.current_account, request.region, role_name, location["S3Bucket"])
    except s3.ExportRefused as refusal:
        raise invalid_parameter(str(refusal)) from None
    task = ExportTask(
        task_id=new_id("export-ami"),
        account_id=request.current_account,
        region=request.region,
        entered=moment,
        given={**given(parameters, "Description", "DiskImageFormat", "S3ExportLocation"), "RoleName": role_name},
        tags=tags,
        ami_id=ami_id,
    )
    task.finish = lambda moment: s3.write_disk_image(task, moment)
    return task


def _require_exportable(request: Ec2Request, ami_id: str) -> None:
    """:raises EC2ClientError: there is no such AMI, or it is one that can't be exported, or is being exported."""
    (*_, ami) = request.ec2_backend.describe_images(ami_ids=[ami_id]) or [None]
    if ami is None:
        raise InvalidAMIIdError(ami_id)
    reason = None
    if ami.owner_id != request.current_account:
        reason = "does not belong to this account"
    elif ami.ebs_snapshot.encrypted:
        reason = "has encrypted EBS block devices"
    if reason is not None:
        raise invalid_parameter(f"The image ID ({ami_id}) provided {reason} and is not exportable.")
    tasks = imagebuilder_backends.vm_tasks.exports.of(request.current_account, request.region)
    if any(task.is_running and task.ami_id == ami_id for task in tasks):
        raise invalid_parameter(f"The image ID ({ami_id}) provided has an export task in progress.")


def _find(request: Ec2Request, task_id: str) -> ExportTask:
    if not is_task_id(task_id, PREFIX):
        raise malformed_id("InvalidExportTaskID.Malformed", task_id, PREFIX)
    task = imagebuilder_backends.vm_tasks.exports.find(request.current_account, request.region, task_id)
    if task is None:
        raise EC2ClientError("InvalidExportTaskID.NotFound", f"The export task ID '{task_id}' does not exist")
    return task


def _shown(task: ExportTask) -> Answer:
    """A task in the members of EC2's answers."""
    answer = {
        "ExportImageTaskId": task.task_id,
        "ImageId": task.ami_id,
        "Status": task.state,
        "Tags": tag_list(task.tags),
        "Progress": task.progress,
        "StatusMessage": task.status_message,
        **given(task.given, "Description", "S3ExportLocation"),
    }
    return {name: value for name, value in answer.items() if value is not None}
