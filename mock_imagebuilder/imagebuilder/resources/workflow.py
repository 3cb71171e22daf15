"""Workflows: the documents that say what happens in the stages of a build, and their versions and builds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..arns import Arn, latest_version_references, slug
from ..documents.errors import DocumentError
from ..documents.workflow import WorkflowDocument, parse_workflow_document
from ..documents.workflow_parameters import workflow_parameter_details
from ..exceptions import (
    InvalidVersionNumberException,
    ResourceAlreadyExistsException,
    ResourceDependencyException,
    invalid_combination,
    invalid_value,
    misplaced_wildcard,
)
from ..store import VersionedStore, VersionEntry
from ..versions import Version, VersionPattern
from .base import Answer, BackendCore, Record, Resource, iso_date, now, operation, read_filters
from .published import PublishedWorkflow, PublishedWorkflows, published_workflows
from .s3_document import read_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateWorkflowRequestTypeDef,
        DeleteWorkflowRequestTypeDef,
        GetWorkflowRequestTypeDef,
        ListWorkflowBuildVersionsRequestTypeDef,
        ListWorkflowsRequestTypeDef,
    )

#: What makes two builds of a version the same. Tags and the way in which the document was sent do not count.
_CONTENT = ("data", "description", "changeDescription", "kmsKeyId")

#: The filters of ListWorkflows, but for ``name``: members that match exactly.
_FILTERED = ("description", "type", "version")


class Workflow(Resource):
    """A workflow build version of this account; ``record`` in the members of the API's Workflow."""

    def __init__(self, record: Record, document: WorkflowDocument) -> None:
        super().__init__(record)
        self.document = document


