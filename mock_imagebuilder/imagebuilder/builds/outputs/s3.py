"""Disk images in moto's S3: those that imports read, and what EC2's ExportImage leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.utilities.utils import get_partition

from ..execution_role import is_usable_for_vm_tasks
from ..vm_tasks import ExportTask, TaskFailed
from .ec2 import new_id
from .outbox import backend_of

if TYPE_CHECKING:
    from ...resources.base import BackendCore


class ExportRefused(Exception):
    """EC2 would refuse the export task; the text is EC2's."""


def has_own_bucket(account_id: str, partition: str, name: str) -> bool:
    """Whether a bucket belongs to the account itself."""
    return name in backend_of("s3", account_id, partition).buckets


def has_object(account_id: str, partition: str, uri: str) -> bool:
    """Whether there is an object at ``s3://bucket/key`` in a bucket of the account itself."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not has_own_bucket(account_id, partition, bucket):
        return False
    return backend_of("s3", account_id, partition).get_object(bucket, key) is not None


def require_vm_role(account_id: str, partition: str, role_name: str) -> None:
    """:raises ExportRefused: there is no such role, or VM Import/Export can't assume it."""
    if not is_usable_for_vm_tasks(account_id, partition, role_name):
        raise ExportRefused(
            f"The service role {role_name} provided does not exist or does not have sufficient permissions"
        )


def require_export(account_id: str, region: str, role_name: str, bucket_name: str) -> None:
    """:raises ExportRefused: the role is not usable, or the bucket does not exist in the account and the Region."""
    partition = get_partition(region)
    require_vm_role(account_id, partition, role_name)
    bucket = backend_of("s3", account_id, partition).buckets.get(bucket_name)
    if bucket is None:
        raise ExportRefused(f"The specified bucket does not exist: {bucket_name}")
    if bucket.region_name != region:
        raise ExportRefused("The given S3 object is not local to the region.")


def key_of(task: ExportTask) -> str:
    """Where an export task leaves its disk: the prefix, to the letter, then the name of the task and the format."""
    prefix = task.given["S3ExportLocation"].get("S3Prefix", "")
    return f"{prefix}{task.task_id}.{task.given['DiskImageFormat'].lower()}"


def write_disk_image(task: ExportTask, moment: datetime) -> None:
    """Write what an export task is to leave: a short JSON text that names the AMI, where EC2 leaves a disk.

    :raises TaskFailed: the bucket is gone.
    """
    location, disk_format = task.given["S3ExportLocation"], task.given["DiskImageFormat"]
    s3 = backend_of("s3", task.account_id, get_partition(task.region))
    if location["S3Bucket"] not in s3.buckets:
        raise TaskFailed(f"ClientError: The specified bucket does not exist: {location['S3Bucket']}")
    body = json.dumps({"imageId": task.ami_id, "diskImageFormat": disk_format, "region": task.region})
    put(s3, location["S3Bucket"], key_of(task), body, moment)


def put(s3: Any, bucket: str, key: str, text: str, moment: datetime) -> None:
    """Write an object.

    :param s3: moto's backend.
    :param moment: when it is written.
    """
    s3.put_object(bucket, key, text.encode()).last_modified = moment.replace(tzinfo=None)


def export_disk_image(
    backend: BackendCore, region: str, ami_id: str, configuration: Mapping[str, Any], moment: datetime
) -> str:
    """Export an AMI as an ``s3ExportConfiguration`` says, in an export task of EC2 that has ended when this returns.

    :returns: the key of the object.
    :raises ExportRefused: the bucket does not exist, is in another Region, or the role is not usable.
    """
    account_id = backend.account_id
    role_name, bucket = configuration["roleName"], configuration["s3Bucket"]
    require_export(account_id, region, role_name, bucket)
    location = {"S3Bucket": bucket}
    if configuration.get("s3Prefix"):
        location["S3Prefix"] = configuration["s3Prefix"]
    task = ExportTask(
        task_id=new_id("export-ami"),
        account_id=account_id,
        region=region,
        entered=moment,
        ami_id=ami_id,
        given={
            "DiskImageFormat": configuration["diskImageFormat"],
            "RoleName": role_name,
            "S3ExportLocation": location,
        },
    )
    write_disk_image(task, moment)
    task.end("completed", moment)
    backend.vm_tasks.exports.add(task)
    return key_of(task)
