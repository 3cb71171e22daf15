"""Builds that a test wants to fail: which of them, where, and in what words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..exceptions import ResourceNotFoundException
from ..regions import is_region
from .rules import BuildFilter, Rule, fits
from .workflows.component_phases import ComponentPhase, phases_in

if TYPE_CHECKING:
    from ..resources.image import Image

#: The stages in which a build can be made to fail.
STAGES = ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING")
#: By the stages in which workflows can run: the type of those workflows.
WORKFLOW_TYPES = {"BUILDING": "BUILD", "TESTING": "TEST", "DISTRIBUTING": "DISTRIBUTION"}
_REGION_STAGES = ("DISTRIBUTING", "INTEGRATING")
_COMPONENT_STAGES = ("BUILDING", "TESTING")
#: What an entry of a distribution configuration says of the distribution itself; all else is what uses the image there.
_DISTRIBUTION_MEMBERS = frozenset(("region", "amiDistributionConfiguration", "containerDistributionConfiguration"))
_DISTRIBUTING_ACTIONS = ("DistributeImage", "DistributeContainerImage")
_CONFIGURING_ACTION = "ApplyImageConfigurations"
EXECUTE_COMPONENTS = "ExecuteComponents"

#: Why a build fails that was made to fail, where the service would not say it in other words.
DEFAULT_REASON = "The build was made to fail by the test."


@dataclass(kw_only=True, eq=False)
class BuildFailure(Rule):
    """Builds fail in one of their ``stages``.

    ``reason`` is to be their ``state.reason``, None for what the service would say. At most one of these says where in the
    stage it happens; without them it is the first step that runs components, or else the first, or else the stage's work.

    * ``step``: the name of a step in a workflow of the stage;
    * ``component``: a component, by a pattern for its name or ARN, in a step that runs components (and has the name
      ``step``, if that is given);
    * ``region``: a Region that the image is distributed to, or whose launch templates, parameters and so on are to be
      configured, if ``stage`` is INTEGRATING.

    The first build that fails is the ``nth`` of those that could.

    :raises ValueError: no build can ever fail like this.
    """

    builds: BuildFilter = field(default_factory=BuildFilter)
    stage: str | None = None
    step: str | None = None
    component: str | None = None
    region: str | None = None
    nth: int = 1
    reason: str | None = None
    #: How many builds it has fitted.
    fitted: int = field(default=0, init=False)
    stages: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nth < 1:
            raise ValueError("nth must be positive")
        if self.stage is not None and self.stage not in STAGES:
            raise ValueError(f"stage must be one of {', '.join(STAGES)}, not {self.stage!r}")
        if self.region is not None:
            self._check_region(self.region)
        possible = self._possible_stages()
        if self.stage is not None and self.stage not in possible:
            raise ValueError(f"stage must be {' or '.join(possible)} for a {self._place}, not {self.stage!r}")
        if self.stage is not None:
            possible = (self.stage,)
        elif self.region is not None:
            possible = _REGION_STAGES[:1]
        self.stages = frozenset(possible)

    @property
    def _place(self) -> str:
        return next(name for name in ("region", "component", "step") if getattr(self, name) is not None)

    def _check_region(self, region: str) -> None:
        if self.step is not None or self.component is not None:
            raise ValueError("a region fails in the distribution, where no step and no component is needed to name it")
        if not is_region(region):
            raise ValueError(f"the Region {region!r} does not exist")

    def _possible_stages(self) -> tuple[str, ...]:
        if self.region is not None:
            return _REGION_STAGES
        if self.component is not None:
            return _COMPONENT_STAGES
        if self.step is not None:
            return tuple(WORKFLOW_TYPES)
        return STAGES if self.stage is not None else ("BUILDING",)

    def fits(self, image: Image, stages: Iterable[str]) -> bool:
        """Whether a build that goes through these stages comes to where it is to fail, as far as is known beforehand."""
        return self.builds.accepts(image) and any(
            self._happens_in(image, stage) for stage in stages if stage in self.stages
        )

    def _happens_in(self, image: Image, stage: str) -> bool:
        if self.region is not None:
            return (_may_go_to if stage == "DISTRIBUTING" else _may_be_configured_in)(image, self.region)
        if self.step is None and self.component is None:
            return True
        actions = [
            step.action for step in image.workflow_runs.steps(stage) if self.step is None or step.name == self.step
        ]
        if self.component is None:
            return bool(actions)
        return EXECUTE_COMPONENTS in actions and self.phase_in(image, WORKFLOW_TYPES[stage]) is not None

    def phase_in(self, image: Image, workflow_type: str) -> ComponentPhase | None:
        """What is to fail of what components have to do in a workflow of this type."""
        try:
            for phase in phases_in(image, workflow_type):
                if self.component is None or fits(_pattern_of(self.component), _names_of_component(image, phase)):
                    return phase
        except ResourceNotFoundException:
            pass
        return None


@dataclass(eq=False)
class Strike:
    """A rule that one build goes by."""

    rule: BuildFailure
    has_struck: bool = False

    @property
    def is_ahead(self) -> bool:
        return not self.has_struck and not self.rule.has_ended

    @property
    def is_for_the_stage(self) -> bool:
        """Whether it does not matter where in the stage it strikes."""
        return self.rule.step is None and self.rule.component is None and self.rule.region is None

    def strike(self) -> str:
        """:returns: the reason that the test has given, or else a general one."""
        self.has_struck = True
        return self.rule.reason or DEFAULT_REASON


def to_the_letter(strikes: Iterable[Strike], reason: str) -> str:
    """What the test wants the reason to be, if it is the test's own in the words of the service."""
    for strike in strikes:
        wanted = strike.rule.reason
        if strike.has_struck and wanted and wanted.rstrip(".") in reason:
            return wanted
    return reason


