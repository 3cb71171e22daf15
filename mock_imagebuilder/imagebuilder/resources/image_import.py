"""Images imported from virtual machines: ImportVmImage."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ..arns import slug
from ..builds.build import Build, NotYet, Stage, StageFailed
from ..builds.outputs import ec2
from ..builds.vm_tasks import ImportTask
from ..exceptions import ClientException, InvalidVersionNumberException, invalid_value
from ..versions import Version
from .base import Answer, now, operation
from .image import ImageOperations

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import ImportVmImageRequestTypeDef

    from .image import Image

#: What a test can say that a task is.
DescribedState = Literal["active", "completed", "deleted"]

_TASK_ID = re.compile(r"import-ami-[0-9A-Za-z]{8,32}")
_SERVICE_LOG_GROUPS = "/aws/imagebuilder/"


class ImageImportOperations(ImageOperations):
    """Import images from VM import tasks of EC2."""

    @operation("ImportVmImage")
    def import_vm_image(self, request: ImportVmImageRequestTypeDef) -> Answer:
        """The task may still be running: the image is PENDING until it completes.

        The state of the task decides. A well-formed id that no task has is taken for that of a completed task.

        :raises ClientException: the task id is malformed, or the task is known and for another platform.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises InvalidParameterValueException: the log group is not one of the service's own.
        """
        task_id = request["vmImportTaskId"]
        if not _TASK_ID.fullmatch(task_id):
            raise ClientException(f"The VM import task id '{task_id}' is malformed.")
        task = self._import_task(task_id)
        if task is not None and task.platform not in (None, request["platform"]):
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
        stage = Stage("PENDING", lambda build, moment: self._take_imported_ami(task_id, build, moment))
        self.run_build(image, (stage,))
        return {"imageArn": image.arn}

    def describe_import_task(
        self, task_id: str, platform: str | None, ami_id: str | None, state: DescribedState, reason: str | None
    ) -> None:
        """Describe a VM import task of EC2, or change one. From then on it stays as it is until it is described again.

        :param platform: None for what it is, ``Linux`` for a new task.
        :param ami_id: None for what it is; a completed task without one gets a new one.
        :param reason: its status message, if it is deleted.
        """
        moment = now()
        task = self._import_task(task_id)
        if task is None:
            task = self._add_import_task(task_id, platform or "Linux", moment)
        task.finish = None
        task.platform = platform or task.platform
        task.ami_id = ami_id or task.ami_id
        if state == "active":
            task.state, task.reason, task.ended = "active", None, None
            return
        task.end(state, moment, reason)
        if state == "completed":
            ec2.leave_imported(self.outbox, task, moment, task.platform or "Linux")

    def _import_task(self, task_id: str) -> ImportTask | None:
        return self.vm_tasks.imports.find(self.account_id, self.region_name, task_id)

    def _add_import_task(self, task_id: str, platform: str | None, moment: datetime) -> ImportTask:
        task = ImportTask(
            task_id=task_id,
            account_id=self.account_id,
            region=self.region_name,
            entered=moment,
            platform=platform,
        )
        self.vm_tasks.imports.add(task)
        return task

    def _take_imported_ami(self, task_id: str, build: Build, moment: datetime) -> None:
        image: Image = build.image
        task = self._import_task(task_id)
        if task is None:
            task = self._add_import_task(task_id, None, moment)
            task.end("completed", moment)
            platform, description = image.record["platform"], image.record.get("description")
            ec2.leave_imported(self.outbox, task, moment, platform, description)
        if task.state == "deleted":
            raise StageFailed(f"The VM import task '{task_id}' failed: {task.reason or 'The task was deleted.'}")
        if task.state != "completed" or task.ami_id is None:
            raise NotYet
        description = image.record.get("description")
        self.note_output_ami(self.region_name, self.account_id, task.ami_id, image)
        entry = {
            "region": self.region_name,
            "image": task.ami_id,
            "name": task_id,
            "accountId": self.account_id,
        }
        image.update(
            outputResources={"amis": [entry if description is None else {**entry, "description": description}]}
        )
