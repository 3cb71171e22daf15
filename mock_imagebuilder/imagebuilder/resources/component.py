"""Components: the documents that say what happens on a build or test instance, and their versions and builds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ..arns import Arn, latest_version_references, slug
from ..documents.component import ComponentDocument, parameter_details, parse_component_document
from ..documents.errors import DocumentError
from ..exceptions import (
    InvalidVersionNumberException,
    ResourceAlreadyExistsException,
    ResourceDependencyException,
    invalid_combination,
    invalid_value,
)
from ..managed.entries import ARN_OWNERS
from ..store import VersionedStore, VersionEntry
from ..versions import Version, VersionPattern
from .base import Answer, BackendCore, HasRecord, Record, Resource, iso_date, now, operation, read_filters
from .published import PublishedComponent, PublishedComponents, published_components
from .s3_document import read_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateComponentRequestTypeDef,
        DeleteComponentRequestTypeDef,
        GetComponentRequestTypeDef,
        ListComponentBuildVersionsRequestTypeDef,
        ListComponentsRequestTypeDef,
    )

C = TypeVar("C", bound=HasRecord)

#: What makes two builds of a version the same. Tags and the way in which the document was sent do not count.
_CONTENT = ("data", "description", "changeDescription", "platform", "supportedOsVersions", "kmsKeyId")

#: The filters of ListComponents, and the values of a component that each compares.
_FILTERED: Mapping[str, Callable[[Record], Collection[str | None]]] = {
    "description": lambda record: [record.get("description")],
    "platform": lambda record: [record["platform"]],
    "productCodes": lambda record: [code["productCodeId"] for code in record.get("productCodes") or ()],
    "status": lambda record: [record["state"]["status"]],
    "supportedOsVersion": lambda record: record.get("supportedOsVersions") or (),
    "type": lambda record: [record["type"]],
    "version": lambda record: [record["version"]],
}


class Component(Resource):
    """A component build version of this account; ``record`` in the members of the API's Component."""


