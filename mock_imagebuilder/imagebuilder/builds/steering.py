"""What a test has decided about builds and errors. Reset with the backends; empty in the ordinary case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.moto_api import state_manager

from .failure_rules import BuildFailure, Strike
from .rules import Rule
from .scans.rules import Finding, ScanFailure, ScanFindings

if TYPE_CHECKING:
    from ..resources.image import Image

#: The state manager's name for the progression of image builds.
MODEL_NAME = "imagebuilder::image"

state_manager.register_default_transition(MODEL_NAME, {"progression": "immediate"})


@dataclass(kw_only=True, eq=False)
class OperationFailure(Rule):
    """Calls of the operations whose names fit the pattern end with ``error``."""

    pattern: str
    error: ServiceException


@dataclass
class Steering:
    """The decisions, for all accounts and Regions."""

    build_failures: list[BuildFailure] = field(default_factory=list)
    operation_failures: list[OperationFailure] = field(default_factory=list)
    scan_findings: list[ScanFindings] = field(default_factory=list)
    scan_failures: list[ScanFailure] = field(default_factory=list)
    #: All rules that there have been, by their ids.
    rules: dict[str, Rule] = field(default_factory=dict)
    packages: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    #: By account, Region and name: the quotas that are not AWS's defaults. None is no limit.
    quotas: dict[tuple[str, str, str], int | None] = field(default_factory=dict)
    _sets_progression: bool = False
    _lock: Lock = field(default_factory=Lock)

    def add(self, rule: Rule) -> str:
        """Lay down a rule, behind those of its kind that are there.

        :returns: its id.
        """
        with self._lock:
            self._list_of(rule).append(rule)
            id_ = f"rule-{len(self.rules) + 1}"
            self.rules[id_] = rule
        return id_

    def end(self, id_: str) -> None:
        """A rule applies no more, to builds that have begun either.

        :raises LookupError: there has never been such a rule.
        """
        with self._lock:
            rule = self.rules.get(id_)
            if rule is None:
                raise LookupError(f"there is no rule {id_}")
            rule.has_ended = True
            self._forget(rule)

    def take_build_failures(self, image: Image, stages: Iterable[str]) -> tuple[Strike, ...]:
        """The failures that wait for a build of this image that goes through these stages.

        Those are all that last, and of those that are counted the oldest.
        """
        if not self.build_failures:
            return ()
        stages = tuple(stages)
        taken: list[BuildFailure] = []
        for failure in list(self.build_failures):
            if not failure.fits(image, stages):
                continue
            failure.fitted += 1
            if failure.fitted < failure.nth:
                continue
            if failure.times is None or all(other.times is None for other in taken):
                taken.append(failure)
        for failure in taken:
            self._count(failure)
        return tuple(map(Strike, taken))

    def give_back(self, failure: BuildFailure) -> None:
        """A build has come past a failure that it took: the next one takes it, before all others that are counted."""
        failure.fitted -= 1
        if failure.times is None or failure.has_ended:
            return
        if failure.is_spent:
            self.build_failures.insert(0, failure)
        failure.times += 1

    def raise_operation_failure(self, operation: str) -> None:
        """:raises ServiceException: the error that this call of the operation has to end with, if there is one."""
        if not self.operation_failures:
            return
        # Requests of several threads ask at the same time.
        with self._lock:
            for failure in self.operation_failures:
                if fnmatchcase(operation, failure.pattern):
                    self._count(failure)
                    raise failure.error

    def take_scan_failure(self, image: Image) -> ScanFailure | None:
        """How the scan of an image has to end, if it is not to complete."""
        for failure in self.scan_failures:
            if failure.builds.accepts(image):
                self._count(failure)
                return failure
        return None

    def take_scan_findings(self, image: Image) -> list[Finding]:
        """What the scan of an image has to find that has not been found in it."""
        found: list[Finding] = []
        for rule in list(self.scan_findings):
            if rule.applies_to(image):
                found += rule.findings
                if rule.is_spent:
                    self._forget(rule)
        return found

    def _list_of(self, rule: Rule) -> list[Any]:
        lists: Mapping[type[Rule], list[Any]] = {
            BuildFailure: self.build_failures,
            OperationFailure: self.operation_failures,
            ScanFindings: self.scan_findings,
            ScanFailure: self.scan_failures,
        }
        return lists[type(rule)]

    def _count(self, rule: Rule) -> None:
        rule.count()
        if rule.is_spent:
            self._forget(rule)

    def _forget(self, rule: Rule) -> None:
        rules = self._list_of(rule)
        if rule in rules:
            rules.remove(rule)

    def set_progression(self, transition: dict[str, Any]) -> None:
        """The same as moto's ``state_manager.set_transition`` for image builds, but gone after a reset."""
        state_manager.set_transition(MODEL_NAME, transition)
        self._sets_progression = True

    def clear(self) -> None:
        self.build_failures.clear()
        self.operation_failures.clear()
        self.scan_findings.clear()
        self.scan_failures.clear()
        self.rules.clear()
        self.packages.clear()
        self.quotas.clear()
        if self._sets_progression:
            state_manager.unset_transition(MODEL_NAME)
            self._sets_progression = False
