"""The life of one lifecycle execution: IN_PROGRESS, then SUCCESS, FAILED or CANCELLED.

What an execution is going to do is fixed when it begins; then it acts on one image after the other. How time passes is
moto's state manager's matter, model name ``imagebuilder::lifecycle-execution``: ``immediate`` (the default), ``manual``
(one image for every ``times`` observations of the execution) and ``time`` (one image every ``seconds``). A scheduled
execution begins when its hour has come, whatever the progression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

from ...exceptions import ResourceNotFoundException
from ...store import Index
from ..execution_role import NO_USABLE_ROLE, is_usable_for_lifecycle
from .actions import carry_out

if TYPE_CHECKING:
    from ...resources.base import BackendCore
    from ...resources.image import Image
    from .plan import Decision

MODEL_NAME = "imagebuilder::lifecycle-execution"

state_manager.register_default_transition(MODEL_NAME, {"progression": "immediate"})

IN_PROGRESS, CANCELLING = "IN_PROGRESS", "CANCELLING"
SUCCESS, FAILED, CANCELLED, SKIPPED = "SUCCESS", "FAILED", "CANCELLED", "SKIPPED"

Record = dict[str, Any]
#: What to do, as of the moment in which the execution begins.
Plan = Callable[[datetime], "list[Decision]"]


class LifecycleExecution:
    """One run of lifecycle actions; ``record`` in the members of the API's LifecycleExecution."""

    def __init__(
        self,
        backend: BackendCore,
        plan: Plan,
        role: str | None,
        moment: datetime,
        *,
        policy_arn: str | None = None,
        image: Image | None = None,
        scheduled: datetime | None = None,
    ) -> None:
        """
        :param role: the IAM role that the execution acts in, if it acts on more than images.
        :param policy_arn: the policy that the execution is a run of.
        :param image: the image whose state it was started to update.
        :param scheduled: when it begins, if not at once.
        """
        self.id = f"lce-{mock_random.uuid4()}"
        self.policy_arn = policy_arn
        self.image = image
        self.scheduled = scheduled
        self.record: Record = {
            "lifecycleExecutionId": self.id,
            "lifecyclePolicyArn": policy_arn,
            "resourcesImpactedSummary": {"hasImpactedResources": False},
            "state": {"status": IN_PROGRESS},
            "startTime": moment,
        }
        #: The entries of the images that it acts on, in order, in the members of LifecycleExecutionResource.
        self.resources: list[Record] = []
        #: The entries of their output resources by the images' ARNs.
        self.outputs: dict[str, list[Record]] = {}
        self._backend = backend
        self._plan = plan
        self._role = role
        self._decisions: list[Decision] = []
        self._has_begun = False
        self._done = 0
        self._observations = 0
        self._is_at_work = False
        self._entered = moment if scheduled is None else scheduled

    @property
    def status(self) -> str:
        status: str = self.record["state"]["status"]
        return status

    @property
    def is_running(self) -> bool:
        return self.status in (IN_PROGRESS, CANCELLING)

    def is_about(self, image: Image) -> bool:
        """Whether it has yet to act on an image."""
        waiting = [decision.image for decision in self._decisions[self._done :]]
        return self.is_running and (self.image is image or image in waiting)

    def observe(self, moment: datetime) -> None:
        """The execution is looked at: whatever its progression makes of that happens now."""
        if not self._may_go_on(moment):
            return
        transition = state_manager.get_transition(MODEL_NAME)
        if transition["progression"] == "manual":
            self._observations += 1
            if self._observations >= transition["times"]:
                self._advance(moment)
        else:
            self.settle(moment)

    def settle(self, moment: datetime) -> None:
        """What happens without being looked at, see :meth:`.Build.settle`."""
        if not self._may_go_on(moment):
            return
        transition = state_manager.get_transition(MODEL_NAME)
        if transition["progression"] == "immediate":
            while self.is_running:
                self._advance(moment if self.scheduled is None else self._entered)
        elif transition["progression"] == "time":
            duration = timedelta(seconds=transition["seconds"])
            while self.is_running and self._entered + duration <= moment:
                self._advance(self._entered + duration)

    def goes_on_at(self, moment: datetime) -> datetime | None:
        """When :meth:`settle` has something to do next, if it does until ``moment``."""
        due = self._entered
        if self._has_begun or self.status != IN_PROGRESS:
            transition = state_manager.get_transition(MODEL_NAME)
            if transition["progression"] == "manual":
                return None
            immediate = transition["progression"] == "immediate"
            due = moment if immediate else due + timedelta(seconds=transition["seconds"])
        return due if due <= moment else None

    def cancel(self, moment: datetime) -> None:
        """Ask a running execution to end. What it has done stays; a scheduled deprecation is not to come any more."""
        if self.status != IN_PROGRESS:
            return
        self._set_status(CANCELLING)
        self._observations = 0
        self._entered = moment
        if self.image is not None and self.image.record.get("deprecationTime") == self.scheduled:
            self.image.update(deprecationTime=None)
        if state_manager.get_transition(MODEL_NAME)["progression"] == "immediate":
            self._advance(moment)

    def _may_go_on(self, moment: datetime) -> bool:
        # At work it reaches neighbours, and reaching neighbours lets time pass.
        if self._is_at_work or not self.is_running:
            return False
        if not self._has_begun and self.status == IN_PROGRESS:
            if moment < self._entered:
                return False
            self._begin(self._entered)
        return self.is_running

    def _begin(self, moment: datetime) -> None:
        self._has_begun = True
        self._is_at_work = True
        try:
            self._make_plan(moment)
        finally:
            self._is_at_work = False

    def _make_plan(self, moment: datetime) -> None:
        if self._role is not None and not is_usable_for_lifecycle(
            self._backend.account_id, self._backend.partition, self._role
        ):
            self._finish(FAILED, moment, NO_USABLE_ROLE)
            return
        self._decisions = self._plan(moment)
        self.resources = [self._entry(decision, moment) for decision in self._decisions]
        has_impact = any(decision.exclusion is None for decision in self._decisions)
        self.record = {**self.record, "resourcesImpactedSummary": {"hasImpactedResources": has_impact}}

    def _entry(self, decision: Decision, moment: datetime) -> Record:
        return {
            "accountId": self._backend.account_id,
            "resourceId": decision.image.arn,
            "state": {"status": IN_PROGRESS},
            "action": {"name": decision.action, "reason": decision.reason},
            "region": self._backend.region_name,
            "startTime": moment,
        }

    def _advance(self, moment: datetime) -> None:
        """Act on the next image, or end."""
        self._observations = 0
        self._entered = moment
        if self.status == CANCELLING:
            self._finish(CANCELLED, moment)
            return
        if self._done < len(self._decisions):
            self._act(moment)
        if self._done < len(self._decisions):
            return
        if any(entry["state"]["status"] == FAILED for entry in self.resources):
            self._finish(FAILED, moment, "One or more resource actions failed.")
        else:
            self._finish(SUCCESS, moment)

    def _act(self, moment: datetime) -> None:
        decision = self._decisions[self._done]
        self._is_at_work = True
        try:
            outcome = carry_out(decision, self.id, moment)
        finally:
            self._is_at_work = False
        self.outputs[decision.image.arn] = outcome.outputs
        self._end_entry(self._done, outcome.state, moment)
        self._done += 1

    def _end_entry(self, position: int, state: Record, moment: datetime) -> None:
        self.resources[position] = {**self.resources[position], "state": state, "endTime": moment}

    def _finish(self, status: str, moment: datetime, reason: str | None = None) -> None:
        for position in range(self._done, len(self._decisions)):
            self._end_entry(position, {"status": SKIPPED, "reason": "The lifecycle execution was cancelled."}, moment)
        self._set_status(status, reason)
        self.record = {**self.record, "endTime": moment}

    def _set_status(self, status: str, reason: str | None = None) -> None:
        state = {"status": status} if reason is None else {"status": status, "reason": reason}
        self.record = {**self.record, "state": state}


class LifecycleHistory:
    """The lifecycle executions of one account and Region."""

    def __init__(self) -> None:
        self._by_id: dict[str, LifecycleExecution] = {}
        self._by_resource: dict[str, Index[int, LifecycleExecution]] = {}

    def add(self, execution: LifecycleExecution) -> None:
        self._by_id[execution.id] = execution
        resource = execution.policy_arn or (execution.image.arn if execution.image is not None else "")
        self._by_resource.setdefault(resource, Index()).add(len(self._by_id), execution)

    def get(self, execution_id: str) -> LifecycleExecution:
        """:raises ResourceNotFoundException: there is no such execution."""
        execution = self._by_id.get(execution_id)
        if execution is None:
            raise ResourceNotFoundException("LifecycleExecution", execution_id)
        return execution

    def before(self, resource_arn: str, key: int | None = None) -> Iterator[tuple[int, LifecycleExecution]]:
        """The executions of a policy, or those that were started for an image, newest first."""
        index = self._by_resource.get(resource_arn)
        return iter(()) if index is None else index.before(key)

    def running(self) -> Iterator[LifecycleExecution]:
        return (execution for execution in self._by_id.values() if execution.is_running)
