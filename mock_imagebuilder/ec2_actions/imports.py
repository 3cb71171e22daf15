"""ImportImage, DescribeImportImageTasks and CancelImportTask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameterDependency
from moto.utilities.utils import get_partition

from ..imagebuilder.builds.outputs import ec2, s3
from ..imagebuilder.builds.outputs.outbox import backend_of
from ..imagebuilder.builds.vm_tasks import Disk, ImportTask, TaskFailed
from ..imagebuilder.models import imagebuilder_backends
from .disks import check_containers, find_disks
from .errors import combination, invalid_parameter, invalid_value, malformed_id, missing, not_one_of
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

PREFIX = "import-ami-"
_VALUES = {
    "Architecture": ("i386", "x86_64"),
    "BootMode": ("legacy-bios", "uefi"),
    "Hypervisor": ("xen",),
    "LicenseType": ("AWS", "BYOL"),
    "Platform": ("Windows", "Linux"),
}
#: What tasks show as the request has said it.
_SHOWN = ("BootMode", "Description", "Encrypted", "Hypervisor", "KmsKeyId", "LicenseType", "UsageOperation")
_KEPT = (*_SHOWN, "Architecture", "LicenseSpecifications", "Platform")
_USAGE_OPERATION = re.compile(r"RunInstances(:[0-9a-z]{4})?")
_WINDOWS_OPERATIONS = {f"RunInstances:{code}" for code in ("0002", "0006", "0102", "0202", "0800")}
_LICENSE_CONFIGURATION = re.compile(r"arn:aws[a-z-]*:license-manager:[a-z0-9-]+:[0-9]{12}:license-configuration:lic-.+")
_MOST_DISKS = 21
_KEPT_FOR = timedelta(days=7)


def import_image(request: Ec2Request) -> Answer:
    parameters: Parameters = request.params
    _check(parameters)
    tags = tags_of(request, "import-image-task")
    request.error_on_dryrun()
    with at_work(request) as moment:
        task = start_once(
            request, imagebuilder_backends.vm_tasks.imports, parameters, lambda: _new_task(request, tags, moment)
        )
        answer = _shown(task)
        # The one member of a task that ImportImage does not answer with.
        answer.pop("BootMode", None)
        return answer


def describe_import_image_tasks(request: Ec2Request) -> Answer:
    parameters, filters = request.params, request._filters_from_querystring()
    request.error_on_dryrun()
    with at_work(request) as moment:
        tasks = _described(request, parameters.get("ImportTaskIds") or [], moment)
        page, token = page_of(in_states(tasks, filters), task_id_of, parameters, None)
        return {"ImportImageTasks": [_shown(task) for task in page], **token}


def cancel_import_task(request: Ec2Request) -> Answer:
    task_id = request.params.get("ImportTaskId")
    if not task_id:
        raise missing("ImportTaskId")
    request.error_on_dryrun()
    with at_work(request) as moment:
        task = _find(request, task_id)
        require_cancelable(task, "import")
        task.cancel(request.params.get("CancelReason") or "The task was canceled.", moment)
        answer = {"ImportTaskId": task_id, "PreviousState": "active", "State": task.state}
        task.settle(moment)
        imagebuilder_backends.running_builds.add(task)
        return answer


def _check(parameters: Parameters) -> None:
    """What can be said of a request without looking at anything else, :raises EC2ClientError: it is not valid."""
    check_containers(parameters.get("DiskContainers") or [])
    for name, values in _VALUES.items():
        value = parameters.get(name)
        if value and value not in values:
            raise not_one_of(name, value, values)
    usage = parameters.get("UsageOperation")
    if usage and parameters.get("LicenseType"):
        raise combination("The parameters LicenseType and UsageOperation cannot be used together")
    if usage and not _USAGE_OPERATION.fullmatch(usage):
        raise invalid_value("UsageOperation", usage)
    if parameters.get("KmsKeyId") and not parameters.get("Encrypted"):
        raise InvalidParameterDependency("KmsKeyId", "Encrypted")
    for entry in parameters.get("LicenseSpecifications") or []:
        arn = entry.get("LicenseConfigurationArn", "")
        if not _LICENSE_CONFIGURATION.fullmatch(arn):
            raise invalid_value("LicenseConfigurationArn", arn)
    has_snapshot = any(container.get("SnapshotId") for container in parameters["DiskContainers"])
    if has_snapshot and parameters.get("BootMode") == "uefi" and not parameters.get("Platform"):
        raise missing("Platform")


def _new_task(request: Ec2Request, tags: Mapping[str, str], moment: datetime) -> ImportTask:
    parameters: Parameters = request.params
    try:
        role_name = parameters.get("RoleName") or "vmimport"
        s3.require_vm_role(request.current_account, get_partition(request.region), role_name)
    except s3.ExportRefused as refusal:
        raise invalid_parameter(str(refusal)) from None
    is_windows = parameters.get("UsageOperation") in _WINDOWS_OPERATIONS
    task = ImportTask(
        task_id=ec2.new_id("import-ami"),
        account_id=request.current_account,
        region=request.region,
        entered=moment,
        given=given(parameters, *_KEPT),
        tags=tags,
        platform=parameters.get("Platform") or ("Windows" if is_windows else "Linux"),
        disks=find_disks(request, parameters["DiskContainers"]),
    )
    task.finish = lambda moment: _finish(task, moment)
    return task


def _finish(task: ImportTask, moment: datetime) -> None:
    """Leave the AMI, :raises TaskFailed: the virtual machine can't be imported."""
    if len(task.disks) > _MOST_DISKS:
        raise TaskFailed(f"ClientError: VMs with more than {_MOST_DISKS} volumes are not supported")
    _require_key(task)
    platform = task.platform or "Linux"
    description = f"AWS-VMImport service: {platform}"
    ec2.leave_imported(imagebuilder_backends.outbox, task, moment, platform, description)


