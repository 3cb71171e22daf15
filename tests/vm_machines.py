"""Virtual machines on their way into EC2 and out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_api import state_manager

from .conftest import REGION
from .images import client_of
from .vm_roles import create_vm_role

BUCKET, KEY = "vm-disks", "machines/web server.ova"
IMPORTS, EXPORTS = "imagebuilder::import-image-task", "imagebuilder::export-image-task"
TASK_ID = r"import-ami-[0-9a-f]{17}"


def disk(key: str = KEY, bucket: str = BUCKET, **members: Any) -> dict[str, Any]:
    """A disk container of ImportImage."""
    return {"UserBucket": {"S3Bucket": bucket, "S3Key": key}, **members}


def import_machine(ec2: Any, *disks: dict[str, Any], **members: Any) -> Any:
    """What ImportImage answers, without what comes with every answer."""
    answer = ec2.import_image(DiskContainers=list(disks) or [disk()], **members)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def import_tasks(ec2: Any, **members: Any) -> Any:
    return ec2.describe_import_image_tasks(**members)["ImportImageTasks"]


def export_tasks(ec2: Any, **members: Any) -> Any:
    return ec2.describe_export_image_tasks(**members)["ExportImageTasks"]


def prepare(account_id: str = "123456789012", region: str = REGION, size: int = 1000) -> None:
    """A bucket with a disk, and the role ``vmimport``, in an account."""
    s3 = client_of("s3", account_id, region)
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=BUCKET, **location)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"x" * size)
    create_vm_role(client_of("iam", account_id, region))


@contextmanager
def progression(model: str, **transition: Any) -> Iterator[None]:
    state_manager.set_transition(model, transition)
    try:
        yield
    finally:
        state_manager.unset_transition(model)


@contextmanager
def ec2_refuses(code: str, message: str) -> Iterator[None]:
    """The block ends with this error of EC2: its code, its HTTP status and the whole message."""
    with pytest.raises(ClientError) as raised:
        yield
    error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert (error["Code"], error["Message"]) == (code, message)
    assert metadata["HTTPStatusCode"] == (412 if code == "DryRunOperation" else 400)


def is_task_id(text: str) -> bool:
    return re.fullmatch(TASK_ID, text) is not None
