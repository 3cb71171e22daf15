"""One entry of the managed catalogue: a name with its versions, as the data files and users write it.

The checks are those of the API model (ResourceName, VersionNumber, Platform, ImageType, ComponentType, OsVersionList,
ProductCodeListItem) and the slug rule of ``arns``. Every refusal is a ValueError that names the entry and the member.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from ..arns import slug
from ..documents.errors import DocumentError
from ..documents.workflow import WorkflowDocument, parse_workflow_document
from ..versions import Version
from .ami_owners import AmiOwner, ami_owners

if TYPE_CHECKING:
    from collections.abc import Collection

#: The owner words of the API, with the account part of a component's ARN. An image's is always ``aws``.
ARN_OWNERS = {"Amazon": "aws", "AWSMarketplace": "aws-marketplace", "ThirdParty": "third-party"}

_NAME = re.compile(r"[-_A-Za-z0-9][-_A-Za-z0-9 ]{1,126}[-_A-Za-z0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_ACCOUNT = re.compile(r"[0-9]{12}")
_AMI_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_PRODUCT_CODE = re.compile(r"[A-Za-z0-9]{1,25}")
_ARCHITECTURES = ("x86_64", "arm64", "i386", "x86_64_mac", "arm64_mac")
_DEFAULT_AMI_OWNER = {"Linux": "amazon-linux", "Windows": "windows", "macOS": "macos"}
_LONGEST_TEXT = 1024


def _refuse(entry: str, member: str, reason: str) -> ValueError:
    return ValueError(f"{entry}: '{member}' {reason}")


def _require_one_of(entry: str, member: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise _refuse(entry, member, f"must be one of {', '.join(allowed)}, not {value!r}")


def _require_text(entry: str, member: str, value: str | None) -> None:
    if value is not None and not 1 <= len(value) <= _LONGEST_TEXT:
        raise _refuse(entry, member, f"must have 1 to {_LONGEST_TEXT} characters")


@dataclass(frozen=True)
class ManagedVersion:
    """One build version. ``seen`` says whether the version is on public record or was chosen for the catalogue."""

    version: str
    date_created: str
    build: int = 1
    seen: bool = False

    def __post_init__(self) -> None:
        entry = f"version {self.version!r}"
        try:
            Version.parse(self.version)
        except ValueError as error:
            raise _refuse(entry, "version", f"is {error}") from None
        if self.build < 1:
            raise _refuse(entry, "build", f"must be 1 or greater, not {self.build}")
        try:
            datetime.fromisoformat(self.date_created.removesuffix("Z"))
            is_a_date = _DATE.fullmatch(self.date_created) is not None
        except ValueError:
            is_a_date = False
        if not is_a_date:
            raise _refuse(
                entry, "dateCreated", f"must be like 2025-10-15T00:00:00.000Z, in UTC, not {self.date_created!r}"
            )

    @cached_property
    def number(self) -> tuple[Version, int]:
        """What orders the build versions of one name."""
        return Version.parse(self.version), self.build


@dataclass(frozen=True)
class ComponentParameter:
    """A parameter that a recipe may set. Without a default value the recipe must set it."""

    name: str
    type: str = "string"
    default_value: tuple[str, ...] = ()
    allowed_values: tuple[str, ...] = ()
    description: str | None = None

    def __post_init__(self) -> None:
        entry = f"parameter {self.name!r}"
        if not 1 <= len(self.name) <= 256:
            raise _refuse(entry, "name", "must have 1 to 256 characters")
        if self.type != "string":
            raise _refuse(entry, "type", f"must be string, the only supported type, not {self.type!r}")
        for value in self.default_value:
            if self.allowed_values and value not in self.allowed_values:
                raise _refuse(entry, "defaultValue", f"must be one of {', '.join(self.allowed_values)}, not {value!r}")
        _require_text(entry, "description", self.description)


@dataclass(frozen=True)
class ProductCode:
    """What the Marketplace bills a component by."""

    product_code_id: str
    product_code_type: str = "marketplace"

    def __post_init__(self) -> None:
        entry = f"product code {self.product_code_id!r}"
        if not _PRODUCT_CODE.fullmatch(self.product_code_id):
            raise _refuse(entry, "productCodeId", "must be 1 to 25 letters and digits")
        _require_one_of(entry, "productCodeType", self.product_code_type, ("marketplace",))


class _Published:
    """What all kinds of entries have; the fields are those of the kinds."""

    name: str
    slug: str
    type: str
    versions: tuple[ManagedVersion, ...]

    @property
    def key(self) -> str:
        """What is unique among the entries of one kind."""
        return self.slug

    @property
    def label(self) -> str:
        """How error messages call this entry, such as ``image 'my-image'``."""
        raise NotImplementedError

    @property
    def arn_type(self) -> str:
        """The resource type in the ARN."""
        raise NotImplementedError

    def _check_names(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise _refuse(
                self.label, "name", f"must be 3 to 128 letters, digits, '-', '_' and inner spaces, not {self.name!r}"
            )
        if self.slug != slug(self.name):
            raise _refuse(
                self.label, "slug", f"must be {slug(self.name)!r}, the lower-case hyphenated form of {self.name!r}"
            )

    def _check_type_and_versions(self, types: Collection[str]) -> None:
        _require_one_of(self.label, "type", self.type, types)
        if not self.versions:
            raise _refuse(self.label, "versions", "must list at least one version")
        if len({version.number for version in self.versions}) < len(self.versions):
            raise _refuse(self.label, "versions", "lists the same version and build twice")


@dataclass(frozen=True)
class _Entry(_Published):
    name: str
    slug: str
    platform: str
    type: str
    versions: tuple[ManagedVersion, ...]
    owner: str = "Amazon"
    withdrawn: bool = False
    source: str = "added by the user"

    def _check_common_members(self, types: Collection[str]) -> None:
        self._check_names()
        _require_one_of(self.label, "owner", self.owner, ARN_OWNERS)
        _require_one_of(self.label, "platform", self.platform, _DEFAULT_AMI_OWNER)
        self._check_type_and_versions(types)


@dataclass(frozen=True)
class ManagedImage(_Entry):
    """An image that Amazon, or through the Marketplace somebody else, keeps ready as a parent image.

    ``type`` AMI has ``architecture``, ``ami_owner`` (a word of ``ami_owners.json`` or an account id), ``ami_name`` and
    ``root_device`` as EC2 tells them; ``type`` DOCKER has ``container_uri``. Both texts may hold ``{slug}``,
    ``{version}``, ``{build}``, ``{major}``, ``{minor}`` and ``{patch}`` with Python's format codes (``{minor:02}``).
    A withdrawn image is DEPRECATED: listed only with ``includeDeprecated``.
    """

    os_version: str | None = None
    architecture: str = "x86_64"
    ami_owner: str | None = None
    ami_name: str = "{slug}-{version}-{build}"
    root_device: str | None = None
    container_uri: str = "{slug}:{version}-{build}"

    def __post_init__(self) -> None:
        self._check_common_members(("AMI", "DOCKER"))
        # The API's ARN pattern for images knows no third-party account part.
        _require_one_of(self.label, "owner", self.owner, ("Amazon", "AWSMarketplace"))
        if self.os_version == "":
            raise _refuse(self.label, "osVersion", "must not be empty")
        _require_one_of(self.label, "architecture", self.architecture, _ARCHITECTURES)
        if self.ami_owner is not None and self.ami_owner not in ami_owners() and not _ACCOUNT.fullmatch(self.ami_owner):
            known = ", ".join(ami_owners())
            raise _refuse(self.label, "amiOwner", f"must be an account id or one of {known}, not {self.ami_owner!r}")
        for version in self.versions:
            if not _AMI_NAME.fullmatch(name := self._formatted("amiName", self.ami_name, version)):
                raise _refuse(self.label, "amiName", f"gives {name!r}, which is no AMI name to EC2")
            if not self._formatted("containerUri", self.container_uri, version):
                raise _refuse(self.label, "containerUri", "must not be empty")

    @property
    def label(self) -> str:
        return f"image {self.slug!r}"

    @property
    def arn_type(self) -> str:
        return "image"

    @property
    def arn_owner(self) -> str:
        """The account part of the ARN: ``aws`` for Marketplace images too."""
        return "aws"

    def ami_name_of(self, version: ManagedVersion) -> str:
        return self._formatted("amiName", self.ami_name, version)

    def container_uri_of(self, version: ManagedVersion) -> str:
        return self._formatted("containerUri", self.container_uri, version)

    def owner_of_ami(self) -> AmiOwner:
        """Who owns the AMIs of this image in EC2."""
        word = self.ami_owner or _DEFAULT_AMI_OWNER[self.platform]
        return ami_owners().get(word) or AmiOwner({"aws": word}, "/dev/xvda", frozenset(), self.source)

    def _formatted(self, member: str, template: str, version: ManagedVersion) -> str:
        number, build = version.number
        try:
            return template.format(slug=self.slug, version=version.version, build=build, **number._asdict())
        except (LookupError, ValueError, AttributeError) as error:
            raise _refuse(self.label, member, f"has a placeholder that cannot be filled: {error}") from None


@dataclass(frozen=True)
class ManagedComponent(_Entry):
    """A component that Amazon or a third party publishes.

    ``data`` is the document; without it ``Catalogue`` writes a small one of its own. ``obfuscate`` hides it from
    GetComponent. A withdrawn component is DEPRECATED.
    """

    description: str | None = None
    publisher: str | None = None
    obfuscate: bool = False
    parameters: tuple[ComponentParameter, ...] = ()
    supported_os_versions: tuple[str, ...] = ()
    product_codes: tuple[ProductCode, ...] = ()
    data: str | None = None

    def __post_init__(self) -> None:
        self._check_common_members(("BUILD", "TEST"))
        _require_text(self.label, "description", self.description)
        _require_text(self.label, "publisher", self.publisher)
        if len({parameter.name for parameter in self.parameters}) < len(self.parameters):
            raise _refuse(self.label, "parameters", "names the same parameter twice")
        if len(self.supported_os_versions) > 25 or "" in self.supported_os_versions:
            raise _refuse(self.label, "supportedOsVersions", "must be up to 25 names, none of them empty")
        if self.data == "":
            raise _refuse(self.label, "data", "must not be empty")

    @property
    def label(self) -> str:
        return f"component {self.slug!r}"

    @property
    def arn_type(self) -> str:
        return "component"

    @property
    def arn_owner(self) -> str:
        """The account part of the ARN."""
        return ARN_OWNERS[self.owner]


@dataclass(frozen=True)
class ManagedWorkflow(_Published):
    """A workflow that Amazon keeps ready: ``type`` BUILD, TEST or DISTRIBUTION, ``data`` the document.

    All versions have the same document. Whether it is one that CreateWorkflow would accept, ``document`` tells.
    """

    name: str
    slug: str
    type: str
    versions: tuple[ManagedVersion, ...]
    data: str
    description: str | None = None
    source: str = "added by the user"

    #: Nobody else publishes workflows.
    owner: ClassVar[str] = "Amazon"

    def __post_init__(self) -> None:
        self._check_names()
        self._check_type_and_versions(("BUILD", "TEST", "DISTRIBUTION"))
        _require_text(self.label, "description", self.description)

    @property
    def key(self) -> str:
        """Type and slug, as in the ARN: ``build/build-image``."""
        return f"{self.type.lower()}/{self.slug}"

    @property
    def label(self) -> str:
        return f"workflow {self.key!r}"

    @property
    def arn_type(self) -> str:
        return f"workflow/{self.type.lower()}"

    @property
    def arn_owner(self) -> str:
        """The account part of the ARN."""
        return ARN_OWNERS[self.owner]

    @property
    def newest(self) -> ManagedVersion:
        return max(self.versions, key=lambda version: version.number)

    @cached_property
    def document(self) -> WorkflowDocument:
        """The document, checked. ValueError if it breaks a rule of workflow documents."""
        try:
            return parse_workflow_document(self.data, self.type)
        except DocumentError as error:
            raise _refuse(self.label, "data", f"is no workflow document: {error}") from None
