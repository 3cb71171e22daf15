"""Disk images in moto's S3: those that imports read, and what EC2's ExportImage leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

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


def export_disk_image(backend: BackendCore, region: str, ami_id: str, configuration: Mapping[str, Any]) -> str:
    """Export an AMI as an ``s3ExportConfiguration`` says.

    The key is the prefix, to the letter, then the name of the export task and the format. The object does not hold a
    disk: it is a short JSON text that names the AMI.

    :returns: the key of the object.
    :raises ExportRefused: the bucket does not exist, is in another Region, or the role does not exist.
    """
    partition = get_partition(region)
    role_name, bucket_name = configuration["roleName"], configuration["s3Bucket"]
    iam = backend_of("iam", backend.account_id, partition)
    if not any(role.name == role_name for role in list(iam.roles.values())):
        raise ExportRefused(
            f"The service role {role_name} provided does not exist or does not have sufficient permissions"
        )
    s3 = backend_of("s3", backend.account_id, partition)
    bucket = s3.buckets.get(bucket_name)
    if bucket is None:
        raise ExportRefused(f"The specified bucket does not exist: {bucket_name}")
    if bucket.region_name != region:
        raise ExportRefused(f"The bucket {bucket_name} is not in the Region {region}")
    disk_format = configuration["diskImageFormat"]
    key = f"{configuration.get('s3Prefix', '')}export-ami-{mock_random.getrandbits(68):017x}.{disk_format.lower()}"
    body = json.dumps({"imageId": ami_id, "diskImageFormat": disk_format, "region": region})
    s3.put_object(bucket_name, key, body.encode())
    return key