class WorkflowOperations(BackendCore):
    """Create, get, delete and list workflows."""

    @operation("CreateWorkflow")
    def create_workflow(self, request: CreateWorkflowRequestTypeDef) -> Answer:
        """Creates the first build of a version, or the next one if something differs from the newest.

        :raises InvalidParameterCombinationException: not exactly one of data and uri.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises InvalidParameterValueException: the document cannot be read or breaks a rule of workflow documents.
        :raises ResourceAlreadyExistsException: the newest build of the version has the same content.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        version_arn = self._workflow_version_arn(request)
        data = read_document(request, self.account_id, self.partition)
        try:
            document = parse_workflow_document(data, request["type"])
        except DocumentError as error:
            raise invalid_value("data", str(error)) from None
        record: Record = {
            "name": request["name"],
            "version": version_arn.version,
            "description": request.get("description"),
            "changeDescription": request.get("changeDescription"),
            "type": request["type"],
            "owner": self.account_id,
            "data": data,
            "kmsKeyId": request.get("kmsKeyId"),
            "tags": request.get("tags", {}),
            "parameters": workflow_parameter_details(document) or None,
        }
        entry = self.workflows.entry_of(version_arn)
        if entry and all(entry.newest.record.get(member) == record[member] for member in _CONTENT):
            raise ResourceAlreadyExistsException(self.workflows.kind, entry.newest.arn)
        self.require_place("Image workflows", len(self.workflows))
        self.stop_dry_run(request)
        arn = version_arn.with_version(version_arn.version, self.workflows.next_build(version_arn))
        self.workflows.add(Workflow({"arn": str(arn), **record, "dateCreated": iso_date(now())}, document))
        return {"workflowBuildVersionArn": str(arn), "latestVersionReferences": latest_version_references(arn)}

    @operation("GetWorkflow")
    def get_workflow(self, request: GetWorkflowRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: a node right of a wildcard is not a wildcard.
        :raises ResourceNotFoundException: the ARN means no workflow, see :meth:`find_workflow`.
        """
        workflow = self.require_workflow(request["workflowBuildVersionArn"], "workflowBuildVersionArn")
        return {
            "workflow": workflow.record,
            "latestVersionReferences": latest_version_references(Arn.parse(workflow.arn)),
        }

    @operation("DeleteWorkflow")
    def delete_workflow(self, request: DeleteWorkflowRequestTypeDef) -> Answer:
        """Deletes one build; the other builds of the version stay.

        :raises ResourceNotFoundException: this account has no such build.
        :raises ResourceDependencyException: an image pipeline refers to the build.
        """
        workflow = self.workflows.get(request["workflowBuildVersionArn"])
        arn = Arn.parse(workflow.arn)
        for pipeline in self.image_pipelines:
            for use in pipeline.record.get("workflows") or ():
                if self._depends_on(Arn.parse(use["workflowArn"]), arn):
                    raise ResourceDependencyException.depended_on(workflow.arn)
        self.workflows.remove(workflow.arn).forget()
        return {"workflowBuildVersionArn": workflow.arn}

    @operation("ListWorkflows")
    def list_workflows(self, request: ListWorkflowsRequestTypeDef) -> Answer:
        """Versions in ARN order; with ``byName`` the highest version of each name. AWSMarketplace has none.

        Filters: ``description``, ``name``, ``type``, ``version``.

        :raises InvalidParameterValueException: the owner is Shared or ThirdParty.
        :raises InvalidParameterCombinationException: byName together with the version filter.
        """
        owner = request.get("owner", "Self")
        if owner in ("Shared", "ThirdParty"):
            raise invalid_value("owner", "Valid owners of workflows are: Self, Amazon, AWSMarketplace.")
        filters = read_filters(request, {"name", *_FILTERED})
        by_name = request.get("byName", False)
        if by_name and "version" in filters:
            raise invalid_combination("byName", "The version filter can't be used when byName is true.")
        names = filters.pop("name", None)

        def rows_after(after: str | None) -> Iterator[tuple[str, VersionEntry[Any]]]:
            if owner == "AWSMarketplace":
                return iter(())
            workflows: VersionedStore[Any] = self.workflows if owner == "Self" else self._published_workflows
            return workflows.name_rows(after, names) if by_name else workflows.version_rows(after, names)

        def keep(entry: VersionEntry[Any]) -> bool:
            return all(entry.newest.record.get(member) in values for member, values in filters.items())

        entries, token = self.list_page("ListWorkflows", request, rows_after, keep)
        return {"workflowVersionList": [_version_summary(entry) for entry in entries], **token}

    @operation("ListWorkflowBuildVersions")
    def list_workflow_build_versions(self, request: ListWorkflowBuildVersionsRequestTypeDef) -> Answer:
        """Builds, newest first: all own ones, or those of the versions that an ARN means, also of Amazon's workflows.

        :raises InvalidParameterValueException: a node right of a wildcard is not a wildcard.
        """
        version_arn = Arn.parse(request["workflowVersionArn"]) if "workflowVersionArn" in request else None
        is_own = version_arn is None or version_arn.owner != "aws"
        workflows: VersionedStore[Any] = self.workflows if is_own else self._published_workflows

        def rows_before(before: int | None) -> Iterator[tuple[int, Workflow | PublishedWorkflow]]:
            try:
                return workflows.build_rows(before, version_arn)
            except ValueError:
                raise misplaced_wildcard("workflowVersionArn") from None

        rows, token = self.list_page("ListWorkflowBuildVersions", request, rows_before)
        # Recorded answers have no tags here, though the shape has the member.
        return {"workflowSummaryList": [{**row.record, "tags": None} for row in rows], **token}

    def find_workflow(self, arn: str) -> Workflow | PublishedWorkflow | None:
        parsed = Arn.parse(arn)
        return self._published_workflows.resolve(parsed) if parsed.owner == "aws" else self.workflows.resolve(parsed)

    @cached_property
    def _published_workflows(self) -> PublishedWorkflows:
        return published_workflows(self.catalogue)

    def _workflow_version_arn(self, request: CreateWorkflowRequestTypeDef) -> Arn:
        """The ARN of the version, in the spelling of its earlier builds: ``01.0.0`` is the version ``1.0.0``."""
        try:
            Version.parse(request["semanticVersion"])
        except ValueError:
            raise InvalidVersionNumberException from None
        arn = self.arn(f"workflow/{request['type'].lower()}", slug(request["name"]), request["semanticVersion"])
        entry = self.workflows.entry_of(arn)
        return arn if entry is None else entry.arn

    def _depends_on(self, reference: Arn, build: Arn) -> bool:
        """Whether a pipeline's reference needs a build: wildcards are content with any other version that matches."""
        if reference.family != build.family or reference.build not in (None, build.build):
            return False
        pattern, version = VersionPattern(str(reference.version)), Version.parse(str(build.version))
        if not pattern.matches(version):
            return False
        versions = self.workflows.versions_of(build.family)
        return pattern.is_exact or not any(pattern.matches(other) for other in versions if other != version)


def _version_summary(entry: VersionEntry[Any]) -> dict[str, Any]:
    """A version as ListWorkflows shows it: what its newest build has, with the name and date of its first."""
    return {
        **entry.newest.record,
        "arn": str(entry.arn),
        "name": entry.name,
        "dateCreated": entry.first.record["dateCreated"],
    }
