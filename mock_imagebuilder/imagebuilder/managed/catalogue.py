"""What Amazon and third parties publish in Image Builder, for one partition and Region.

The names, platforms and versions are in ``images.json``, ``components.json`` and ``workflows.json``; this module turns
them into records in the API's own member names, as GetImage, GetComponent and GetWorkflow show them. A version with
``seen`` false, a ``dateCreated`` at midnight and every AMI id were chosen for the catalogue; descriptions of components
are the service's, often shortened. The documents of workflows, in ``workflows/``, are this package's own: they have the
steps and conditions of Amazon's.
``python -m mock_imagebuilder.imagebuilder.managed.sources`` tells where each entry is known from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ..arns import Arn
from ..documents.workflow_parameters import workflow_parameter_details
from .catalogue_file import load_catalogue_file, shipped_components, shipped_images, shipped_workflows
from .component_document import document_of
from .entries import (
    ComponentParameter,
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ManagedWorkflow,
    ProductCode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Catalogue",
    "ComponentParameter",
    "ManagedAmi",
    "ManagedComponent",
    "ManagedImage",
    "ManagedVersion",
    "ManagedWorkflow",
    "ProductCode",
    "load_catalogue_file",
]

_Kind = TypeVar("_Kind", ManagedImage, ManagedComponent, ManagedWorkflow)

_IMAGE_SOURCE = {"Amazon": "AMAZON_MANAGED", "AWSMarketplace": "AWS_MARKETPLACE"}


@dataclass(frozen=True)
class ManagedAmi:
    """What EC2 says of the AMI behind a managed image, enough to register it there.

    ``platform`` is EC2's: ``windows`` or None. ``owner_seen`` says whether the owner was recorded behind a managed
    image in this partition. EC2 calls the architecture of macOS AMIs ``x86_64_mac`` and ``arm64_mac``.
    """

    image_id: str
    name: str
    owner_id: str
    owner_seen: bool
    architecture: str
    platform: Literal["windows"] | None
    root_device_name: str
    creation_date: str
    root_device_type: str = "ebs"
    virtualization_type: str = "hvm"


class Catalogue:
    """The managed images, components and workflows of one partition and Region, with a user's own entries added.

    An entry of ``extra`` takes the place of the one with the same slug and owner, for workflows also type, all versions
    included. ValueError if two entries of ``extra`` have the same slug, one has the slug of another owner's, or the
    document of a workflow is not right.
    """

    def __init__(
        self, partition: str, region: str, extra: Iterable[ManagedImage | ManagedComponent | ManagedWorkflow] = ()
    ) -> None:
        self.partition = partition
        self.region = region
        extra = tuple(extra)
        self._extra_images = [entry for entry in extra if isinstance(entry, ManagedImage)]
        self._extra_components = [entry for entry in extra if isinstance(entry, ManagedComponent)]
        self._extra_workflows = [entry for entry in extra if isinstance(entry, ManagedWorkflow)]
        # The shipped files wait for the first use; only a possible clash with them cannot.
        if self._extra_images:
            self.images()
        if self._extra_components:
            self.components()
        if self._extra_workflows:
            self.workflows()
        for workflow in self._extra_workflows:
            _ = workflow.document

    def images(self) -> Mapping[str, ManagedImage]:
        """The images by slug, sorted by it."""
        return self._images

    def components(self) -> Mapping[str, ManagedComponent]:
        """The components by slug, sorted by owner and slug."""
        return self._components

    def workflows(self) -> Mapping[str, ManagedWorkflow]:
        """The workflows by type and slug, such as ``build/build-image``, sorted by it."""
        return self._workflows

    @cached_property
    def _images(self) -> Mapping[str, ManagedImage]:
        return _merged(shipped_images(), self._extra_images)

    @cached_property
    def _components(self) -> Mapping[str, ManagedComponent]:
        return _merged(shipped_components(), self._extra_components)

    @cached_property
    def _workflows(self) -> Mapping[str, ManagedWorkflow]:
        return _merged(shipped_workflows(), self._extra_workflows)

    def image_records(self) -> Iterator[dict[str, Any]]:
        """A new GetImage record for every build version, by name and then oldest first.

        ``owner`` is not in GetImage's answer but in those of the lists.
        """
        for image in self._images.values():
            for version in _oldest_first(image):
                yield self._image_record(image, version)

    def component_records(self) -> Iterator[dict[str, Any]]:
        """A new GetComponent record for every build version, by name and then oldest first."""
        for component in self._components.values():
            for version in _oldest_first(component):
                yield self._component_record(component, version)

    def workflow_records(self) -> Iterator[dict[str, Any]]:
        """A new GetWorkflow record for every build version, by name and then oldest first."""
        for workflow in self._workflows.values():
            for version in _oldest_first(workflow):
                yield self._workflow_record(workflow, version)

    def newest_workflow(self, key: str) -> str:
        """The ARN of the newest build version of a workflow, such as ``build/build-image``. KeyError if there is none."""
        workflow = self._workflows[key]
        return self._arn(workflow, workflow.newest)

    def managed_ami(self, image_record: Mapping[str, Any]) -> ManagedAmi | None:
        """The AMI of one of this catalogue's ``image_records``; None for a container image.

        KeyError for the record of any other image.
        """
        arn = Arn.parse(image_record["arn"])
        image = self._images[arn.slug]
        for version in image.versions:
            if self._arn(image, version) == image_record["arn"]:
                return self._ami(image, version) if image.type == "AMI" else None
        raise KeyError(image_record["arn"])

    def _arn(self, entry: ManagedImage | ManagedComponent | ManagedWorkflow, version: ManagedVersion) -> str:
        place = self.partition, self.region, entry.arn_owner
        return str(Arn(*place, entry.arn_type, entry.slug, version.version, version.build))

    def _image_record(self, image: ManagedImage, version: ManagedVersion) -> dict[str, Any]:
        record: dict[str, Any] = {
            "arn": self._arn(image, version),
            "type": image.type,
            "name": image.name,
            "version": f"{version.version}/{version.build}",
            "platform": image.platform,
            # true in answers of 2021 and 2022, no longer in those of 2024
            "enhancedImageMetadataEnabled": False,
            "state": {"status": "DEPRECATED" if image.withdrawn else "AVAILABLE"},
            "owner": image.owner,
            "dateCreated": version.date_created,
            "outputResources": self._output_resources(image, version),
            "tags": {},
            "imageSource": _IMAGE_SOURCE[image.owner],
        }
        if image.os_version is not None:
            record["osVersion"] = image.os_version
        return record

    def _output_resources(self, image: ManagedImage, version: ManagedVersion) -> dict[str, Any]:
        if image.type == "DOCKER":
            return {"containers": [{"region": self.region, "imageUris": [image.container_uri_of(version)]}]}
        ami = self._ami(image, version)
        return {
            "amis": [{"region": self.region, "image": ami.image_id, "name": ami.name, "accountId": ami.owner_id}],
        }

    def _ami(self, image: ManagedImage, version: ManagedVersion) -> ManagedAmi:
        owner = image.owner_of_ami()
        identity = f"{self.partition}/{self.region}/{image.slug}/{version.version}/{version.build}"
        return ManagedAmi(
            image_id=f"ami-{hashlib.sha256(identity.encode()).hexdigest()[:17]}",
            name=image.ami_name_of(version),
            owner_id=owner.account_id(self.partition),
            owner_seen=self.partition in owner.seen,
            architecture=image.architecture,
            platform="windows" if image.platform == "Windows" else None,
            root_device_name=image.root_device or owner.root_device,
            creation_date=version.date_created,
        )

    def _component_record(self, component: ManagedComponent, version: ManagedVersion) -> dict[str, Any]:
        record: dict[str, Any] = {
            "arn": self._arn(component, version),
            "name": component.name,
            "version": version.version,
            "type": component.type,
            "platform": component.platform,
            "state": {"status": "DEPRECATED" if component.withdrawn else "ACTIVE"},
            "owner": component.owner,
            "encrypted": True,
            "dateCreated": version.date_created,
            "tags": {},
        }
        if component.description is not None:
            record["description"] = component.description
        if component.supported_os_versions:
            record["supportedOsVersions"] = list(component.supported_os_versions)
        if component.parameters:
            record["parameters"] = [_parameter_detail(parameter) for parameter in component.parameters]
        if not component.obfuscate:
            record["data"] = document_of(component, version)
        if component.owner != "Amazon":
            record["obfuscate"] = component.obfuscate
            if component.publisher is not None:
                record["publisher"] = component.publisher
            if component.product_codes:
                record["productCodes"] = [
                    {"productCodeId": code.product_code_id, "productCodeType": code.product_code_type}
                    for code in component.product_codes
                ]
        return record

    def _workflow_record(self, workflow: ManagedWorkflow, version: ManagedVersion) -> dict[str, Any]:
        record: dict[str, Any] = {
            "arn": self._arn(workflow, version),
            "name": workflow.name,
            "version": version.version,
            "type": workflow.type,
            "owner": workflow.owner,
            "data": workflow.data,
            "dateCreated": version.date_created,
            "tags": {},
        }
        if workflow.description is not None:
            record["description"] = workflow.description
        if workflow.document.parameters:
            record["parameters"] = workflow_parameter_details(workflow.document)
        return record


def _merged(shipped: Iterable[_Kind], extra: Iterable[_Kind]) -> Mapping[str, _Kind]:
    entries = {entry.key: entry for entry in shipped}
    added: set[str] = set()
    for entry in extra:
        if entry.key in added:
            raise ValueError(f"{entry.label} is added twice")
        if entry.key in entries and entries[entry.key].owner != entry.owner:
            raise ValueError(f"{entry.label}: the slug belongs to an entry of owner {entries[entry.key].owner}")
        added.add(entry.key)
        entries[entry.key] = entry
    in_order = sorted(entries.values(), key=lambda entry: (entry.arn_owner, entry.key))
    return MappingProxyType({entry.key: entry for entry in in_order})


def _oldest_first(entry: ManagedImage | ManagedComponent | ManagedWorkflow) -> list[ManagedVersion]:
    return sorted(entry.versions, key=lambda version: version.number)


def _parameter_detail(parameter: ComponentParameter) -> dict[str, Any]:
    detail: dict[str, Any] = {"name": parameter.name, "type": parameter.type}
    if parameter.default_value:
        detail["defaultValue"] = list(parameter.default_value)
    if parameter.description is not None:
        detail["description"] = parameter.description
    return detail