def _require_key(task: ImportTask) -> None:
    """EC2 looks for the key after it has accepted a task."""
    key_id = task.given.get("KmsKeyId")
    if key_id is None:
        return
    from moto.kms.exceptions import NotFoundException

    try:
        backend_of("kms", task.account_id, task.region).describe_key(key_id)
    except (KeyError, NotFoundException):
        raise TaskFailed(f"ClientError: The KMS key {key_id} does not exist") from None


def _described(request: Ec2Request, task_ids: list[str], moment: datetime) -> list[ImportTask]:
    """The tasks that the request names, or all of them, as they are now that they are looked at."""
    if task_ids:
        tasks = [_find(request, task_id) for task_id in dict.fromkeys(task_ids)]
    else:
        tasks = imagebuilder_backends.vm_tasks.imports.of(request.current_account, request.region)
        tasks = [task for task in tasks if task.ended is None or moment - task.ended < _KEPT_FOR]
    for task in tasks:
        task.observe(moment)
    return tasks


def _find(request: Ec2Request, task_id: str) -> ImportTask:
    if not is_task_id(task_id, PREFIX):
        raise malformed_id("InvalidConversionTaskId.Malformed", task_id, PREFIX)
    task = imagebuilder_backends.vm_tasks.imports.find(request.current_account, request.region, task_id)
    if task is None:
        raise EC2ClientError("InvalidConversionTaskId", f"The conversion task ID '{task_id}' does not exist")
    return task


def _shown(task: ImportTask) -> Answer:
    """A task in the members of EC2's answers. What EC2 finds out about the machine comes with the phases, as recorded."""
    has_ended, phase = task.state == "completed", task.phase_number
    answer = {
        "ImportTaskId": task.task_id,
        "Status": task.state,
        **given({"Progress": task.progress, "StatusMessage": task.status_message}, "Progress", "StatusMessage"),
        **{name: value for name, value in task.given.items() if name != "Platform"},
        "SnapshotDetails": [_shown_disk(disk, phase, has_ended) for disk in task.disks],
        "Tags": tag_list(task.tags),
    }
    if task.disks and (has_ended or phase >= 3):
        answer.setdefault("Architecture", "x86_64")
    if task.platform and (not task.disks or has_ended or phase >= 3 or "Platform" in task.given):
        answer["Platform"] = task.platform
    if has_ended:
        answer["ImageId"] = task.ami_id
    return answer


def _shown_disk(disk: Disk, phase: int, has_ended: bool) -> dict[str, Any]:
    if not disk.source:
        return given(_members(disk), "Description", "DeviceName", "SnapshotId") | {"Status": "completed"}
    members = _members(disk)
    names = ["Description", "Format", "Url", "UserBucket"]
    if has_ended or phase >= 1:
        # The disks in an OVA are in this format.
        members["Format"] = "VMDK" if disk.format == "OVA" else disk.format
        members["Status"] = "completed" if has_ended or phase >= 2 else "active"
        names.append("Status")
    if has_ended or phase >= 3:
        names.append("DeviceName")
    if has_ended or phase >= 4:
        names.append("SnapshotId")
    # In bytes, as recorded; the model says GiB.
    return given(members, *names) | {"DiskImageSize": float(disk.size if has_ended or phase >= 1 else 0)}


def _members(disk: Disk) -> dict[str, Any]:
    return {
        "Description": disk.description,
        "DeviceName": disk.device_name,
        "Format": disk.format,
        "SnapshotId": disk.snapshot_id,
        **disk.source,
    }
