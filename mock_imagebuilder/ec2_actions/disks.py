"""The disks of a virtual machine that is imported: the ``DiskContainers`` of ImportImage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from moto.utilities.utils import get_partition

from ..imagebuilder.builds.outputs.ec2 import new_id
from ..imagebuilder.builds.outputs.outbox import backend_of
from ..imagebuilder.builds.vm_tasks import Disk
from .errors import combination, invalid_parameter, missing, no_snapshot, not_one_of
from .requests import Ec2Request

FORMATS = ("OVA", "VHD", "VHDX", "VMDK", "RAW")
_SOURCES = ("SnapshotId", "Url", "UserBucket")
_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-].*")
_PATH_HOST = re.compile(r"s3[.-].*")


def check_containers(containers: Sequence[Mapping[str, Any]]) -> None:
    """What can be said of the disks without looking at anything else.

    :raises EC2ClientError: there are none, or one is not described as it has to be.
    """
    if not containers:
        raise missing("DiskContainers")
    for container in containers:
        sources = [name for name in _SOURCES if container.get(name)]
        if not sources:
            raise missing("UserBucket")
        if len(sources) > 1:
            raise combination(f"The parameters {sources[0]} and {sources[1]} cannot be used together")
        if sources == ["SnapshotId"]:
            if container.get("Format"):
                raise combination("The parameters SnapshotId and Format cannot be used together")
            continue
        if sources == ["UserBucket"]:
            for name in ("S3Bucket", "S3Key"):
                if not container["UserBucket"].get(name):
                    raise missing(f"UserBucket.{name}")
        _format_of(container)


def find_disks(request: Ec2Request, containers: Sequence[Mapping[str, Any]]) -> tuple[Disk, ...]:
    """The disks, in their order.

    :raises EC2ClientError: a bucket, an object or a snapshot does not exist, or is in another Region.
    """
    return tuple(_find_disk(request, number, container) for number, container in enumerate(containers))


def _find_disk(request: Ec2Request, number: int, container: Mapping[str, Any]) -> Disk:
    device_name = container.get("DeviceName") or f"/dev/sd{chr(ord('a') + number)}{'' if number else '1'}"
    description = container.get("Description")
    snapshot_id = container.get("SnapshotId")
    if snapshot_id:
        if snapshot_id not in request.ec2_backend.snapshots:
            raise no_snapshot(snapshot_id)
        return Disk(snapshot_id, description, device_name)
    bucket, key = _place_of(container)
    source = {name: container[name] for name in ("Url", "UserBucket") if container.get(name)}
    size = _size_of(request, bucket, key)
    return Disk(new_id("snap"), description, device_name, _format_of(container), size, source)


def _format_of(container: Mapping[str, Any]) -> str:
    """What the request says, or else the end of the object's name."""
    text = container.get("Format")
    if not text:
        text = _place_of(container)[1].rpartition(".")[2]
    if text.upper() not in FORMATS:
        raise not_one_of("Format", text, FORMATS)
    return str(text.upper())


def _place_of(container: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and key, :raises EC2ClientError: the URL is none of S3."""
    if container.get("UserBucket"):
        return container["UserBucket"]["S3Bucket"], container["UserBucket"]["S3Key"]
    url = urlsplit(container["Url"])
    path = unquote(url.path).lstrip("/")
    if url.scheme == "s3":
        bucket, key = url.netloc, path
    elif url.scheme == "https" and (match := _VIRTUAL_HOST.fullmatch(url.netloc)):
        bucket, key = match["bucket"], path
    elif url.scheme == "https" and _PATH_HOST.fullmatch(url.netloc):
        bucket, _, key = path.partition("/")
    else:
        bucket = key = ""
    if not bucket or not key:
        raise invalid_parameter("Invalid S3 source location")
    return bucket, key


def _size_of(request: Ec2Request, bucket_name: str, key: str) -> int:
    """The size of an object in bytes, :raises EC2ClientError: it is not there, or not in this Region."""
    s3 = backend_of("s3", request.current_account, get_partition(request.region))
    bucket = s3.buckets.get(bucket_name)
    if bucket is None:
        raise invalid_parameter("Invalid S3 source location")
    if bucket.region_name != request.region:
        raise invalid_parameter("The given S3 object is not local to the region")
    found = s3.get_object(bucket_name, key)
    if found is None:
        raise invalid_parameter("Invalid S3 source location")
    return int(found.size)
