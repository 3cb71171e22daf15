"""Lifecycle policies: which images are deprecated, disabled and deleted, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ..arns import slug
from ..builds.execution_role import NO_USABLE_ROLE, is_usable_for_lifecycle
from ..builds.lifecycle.execution import LifecycleExecution
from ..builds.lifecycle.plan import decide
from ..exceptions import ResourceAlreadyExistsException, invalid_combination, invalid_value
from .base import Answer, BackendCore, Record, Resource, now, operation, read_filters
from .lifecycle_rules import check_lifecycle_policy, with_defaults

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateLifecyclePolicyRequestTypeDef,
        DeleteLifecyclePolicyRequestTypeDef,
        GetLifecyclePolicyRequestTypeDef,
        ListLifecyclePoliciesRequestTypeDef,
        UpdateLifecyclePolicyRequestTypeDef,
    )

    from ..builds.lifecycle.plan import Decision

ENABLED = "ENABLED"
_DAY = timedelta(days=1)


class LifecyclePolicy(Resource):
    """A lifecycle policy; ``record`` in the members of the API's LifecyclePolicy. Its dates are timestamps."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        #: When it was last enabled; of no meaning while it is not.
        self.enabled_since: datetime = record["dateCreated"]

    @property
    def is_enabled(self) -> bool:
        return bool(self.record["status"] == ENABLED)

    def next_run_after(self, moment: datetime) -> datetime | None:
        """The next daily execution: whole days after the policy was enabled. None while it is not."""
        if not self.is_enabled:
            return None
        days = max((moment - self.enabled_since) // _DAY + 1, 1)
        return self.enabled_since + days * _DAY


class LifecyclePolicyOperations(BackendCore):
    """Create, get, update, delete and list lifecycle policies, and run them."""

    @operation("CreateLifecyclePolicy")
    def create_lifecycle_policy(self, request: CreateLifecyclePolicyRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: the role can't be used, or a setting breaks a rule, see
            :func:`check_lifecycle_policy`.
        :raises InvalidParameterCombinationException: settings that do not go together, see there.
        :raises ResourceAlreadyExistsException: the name is taken in this account and Region.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        check_lifecycle_policy(request)
        self.require_lifecycle_role(request["executionRole"])
        arn = str(self.arn("lifecycle-policy", slug(request["name"])))
        if self.lifecycle_policies.find(arn):
            raise ResourceAlreadyExistsException(self.lifecycle_policies.kind, arn)
        self.require_place("Lifecycle policies", len(self.lifecycle_policies))
        self.stop_dry_run(request)
        policy = LifecyclePolicy(
            {
                "arn": arn,
                "name": request["name"],
                "description": request.get("description"),
                "status": request.get("status", ENABLED),
                "executionRole": request["executionRole"],
                "resourceType": request["resourceType"],
                "policyDetails": with_defaults(request["policyDetails"]),
                "resourceSelection": request["resourceSelection"],
                "dateCreated": now(),
                "tags": request.get("tags", {}),
            }
        )
        self.lifecycle_policies.add(policy)
        self._run_daily(policy)
        return {"lifecyclePolicyArn": arn}

    @operation("GetLifecyclePolicy")
    def get_lifecycle_policy(self, request: GetLifecyclePolicyRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such policy."""
        return {"lifecyclePolicy": self.lifecycle_policies.get(request["lifecyclePolicyArn"]).record}

    @operation("UpdateLifecyclePolicy")
    def update_lifecycle_policy(self, request: UpdateLifecyclePolicyRequestTypeDef) -> Answer:
        """Replaces everything but name, resource type and tags; the status is ENABLED again unless the request says
        otherwise. Disabling a policy cancels its running execution.

        :raises ResourceNotFoundException: there is no such policy.
        :raises InvalidParameterValueException: as for :meth:`create_lifecycle_policy`.
        :raises InvalidParameterCombinationException: another resource type; otherwise as there.
        """
        policy = self.lifecycle_policies.get(request["lifecyclePolicyArn"])
        if request["resourceType"] != policy.record["resourceType"]:
            raise invalid_combination("resourceType", "The resource type of a lifecycle policy can't be changed.")
        check_lifecycle_policy(request)
        self.require_lifecycle_role(request["executionRole"])
        was_enabled, moment = policy.is_enabled, now()
        policy.update(
            description=request.get("description"),
            status=request.get("status", ENABLED),
            executionRole=request["executionRole"],
            policyDetails=with_defaults(request["policyDetails"]),
            resourceSelection=request["resourceSelection"],
            dateUpdated=moment,
        )
        if not policy.is_enabled:
            self.running_builds.timetable.remove(policy)
            self._cancel_executions(policy)
        elif not was_enabled:
            policy.enabled_since = moment
            self._run_daily(policy)
        return {"lifecyclePolicyArn": policy.arn}

    @operation("DeleteLifecyclePolicy")
    def delete_lifecycle_policy(self, request: DeleteLifecyclePolicyRequestTypeDef) -> Answer:
        """Cancels a running execution of the policy. What executions have done stays, and they can still be listed.

        :raises ResourceNotFoundException: there is no such policy.
        """
        policy = self.lifecycle_policies.remove(request["lifecyclePolicyArn"])
        policy.forget()
        self.running_builds.timetable.remove(policy)
        self._cancel_executions(policy)
        return {"lifecyclePolicyArn": policy.arn}

    @operation("ListLifecyclePolicies")
    def list_lifecycle_policies(self, request: ListLifecyclePoliciesRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filters: ``name``, ``resourceType``, ``status``."""
        filters = read_filters(request, {"name", "resourceType", "status"})
        names = filters.pop("name", None)
        rows, token = self.list_page(
            "ListLifecyclePolicies",
            request,
            lambda after: self.lifecycle_policies.rows(after, names),
            lambda policy: all(policy.record[member] in values for member, values in filters.items()),
        )
        return {"lifecyclePolicySummaryList": [row.record for row in rows], **token}

    def require_lifecycle_role(self, role: str) -> None:
        if not is_usable_for_lifecycle(self.account_id, self.partition, role):
            raise invalid_value("executionRole", NO_USABLE_ROLE)

    def run_lifecycle_policy(self, policy: LifecyclePolicy, moment: datetime) -> LifecycleExecution:
        self.running_builds.settle(moment)
        _, newest = next(self.lifecycle_history.before(policy.arn), (0, None))
        if newest is not None and newest.is_running:
            return newest
        settings = policy.record

        def plan(at: datetime) -> list[Decision]:
            return decide((image for _, image in self.images.build_rows(None)), settings, at)

        policy.update(dateLastRun=moment)
        return self.start_lifecycle_execution(
            LifecycleExecution(self, plan, settings["executionRole"], moment, policy_arn=policy.arn), moment
        )

    def _run_daily(self, policy: LifecyclePolicy) -> None:
        self.running_builds.timetable.enter(policy, partial(self._run_on_this_day, policy), policy.enabled_since)

    def _run_on_this_day(self, policy: LifecyclePolicy, moment: datetime) -> None:
        if self.lifecycle_policies.find(policy.arn) is policy:
            self.run_lifecycle_policy(policy, moment)
        else:  # this backend was reset
            self.running_builds.timetable.remove(policy)

    def _cancel_executions(self, policy: LifecyclePolicy) -> None:
        for _, execution in self.lifecycle_history.before(policy.arn):
            execution.cancel(now())
