"""Rules that a test lays down: which builds they are about, and how often they apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..resources.image import Image


@dataclass(frozen=True)
class BuildFilter:
    """Which builds a rule is about. All are patterns as in file names; None is every build.

    ``image`` is for the image's name, ``recipe`` and ``pipeline`` are for the name or the ARN of what it is made from.
    """

    image: str = "*"
    recipe: str | None = None
    pipeline: str | None = None

    def accepts(self, image: Image) -> bool:
        return (
            fnmatchcase(image.name, self.image)
            and (self.recipe is None or fits(self.recipe, _names_of_recipe(image)))
            and (self.pipeline is None or fits(self.pipeline, _names_of_pipeline(image)))
        )


@dataclass(kw_only=True)
class Rule:
    """What a test has laid down until it has applied ``times`` times; until the test ends it for None."""

    times: int | None = 1
    #: Set by the test. A build that knows the rule does not go by it any more.
    has_ended: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError("times must be positive, or None")

    @property
    def is_spent(self) -> bool:
        return self.times == 0

    def count(self) -> None:
        """It applies once more."""
        if self.times is not None:
            self.times -= 1


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Whether one of the names is as the pattern has it."""
    return any(fnmatchcase(name, pattern) for name in names)


def _names_of_recipe(image: Image) -> tuple[str, ...]:
    record = image.recipe_record
    return (record["name"], record["arn"]) if record else ()


def _names_of_pipeline(image: Image) -> tuple[str, ...]:
    arn = image.record.get("sourcePipelineArn")
    if arn is None:
        return ()
    pipeline = image.backend.image_pipelines.find(arn)
    return (arn,) if pipeline is None else (pipeline.name, arn)
