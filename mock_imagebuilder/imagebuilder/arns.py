"""Names and ARNs of Image Builder resources.

``arn:PARTITION:imagebuilder:REGION:OWNER:TYPE/SLUG[/VERSION[/BUILD]]``: the name itself is kept as it was given, the ARN
carries its slug. OWNER is an account id, or ``aws``, ``aws-marketplace``, ``third-party`` for what others publish. A
workflow's TYPE is ``workflow/build``, ``workflow/test`` or ``workflow/distribution``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_KIND = {
    "component": "Component",
    "container-recipe": "ContainerRecipe",
    "distribution-configuration": "DistributionConfiguration",
    "image": "Image",
    "image-pipeline": "ImagePipeline",
    "image-recipe": "ImageRecipe",
    "infrastructure-configuration": "InfrastructureConfiguration",
    "lifecycle-policy": "LifecyclePolicy",
    "workflow": "Workflow",
}

#: int() refuses texts of more than 4,300 digits, and no build gets that far.
_MAX_BUILD_DIGITS = 4000

_NOT_IN_SLUG = re.compile(r"[^a-z0-9-]")


def slug(name: str) -> str:
    """The ARN segment of a resource name: lower case, spaces and underscores as hyphens.

    Names with the same slug are the same name to the service (the ``name`` member of the Create requests). ImportVmImage
    takes names with other characters too; they become hyphens as well, or no ARN pattern would accept the result.
    """
    return _NOT_IN_SLUG.sub("-", name.lower())


class Arn(NamedTuple):
    """One ARN, in parts. ``version`` is text and may hold wildcards; ``build`` is None below the build level."""

    partition: str
    region: str
    owner: str
    type: str
    slug: str
    version: str | None = None
    build: int | None = None

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Take an ARN apart that the API model's pattern has already accepted. ValueError if it is none."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or parts[2] != "imagebuilder":
            raise ValueError(f"not an Image Builder ARN: {text!r}")
        _, partition, _, region, owner, path = parts
        type_, *rest = path.split("/")
        if type_ == "workflow" and rest:
            type_ = f"workflow/{rest.pop(0)}"
        if type_.split("/")[0] not in _KIND or not 1 <= len(rest) <= 3:
            raise ValueError(f"not an Image Builder ARN: {text!r}")
        slug_, version, build = [*rest, None, None][:3]
        number = None if build is None else int(build[:_MAX_BUILD_DIGITS])
        return cls(partition, region, owner, type_, str(slug_), version, number)

    def __str__(self) -> str:
        text = self.family
        if self.version is not None:
            text += f"/{self.version}"
        if self.build is not None:
            text += f"/{self.build}"
        return text

    @property
    def kind(self) -> str:
        """The CamelCase word for the resource type in the service's error messages, such as ``ImageRecipe``."""
        return _KIND[self.type.split("/")[0]]

    @property
    def family(self) -> str:
        """The ARN up to and including the slug: what all versions of a resource have in common."""
        return f"arn:{self.partition}:imagebuilder:{self.region}:{self.owner}:{self.type}/{self.slug}"

    def with_version(self, version: object, build: int | None = None) -> Arn:
        return self._replace(version=str(version), build=build)


def latest_version_references(arn: Arn) -> dict[str, str]:
    """The ``latestVersionReferences`` of a versioned resource, from any ARN of it with an exact version.

    For ``.../1.2.3/1``: ``.../x.x.x``, ``.../1.x.x``, ``.../1.2.x`` and ``.../1.2.3``; for workflows of Amazon only the
    first. All builds of a version share one dict, which is not to be changed.
    """
    return _references_of_version(arn.with_version(arn.version))


@lru_cache(maxsize=1024)
def _references_of_version(arn: Arn) -> dict[str, str]:
    major, minor, _ = str(arn.version).split(".")
    if arn.owner == "aws" and arn.kind == "Workflow":
        return {"latestVersionArn": str(arn.with_version("x.x.x"))}
    return {
        "latestVersionArn": str(arn.with_version("x.x.x")),
        "latestMajorVersionArn": str(arn.with_version(f"{major}.x.x")),
        "latestMinorVersionArn": str(arn.with_version(f"{major}.{minor}.x")),
        "latestPatchVersionArn": str(arn),
    }