class ComponentOperations(BackendCore):
    """Create, get, delete and list components."""

    @operation("CreateComponent")
    def create_component(self, request: CreateComponentRequestTypeDef) -> Answer:
        """Creates the first build of a version, or the next one if something differs from the newest.

        :raises InvalidParameterCombinationException: not exactly one of data and uri.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises InvalidParameterValueException: the document cannot be read or breaks a rule of component documents.
        :raises ResourceAlreadyExistsException: the newest build of the version has the same content.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        version_arn = self._component_version_arn(request["name"], request["semanticVersion"])
        data = read_document(request, self.account_id, self.partition)
        arn = self._add_build(version_arn, data, "data", request)
        return {"componentBuildVersionArn": str(arn), "latestVersionReferences": latest_version_references(arn)}

    def _add_build(self, version_arn: Arn, data: str, parameter: str, request: Mapping[str, Any]) -> Arn:
        """Add the next build of a version.

        :param data: the document.
        :param parameter: the member of the request that the document comes from.
        :param request: the other members of CreateComponent or ImportComponent.
        :returns: the ARN of the build.
        :raises InvalidParameterValueException: the document breaks a rule of component documents.
        :raises ResourceAlreadyExistsException: the newest build of the version has the same content.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        document = _parse(data, request["platform"], parameter)
        record: Record = {
            "name": request["name"],
            "version": version_arn.version,
            "description": request.get("description"),
            "changeDescription": request.get("changeDescription"),
            "type": document.type,
            "platform": request["platform"],
            "supportedOsVersions": request.get("supportedOsVersions"),
            "state": {"status": "ACTIVE"},
            "parameters": parameter_details(document) or None,
            "owner": self.account_id,
            "data": data,
            "kmsKeyId": request.get("kmsKeyId"),
            "encrypted": True,
            "tags": request.get("tags", {}),
        }
        self._require_new_content(version_arn, record)
        self.require_place("Components", len(self.components))
        self.stop_dry_run(request)
        arn = version_arn.with_version(version_arn.version, self.components.next_build(version_arn))
        self.components.add(Component({"arn": str(arn), **record, "dateCreated": iso_date(now())}))
        return arn

    @operation("GetComponent")
    def get_component(self, request: GetComponentRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: a node right of a wildcard is not a wildcard.
        :raises ResourceNotFoundException: the ARN means no component, see :meth:`find_component`.
        """
        component = self.require_component(request["componentBuildVersionArn"], "componentBuildVersionArn")
        return {
            "component": component.record,
            "latestVersionReferences": latest_version_references(Arn.parse(component.arn)),
        }

    @operation("DeleteComponent")
    def delete_component(self, request: DeleteComponentRequestTypeDef) -> Answer:
        """Deletes one build; the other builds of the version stay.

        :raises ResourceNotFoundException: this account has no such build.
        :raises ResourceDependencyException: a recipe refers to the build's version, or the build is shared with others.
        """
        component = self.components.get(request["componentBuildVersionArn"])
        self._require_no_recipe_uses(component)
        self.require_not_shared(component)
        self.components.remove(component.arn).forget()
        return {"componentBuildVersionArn": component.arn}

    @operation("ListComponents")
    def list_components(self, request: ListComponentsRequestTypeDef) -> Answer:
        """Versions in ARN order; with ``byName`` the highest version of each name.

        DEPRECATED ones only if the status filter asks for them.

        :raises InvalidParameterCombinationException: byName together with the version filter.
        """
        filters = read_filters(request, {"name", *_FILTERED})
        by_name = request.get("byName", False)
        if by_name and "version" in filters:
            raise invalid_combination("byName", "The version filter can't be used when byName is true.")
        owner = request.get("owner", "Self")
        if owner in ARN_OWNERS:
            return self._list_versions(self._published_components[ARN_OWNERS[owner]], request, filters)
        store = self.components if owner == "Self" else self.shared_with_me(self.components.kind, "List")
        return self._list_versions(store, request, filters)

    @operation("ListComponentBuildVersions")
    def list_component_build_versions(self, request: ListComponentBuildVersionsRequestTypeDef) -> Answer:
        """Own builds newest first, of one version or of all; none for a version that this account does not have.

        Builds that are DEPRECATED are left out.
        """
        version_arn = request.get("componentVersionArn")

        def rows_after(key: int | None) -> Iterator[tuple[int, Component]]:
            if version_arn is None:
                return self.components.build_rows(key)
            arn = Arn.parse(version_arn)
            return self.components.build_rows(key, arn) if _is_version(str(arn.version)) else iter(())

        rows, token = self.list_page(
            "ListComponentBuildVersions",
            request,
            rows_after,
            lambda component: component.record["state"]["status"] != "DEPRECATED",
        )
        return {"componentSummaryList": [row.record for row in rows], **token}

    def find_component(self, arn: str) -> Component | PublishedComponent | None:
        reference = Arn.parse(arn)
        is_published = reference.owner in ARN_OWNERS.values()
        store: VersionedStore[Any] = (
            self._published_components[reference.owner] if is_published else self.readable_store(reference)
        )
        found: Component | PublishedComponent | None = (
            store.resolve(reference, lambda component: component.record["state"]["status"] == "ACTIVE")
            if reference.build is None
            else store.find(arn)
        )
        return found

    @cached_property
    def _published_components(self) -> PublishedComponents:
        return published_components(self.catalogue)

    def _component_version_arn(self, name: str, semantic_version: str) -> Arn:
        """The ARN of the version, in the spelling of its earlier builds: ``01.0.0`` is the version ``1.0.0``."""
        if not _is_version(semantic_version):
            raise InvalidVersionNumberException
        arn = self.arn("component", slug(name), semantic_version)
        entry = self.components.entry_of(arn)
        return arn if entry is None else entry.arn

    def _require_new_content(self, version_arn: Arn, record: Record) -> None:
        entry = self.components.entry_of(version_arn)
        if entry and all(entry.newest.record.get(member) == record.get(member) for member in _CONTENT):
            raise ResourceAlreadyExistsException(self.components.kind, entry.newest.arn)

    def _require_no_recipe_uses(self, component: Component) -> None:
        arn = Arn.parse(component.arn)
        version = Version.parse(str(arn.version))
        versions = self.components.versions_of(arn.family)
        prefix = f"{arn.family}/"
        for recipe in self.recipes():
            for use in recipe.record.get("components") or ():
                reference: str = use["componentArn"]
                if reference.startswith(prefix) and _depends_on(reference, version, versions):
                    raise ResourceDependencyException.depended_on(component.arn)

    def _list_versions(
        self, store: VersionedStore[C], request: ListComponentsRequestTypeDef, filters: Mapping[str, list[str]]
    ) -> Answer:
        names = filters.get("name")
        by_name = request.get("byName", False)
        rows, token = self.list_page(
            "ListComponents",
            request,
            lambda after: store.name_rows(after, names) if by_name else store.version_rows(after, names),
            lambda entry: _accepts(entry.newest.record, filters),
        )
        return {"componentVersionList": [_version_summary(row) for row in rows], **token}


def _parse(data: str, platform: str, parameter: str) -> ComponentDocument:
    try:
        return parse_component_document(data, platform)
    except DocumentError as error:
        raise invalid_value(parameter, str(error)) from None


def _is_version(text: str) -> bool:
    try:
        Version.parse(text)
    except ValueError:
        return False
    return True


def _depends_on(reference: str, version: Version, versions: Collection[Version]) -> bool:
    """Whether a recipe's reference needs ``version`` of the component: wildcards are content with any other match."""
    pattern = VersionPattern(str(Arn.parse(reference).version))
    if not pattern.matches(version):
        return False
    return pattern.is_exact or not any(pattern.matches(other) for other in versions if other != version)


def _accepts(record: Record, filters: Mapping[str, list[str]]) -> bool:
    if "status" not in filters and record["state"]["status"] == "DEPRECATED":
        return False
    return all(
        any(value in filters[name] for value in values_of(record))
        for name, values_of in _FILTERED.items()
        if name in filters
    )


def _version_summary(entry: VersionEntry[C]) -> dict[str, Any]:
    """A version as ListComponents shows it: what its newest build has, with the name and date of its first."""
    newest = entry.newest.record
    return {
        **newest,
        "arn": str(entry.arn),
        "name": entry.name,
        "dateCreated": entry.first.record["dateCreated"],
        "status": newest["state"]["status"],
    }
