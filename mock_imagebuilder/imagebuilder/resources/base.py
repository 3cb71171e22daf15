"""What all families share: the record of a resource, and the backend's own services to its operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from moto.core.common_models import BaseModel

from .. import api
from ..arns import Arn
from ..exceptions import (
    DryRunOperationException,
    ResourceDependencyException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    invalid_value,
    misplaced_wildcard,
)
from ..quotas import QUOTAS
from ..store import HasArn
from .interface import BackendInterface
from .published import PublishedImages, published_images

if TYPE_CHECKING:
    from ..documents.workflow import WorkflowDocument
    from .recipe_versions import Recipe

Record = dict[str, Any]
Answer = Mapping[str, object]
Handler = Callable[..., Answer]
Function = TypeVar("Function", bound=Handler)
Row = TypeVar("Row")
Found = TypeVar("Found")


def operation(name: str) -> Callable[[Function], Function]:
    """Marks the backend method that performs an operation of the model: ``request`` in, the answer's members out.

    ``requestId`` and ``clientToken`` of the answer are added by the backend.
    """

    def mark(function: Function) -> Function:
        function.__imagebuilder_operation__ = name  # type: ignore[attr-defined]
        return function

    return mark


def now() -> datetime:
    """The time, as freezegun and time-machine want it asked."""
    return datetime.now(timezone.utc)


def iso_date(moment: datetime) -> str:
    """A date as the service writes it: ``2020-02-14T19:46:16.904Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class HasRecord(HasArn, Protocol):
    """What a reference can mean: a resource of this account, or one that somebody else publishes."""

    @property
    def record(self) -> Record: ...


class HasWorkflow(HasRecord, Protocol):
    """What a reference to a workflow can mean."""

    @property
    def document(self) -> WorkflowDocument: ...


class Resource(BaseModel):
    """A resource of the service. ``record`` holds it in the API's own member names.

    A record is replaced, never changed in place: images keep the records of what they were built from.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self._tracked_in: list[BaseModel] = type(self).instances_tracked  # type: ignore[attr-defined]
        self._tracked_at = len(self._tracked_in) - 1

    @property
    def arn(self) -> str:
        arn: str = self.record["arn"]
        return arn

    @property
    def name(self) -> str:
        name: str = self.record["name"]
        return name

    @property
    def tags(self) -> dict[str, str]:
        tags: dict[str, str] = self.record["tags"]
        return tags

    def update(self, **members: object) -> None:
        """Replace members of the record; None takes a member out."""
        record = {**self.record, **members}
        self.record = {name: value for name, value in record.items() if value is not None}

    def forget(self) -> None:
        """Take a deleted resource out of moto's list of instances (its dashboard), in constant time."""
        tracked, position = self._tracked_in, self._tracked_at
        if position < len(tracked) and tracked[position] is self:
            last = tracked.pop()
            if last is not self:
                tracked[position] = last
                if isinstance(last, Resource):
                    last._tracked_at = position


