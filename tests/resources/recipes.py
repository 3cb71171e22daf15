"""What the tests of both kinds of recipes share."""

from __future__ import annotations

from typing import Any, Protocol

BAD_VERSION = "The supplied semantic version does not follow the required format"


class Recipes(Protocol):
    """:mod:`.image_recipes` or :mod:`.container_recipes`."""

    KIND: str
    #: The request member that holds the ARN of a recipe, for CreateImage too.
    PARAMETER: str
    #: The answer's member with the summaries of a list.
    SUMMARIES: str
    #: An ARN up to the slug.
    ARN: str

    def ask(self, client: Any, name: str = ..., version: str = ..., **members: Any) -> Any: ...
    def create(self, client: Any, name: str = ..., version: str = ..., **members: Any) -> str: ...
    def got(self, client: Any, arn: str) -> Any: ...
    def get(self, client: Any, arn: str) -> Any: ...
    def delete(self, client: Any, arn: str) -> Any: ...
    def listed(self, client: Any, **request: Any) -> Any: ...
    def summaries(self, client: Any, **request: Any) -> list[dict[str, Any]]: ...


def references(family: str, *versions: str) -> dict[str, str]:
    """The ``latestVersionReferences`` of a recipe, given its ARN up to the slug and the four versions."""
    names = ("latestVersionArn", "latestMajorVersionArn", "latestMinorVersionArn", "latestPatchVersionArn")
    return {name: f"{family}/{version}" for name, version in zip(names, versions, strict=True)}
