"""What a test lays down for builds, scans and calls to come: rules that apply once, several times, or until ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, get_args

from .imagebuilder import imagebuilder_backends
from .imagebuilder.api import load_model, operations
from .imagebuilder.builds.failure_rules import BuildFailure
from .imagebuilder.builds.rules import BuildFilter
from .imagebuilder.builds.scans.rules import DEFAULT_REASONS, ScanFailure, ScanFailureStatus, ScanFindings
from .imagebuilder.builds.steering import OperationFailure
from .imagebuilder.exceptions import ImageBuilderException
from .imagebuilder.resources.scan_finding import check_scan_findings


class Rules:
    """The part of :class:`~.control.Control` that lays down rules. They hold in all accounts and Regions."""

    def fail_next_build(
        self,
        stage: str = "BUILDING",
        *,
        step: str | None = None,
        reason: str | None = None,
        match: str = "*",
    ) -> str:
        """The next build fails, once: the same as :meth:`fail_builds` with these parameters.

        :returns: the id of the rule, for :meth:`end_rule`.
        :raises ValueError: no build can fail like this.
        """
        return self.fail_builds(stage, step=step, reason=reason, match=match)

    def fail_builds(
        self,
        stage: str | None = None,
        *,
        step: str | None = None,
        component: str | None = None,
        region: str | None = None,
        match: str = "*",
        recipe: str | None = None,
        pipeline: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        reason: str | None = None,
    ) -> str:
        """Builds that begin from now on fail. To retry an image is to build it.

        In a stage in which workflows run, it is a step that fails: what comes of that is the matter of the step's and the
        workflow's ``onFailure``. Builds that do not come to where they are to fail leave it to the next one. A build goes
        by all rules that last, and by the oldest of the others that fits; each of them fails it once.

        :param stage: the status in which they fail, such as ``TESTING``. Without it, where they come to the step,
            component or Region; without those, ``BUILDING``.
        :param step: the name of a step, such as ``LaunchBuildInstance``. Without it, the first step that runs components
            fails, or else the first.
        :param component: the component that fails in a step that runs components: its name, or its ARN with or without
            the build, or as the recipe has it; a pattern as in file names.
        :param region: the Region that the image does not get to. The other Regions get their copies.
        :param match: a pattern for the image's name, which is its recipe's: ``web-*``.
        :param recipe: a pattern for the name or the ARN of the recipe.
        :param pipeline: a pattern for the name or the ARN of the pipeline.
        :param nth: the first that fails is the nth of those that could.
        :param times: how many fail; None for all until :meth:`end_rule`.
        :param reason: the ``state.reason`` of the image, to the letter. Without it, it is what the service says.
        :returns: the id of the rule, for :meth:`end_rule`.
        :raises ValueError: no build can fail like this.
        """
        return imagebuilder_backends.steer().add(
            BuildFailure(
                builds=BuildFilter(match, recipe, pipeline),
                stage=stage,
                step=step,
                component=component,
                region=region,
                nth=nth,
                times=times,
                reason=reason,
            )
        )

    def fail_operation(
        self,
        operation: str,
        *,
        error: str,
        message: str = "Made to fail by the test.",
        status: int | None = None,
        times: int | None = 1,
    ) -> str:
        """Calls of an operation end with an error that no state of the service can produce: throttling, outage.

        :param operation: the API's name, such as ``CreateComponent``, or a pattern for several: ``Get*``.
        :param error: the error code.
        :param status: the HTTP status, for a code that the model lacks; 400 if left out. The others have the model's.
        :param times: how many calls; None for all until :meth:`end_rule`. Retries of the SDK count.
        :returns: the id of the rule, for :meth:`end_rule`.
        :raises ValueError: there is no such operation, the code has another status, or ``times`` is not positive.
        """
        if not any(fnmatchcase(name, operation) for name in operations()):
            raise ValueError(f"EC2 Image Builder has no operation {operation!r}")
        failure = ImageBuilderException(message)
        failure.code = error
        if status is not None:
            known = load_model().status_of(error)
            if status not in range(400, 600) or known not in (None, status):
                raise ValueError(f"status must be {known or 'between 400 and 599'} for {error}, not {status}")
            failure.status = status
        return imagebuilder_backends.steer().add(OperationFailure(pattern=operation, error=failure, times=times))

    def find_vulnerabilities(
        self,
        findings: Sequence[Mapping[str, Any]],
        *,
        match: str = "*",
        recipe: str | None = None,
        pipeline: str | None = None,
        times: int | None = None,
    ) -> str:
        """What scans find from now on in images of which only the name is known.

        On-demand scans of output AMIs find it too: their findings are EC2's to show, and count for the
        ``scanResultCondition`` of the image. What several rules find adds up.

        :param findings: as for :meth:`~.control.Control.add_findings`, without account, image and pipeline.
        :param match: a pattern for the image's name, which is its recipe's: ``web-*``.
        :param recipe: a pattern for the name or the ARN of the recipe.
        :param pipeline: a pattern for the name or the ARN of the pipeline.
        :param times: in how many images; None for all until :meth:`end_rule`.
        :returns: the id of the rule, for :meth:`end_rule`.
        :raises ValueError: a finding is not right, or ``times`` is not positive.
        """
        check_scan_findings(findings)
        builds = BuildFilter(match, recipe, pipeline)
        return imagebuilder_backends.steer().add(ScanFindings(builds=builds, findings=deepcopy(findings), times=times))

    def fail_scans(
        self,
        status: ScanFailureStatus = "FAILED",
        *,
        reason: str | None = None,
        match: str = "*",
        recipe: str | None = None,
        pipeline: str | None = None,
        times: int | None = 1,
    ) -> str:
        """Scans that come to their end from now on end badly, with nothing found.

        The step that collects findings fails. The image does not, unless the step's workflow says so or it has a
        ``scanResultCondition``.

        :param status: the status of ``scanState``, ``FAILED`` or ``TIMED_OUT``.
        :param reason: its reason.
        :param match: a pattern for the image's name; ``recipe`` and ``pipeline`` as for :meth:`fail_builds`.
        :param times: how many scans; None for all until :meth:`end_rule`.
        :returns: the id of the rule, for :meth:`end_rule`.
        :raises ValueError: scans do not end with this status, or ``times`` is not positive.
        """
        if status not in get_args(ScanFailureStatus):
            raise ValueError(f"status must be one of {', '.join(get_args(ScanFailureStatus))}, not {status!r}")
        builds = BuildFilter(match, recipe, pipeline)
        failure = ScanFailure(builds=builds, status=status, reason=reason or DEFAULT_REASONS[status], times=times)
        return imagebuilder_backends.steer().add(failure)

    def end_rule(self, rule: str) -> None:
        """What was laid down applies no more. Nothing happens if it has applied as often as it was to.

        :param rule: an id that :meth:`fail_builds`, :meth:`fail_operation`, :meth:`find_vulnerabilities` or
            :meth:`fail_scans` has returned.
        :raises LookupError: there has been no such rule since the reset.
        """
        imagebuilder_backends.steer().end(rule)
