"""What an execution of a lifecycle policy is going to do: which image gets which action, and why.

The order of the steps is that of the user guide's pages "How lifecycle policy execution works" and "How lifecycle
management rules work for Image Builder image resources".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...arns import Arn, slug
from ...versions import Version, VersionPattern
from ..build import CANCELLED, FAILED
from .periods import ago

if TYPE_CHECKING:
    from ...resources.image import Image

DELETE, DEPRECATE, DISABLE, MAKE_AVAILABLE = "DELETE", "DEPRECATE", "DISABLE", "AVAILABLE"

#: Rules are tried in this order; the first that matches is the image's only action in an execution.
_PRIORITY = (DEPRECATE, DISABLE, DELETE)
_UNSUCCESSFUL = (FAILED, CANCELLED)
#: The states in which an image is past what a rule would do. A DELETE rule looks at images in any state.
_PASSED_OVER: Mapping[str, tuple[str, ...]] = {
    DEPRECATE: ("DEPRECATED", "DISABLED", *_UNSUCCESSFUL),
    DISABLE: ("DISABLED", *_UNSUCCESSFUL),
    DELETE: (),
}
#: The image type that a policy's resource type stands for.
_IMAGE_TYPE = {"AMI_IMAGE": "AMI", "CONTAINER_IMAGE": "DOCKER"}


@dataclass(frozen=True)
class Decision:
    """An action for an image, in the words of the API's LifecycleExecutionResourceAction."""

    image: Image
    action: str
    reason: str
    #: What the action extends to, in the members of LifecyclePolicyDetailActionIncludeResources.
    included: Mapping[str, bool] = field(default_factory=dict)
    #: What keeps an AMI out, in the members of LifecyclePolicyDetailExclusionRulesAmis.
    ami_exclusions: Mapping[str, Any] = field(default_factory=dict)
    #: Why the action is not to be taken after all.
    exclusion: str | None = None
    #: Whether the image outlives a DELETE that has passed over one of its AMIs.
    stays_with_amis: bool = False


def decide(images: Iterable[Image], policy: Mapping[str, Any], moment: datetime) -> list[Decision]:
    """The decisions of one execution, newest image first. Images whose build is running wait for the next execution.

    :param images: all images of the account, newest first.
    :param policy: in the members of the API's LifecyclePolicy.
    """
    selected = [image for image in _selected(images, policy) if not image.build.is_running]
    rules = sorted(policy["policyDetails"], key=lambda detail: _PRIORITY.index(detail["action"]["type"]))
    newer: Counter[tuple[str, Version]] = Counter()
    decisions = []
    for image in selected:
        recipe_version = _recipe_version(image)
        decision = _decide_one(image, rules, newer[recipe_version], moment)
        if decision is not None:
            decisions.append(decision)
        if image.status not in _UNSUCCESSFUL:
            newer[recipe_version] += 1
    return decisions


def _selected(images: Iterable[Image], policy: Mapping[str, Any]) -> Iterator[Image]:
    selection = policy["resourceSelection"]
    recipes = [
        (slug(recipe["name"]), VersionPattern(recipe["semanticVersion"])) for recipe in selection.get("recipes", ())
    ]
    for image in images:
        if image.record["type"] != _IMAGE_TYPE[policy["resourceType"]]:
            continue
        if _has_any(image.tags, selection.get("tagMap", {})) is not None or _is_built_from_any(image, recipes):
            yield image


def _is_built_from_any(image: Image, recipes: Iterable[tuple[str, VersionPattern]]) -> bool:
    recipe = image.record.get("imageRecipe") or image.record.get("containerRecipe")
    if recipe is None:
        return False
    name, version = slug(recipe["name"]), Version.parse(recipe["version"])
    return any(name == wanted and pattern.matches(version) for wanted, pattern in recipes)


def _recipe_version(image: Image) -> tuple[str, Version]:
    """What retention counts by. An image has the name and version of the recipe that it is built from."""
    arn = Arn.parse(image.arn)
    return arn.family, Version.parse(str(arn.version))


def _decide_one(image: Image, rules: Iterable[Mapping[str, Any]], newer: int, moment: datetime) -> Decision | None:
    """
    :param rules: the policy's rules in the order in which they are tried.
    :param newer: how many newer images of the recipe version count for retention.
    """
    excluded = None
    for rule in rules:
        action = rule["action"]["type"]
        reason = None if image.status in _PASSED_OVER[action] else _reason(image, rule, newer, moment)
        if reason is None:
            continue
        exclusions = rule.get("exclusionRules", {})
        decision = Decision(
            image,
            action,
            reason,
            rule["action"].get("includeResources", {}),
            exclusions.get("amis", {}),
            _exclusion(image, exclusions),
        )
        if decision.exclusion is None:
            return decision
        excluded = excluded or decision
    return excluded


def _reason(image: Image, rule: Mapping[str, Any], newer: int, moment: datetime) -> str | None:
    """Why a rule applies to an image, as a sentence; None if it does not."""
    rule_filter = rule["filter"]
    deletes = rule["action"]["type"] == DELETE
    if deletes and image.status in _UNSUCCESSFUL:
        return f"The image is in the state {image.status}."
    value = rule_filter["value"]
    if rule_filter["type"] == "COUNT":
        return f"The image is not among the newest {value} of its recipe version." if newer >= value else None
    if image.created > ago(moment, value, rule_filter["unit"]):
        return None
    # The service takes `retainAtLeast` in all rules for ages; only the deletion of images keeps to it.
    if deletes and newer < rule_filter.get("retainAtLeast", 0):
        return None
    return f"The image is older than {value} {rule_filter['unit']}."


def _exclusion(image: Image, exclusions: Mapping[str, Any]) -> str | None:
    if image.status in _UNSUCCESSFUL:
        return None  # failed and cancelled images are deleted whatever their tags are
    key = _has_any(image.tags, exclusions.get("tagMap", {}))
    return None if key is None else f"The image has the excluded tag {key}: {image.tags[key]}."


def _has_any(tags: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """The key of the first of the wanted tags that is there, with the same value."""
    return next((key for key, value in wanted.items() if tags.get(key) == value), None)