class BackendCore(BackendInterface):
    """The state of one account in one Region, and what the families' operations are written with."""

    #: Handlers by operation name, collected from the families.
    OPERATIONS: ClassVar[dict[str, Handler]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        handlers: dict[str, Handler] = {}
        for base in reversed(cls.__mro__):
            for attribute in vars(base).values():
                name = getattr(attribute, "__imagebuilder_operation__", None)
                if name is not None:
                    handlers[name] = attribute
        cls.OPERATIONS = handlers

    @cached_property
    def managed_images(self) -> PublishedImages:
        """The images of the catalogue by the owner word of ListImages."""
        return published_images(self.catalogue)

    def arn(self, type_: str, slug: str = "", version: object = None, build: int | None = None) -> Arn:
        """An ARN of this account and Region."""
        return Arn(
            self.partition,
            self.region_name,
            self.account_id,
            type_,
            slug,
            None if version is None else str(version),
            build,
        )

    def require_component(self, arn: str, parameter: str) -> HasRecord:
        """The component that the ARN in a request means, see :meth:`find_component`.

        :param parameter: where the request has the ARN, such as ``components[0].componentArn``.
        :raises InvalidParameterValueException: a node right of a wildcard is not a wildcard.
        :raises ResourceNotFoundException: there is no such component.
        """
        return _required(self.find_component, arn, parameter)

    def require_workflow(self, arn: str, parameter: str) -> HasWorkflow:
        """The workflow that the ARN in a request means, see :meth:`find_workflow`. Parameters and errors as above."""
        return _required(self.find_workflow, arn, parameter)

    def require_recipe(self, arn: str, parameter: str) -> Recipe:
        """A recipe of this account or one that is shared with it, of a wildcard ARN the highest version that matches.

        Parameters and errors as above.
        """

        def find_recipe(text: str) -> Recipe | None:
            reference = Arn.parse(text)
            return self.readable_store(reference).resolve(reference)

        return _required(find_recipe, arn, parameter)

    def recipes(self) -> Iterator[Recipe]:
        """All recipes of this account."""
        return chain(self.image_recipes, self.container_recipes)

    def quota(self, name: str) -> int | None:
        """A service quota of this account in this Region, see :data:`~..quotas.QUOTAS`. None is no limit."""
        return self.steering.quotas.get((self.account_id, self.region_name, name), QUOTAS[name].default)

    def require_place(self, quota: str, in_use: int) -> None:
        """To be called after all other checks: dry runs at the limit are refused too.

        :param quota: the name of the service quota that one more counts towards.
        :param in_use: how many there are.
        :raises ServiceQuotaExceededException: that is as many as there may be.
        """
        limit = self.quota(quota)
        if limit is not None and in_use >= limit:
            raise ServiceQuotaExceededException.reached(quota, limit)

    def stop_dry_run(self, request: Mapping[str, Any]) -> None:
        """Ends a dry run, after all checks and before the first write.

        :raises DryRunOperationException: the request asked for one.
        """
        if request.get("dryRun"):
            raise DryRunOperationException

    def require_no_pipeline_uses(self, arn: str) -> None:
        """:raises ResourceDependencyException: an image pipeline refers to this configuration."""
        members = ("infrastructureConfigurationArn", "distributionConfigurationArn")
        for pipeline in self.image_pipelines:
            if any(pipeline.record.get(member) == arn for member in members):
                raise ResourceDependencyException.depended_on(arn)

    def list_page(
        self,
        operation_name: str,
        request: Mapping[str, Any],
        rows_after: Callable[[Any], Iterator[tuple[Any, Row]]],
        keep: Callable[[Row], bool] | None = None,
    ) -> tuple[list[Row], dict[str, str]]:
        """One page of a list operation.

        :param rows_after: the rows that come after a key (None: from the start), with their keys.
        :param keep: what the filters accept.
        :returns: the rows, and ``{"nextToken": ...}`` unless it is the last page.
        :raises InvalidPaginationTokenException: the request's token is not of this list.
        """
        scope = (operation_name, self.account_id, self.region_name)
        page = api.Page.take(rows_after(api.read_token(scope, request)), api.page_size(request), keep)
        if page.last_key is None:
            return page.rows, {}
        return page.rows, {"nextToken": api.write_token(scope, request, page.last_key)}


def _required(find: Callable[[str], Found | None], arn: str, parameter: str) -> Found:
    try:
        found = find(arn)
    except ValueError:
        raise misplaced_wildcard(parameter) from None
    if found is None:
        raise ResourceNotFoundException(Arn.parse(arn).kind, arn)
    return found


def read_filters(request: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, list[str]]:
    """The request's ``filters`` by name. Values of one filter are alternatives, different filters must all match.

    :raises InvalidParameterValueException: the operation has no filter of this name (names are case-sensitive), or the
        request gives one twice.
    """
    names = sorted(allowed)
    filters: dict[str, list[str]] = {}
    for number, entry in enumerate(request.get("filters", ())):
        name = entry.get("name")
        if name not in names:
            raise invalid_value(f"filters[{number}].name", f"Valid filter names are: {', '.join(names)}.")
        if name in filters:
            raise invalid_value(f"filters[{number}].name", f"The filter '{name}' is given more than once.")
        filters[name] = entry.get("values") or []
    return filters
