"""Images imported from virtual machines: ImportVmImage."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..arns import slug
from ..builds.build import Build, NotYet, Stage, StageFailed
from ..builds.outputs import ec2
from ..exceptions import ClientException, InvalidVersionNumberException, invalid_value
from ..versions import Version
from .base import Answer, now, operation
from .image import ImageOperations

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import ImportVmImageRequestTypeDef

    from .image import Image

_TASK_ID = re.compile(r"import-ami-[0-9A-Za-z]{8,32}")
_SERVICE_LOG_GROUPS = "/aws/imagebuilder/"


@dataclass
class VmImportLink:
    """Which images a VM import task became, and the AMI that they share."""

    task_id: str
    ami_id: str
    image_arns: list[str] = field(default_factory=list)


class ImageImportOperations(ImageOperations):
    """Import images from VM import tasks of EC2."""

    @operation("ImportVmImage")
    def import_vm_image(self, request: ImportVmImageRequestTypeDef) -> Answer:
        """The task may still be running: the image is PENDING until it completes.

        moto's EC2 has no import tasks, so every well-formed task id is taken for a completed task, unless a test has
        described the task: then its state decides.

        :raises ClientException: the task id is malformed, or the task is known and for another platform.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises InvalidParameterValueException: the log group is not one of the service's own.
        """
        task_id = request["vmImportTaskId"]
        if not _TASK_ID.fullmatch(task_id):
            raise ClientException(f"The VM import task id '{task_id}' is malformed.")
        task = self.steering.import_task(self.account_id, self.region_name, task_id)
        if task is not None and task.platform != request["platform"]:
            raise ClientException(f"The platform of the VM import task '{task_id}' is {task.platform}.")
        try:
            Version.parse(request["semanticVersion"])
        except ValueError:
            raise InvalidVersionNumberException from None
        log_group = request.get("loggingConfiguration", {}).get("logGroupName", _SERVICE_LOG_GROUPS)
        if not log_group.startswith(_SERVICE_LOG_GROUPS):
            raise invalid_value(
                "loggingConfiguration.logGroupName", f"The log group name must start with {_SERVICE_LOG_GROUPS}."
            )
        created = now()
        image = self.add_image(
            slug(request["name"]),
            request["semanticVersion"],
            request["name"],
            {
                "platform": request["platform"],
                "osVersion": request.get("osVersion"),
                "buildType": "IMPORT",
                "imageSource": "IMPORTED",
                "description": request.get("description"),
                "loggingConfiguration": request.get("loggingConfiguration"),
            },
            request.get("tags", {}),
            created,
        )
        link = self.vm_import_links.setdefault(
            task_id, VmImportLink(task_id, (task and task.ami_id) or ec2.new_ami_id())
        )
        link.image_arns.append(image.arn)
        self.run_build(image, (Stage("PENDING", lambda build, moment: self._take_imported_ami(link, build, moment)),))
        return {"imageArn": image.arn}

    def _take_imported_ami(self, link: VmImportLink, build: Build, moment: datetime) -> None:
        image: Image = build.image
        task = self.steering.import_task(self.account_id, self.region_name, link.task_id)
        if task is not None and task.state == "active":
            raise NotYet
        if task is not None and task.state == "deleted":
            reason = task.status_message or "The task was deleted."
            raise StageFailed(f"The VM import task '{link.task_id}' failed: {reason}")
        if task is not None and task.ami_id is not None:
            link.ami_id = task.ami_id
        description = image.record.get("description")
        ami = ec2.AmiSpecification(link.ami_id, link.task_id, description, image.record["platform"], moment)
        ec2.register(self.outbox, self.account_id, self.region_name, ami)
        self.note_output_ami(self.region_name, self.account_id, link.ami_id, image)
        entry = {
            "region": self.region_name,
            "image": link.ami_id,
            "name": link.task_id,
            "accountId": self.account_id,
        }
        image.update(
            outputResources={"amis": [entry if description is None else {**entry, "description": description}]}
        )