def refusal_of(image: Image, stage: str, region: str, otherwise: str = DEFAULT_REASON) -> str | None:
    """Why what is done for a Region is to fail; None if it is not.

    :param stage: DISTRIBUTING for the distribution itself, INTEGRATING for the configuration of what is there.
    :param otherwise: what the service would say.
    """
    for strike in image.build.strikes:
        if strike.rule.region == region and stage in strike.rule.stages and not strike.rule.has_ended:
            strike.strike()
            return strike.rule.reason or otherwise
    return None


def _may_go_to(image: Image, region: str) -> bool:
    """Whether the image is configured to go to a Region, or a step decides on where it goes."""
    if any(step.action in _DISTRIBUTING_ACTIONS for step in image.workflow_runs.steps("DISTRIBUTING")):
        return True
    is_ami = image.record["type"] == "AMI"
    if not is_ami and region == image.backend.region_name:
        return True
    settings = "amiDistributionConfiguration" if is_ami else "containerDistributionConfiguration"
    return any(entry["region"] == region and settings in entry for entry in _distributions_of(image))


def _may_be_configured_in(image: Image, region: str) -> bool:
    """Whether something is to use the image in a Region, or a step decides on what does."""
    if any(step.action == _CONFIGURING_ACTION for step in image.workflow_runs.steps("DISTRIBUTING")):
        return True
    return any(entry["region"] == region and entry.keys() - _DISTRIBUTION_MEMBERS for entry in _distributions_of(image))


def _distributions_of(image: Image) -> list[dict[str, Any]]:
    distributions: list[dict[str, Any]] = image.record.get("distributionConfiguration", {}).get("distributions", [])
    return distributions


def _names_of_component(image: Image, phase: ComponentPhase) -> Iterator[str]:
    component = image.backend.find_component(phase.component_arn)
    if component is not None:
        yield str(component.record["name"])
    yield phase.component_arn
    yield phase.component_arn.rpartition("/")[0]


def _pattern_of(component: str) -> str:
    """A reference of a recipe as a pattern: in ``.../update-linux/x.x.x`` each ``x`` is any number."""
    family, separator, name = component.partition(":component/")
    slug, slash, version = name.partition("/")
    return f"{family}{separator}{slug}{slash}{version.replace('x', '*')}" if separator else component
