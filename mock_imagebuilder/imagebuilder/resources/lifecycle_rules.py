"""The rules that the settings of a lifecycle policy must keep.

They are those of the API model's LifecyclePolicyDetail and LifecyclePolicyResourceSelection and what these consist of.
That the included resources and the exclusion rules must be of the policy's kind is known from the constructs of AWS's CDK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import invalid_combination, invalid_value, misplaced_wildcard
from ..versions import VersionPattern

Detail = Mapping[str, Any]

#: What a rule can include, by the resource type of its policy.
INCLUDABLE = {"AMI_IMAGE": ("amis", "snapshots"), "CONTAINER_IMAGE": ("containers",)}
_WORDS = {"amis": "AMIs", "snapshots": "Snapshots", "containers": "Containers"}


def check_lifecycle_policy(settings: Mapping[str, Any]) -> None:
    """Check a create or update request.

    :raises InvalidParameterValueException: two rules have the same action; a recipe version has a number right of a
        wildcard.
    :raises InvalidParameterCombinationException: recipes and tags are given, or neither; a rule has settings that do not
        belong to its action, its filter or the resource type.
    """
    seen = set()
    for number, detail in enumerate(settings["policyDetails"]):
        path = f"policyDetails[{number}]"
        action = detail["action"]["type"]
        if action in seen:
            raise invalid_value(f"{path}.action.type", f"A lifecycle policy can have at most one {action} rule.")
        seen.add(action)
        _check_action(detail["action"], settings["resourceType"], f"{path}.action")
        _check_filter(detail["filter"], action, f"{path}.filter")
        if settings["resourceType"] == "CONTAINER_IMAGE" and "amis" in detail.get("exclusionRules", {}):
            raise invalid_combination(
                f"{path}.exclusionRules.amis", "AMIs can't be excluded in a policy for CONTAINER_IMAGE."
            )
    _check_selection(settings["resourceSelection"])


def check_included(included: Mapping[str, bool], action: str, resource_type: str, path: str) -> None:
    """The rules for ``includeResources``, of a policy's rule and of a resource state update.

    :param resource_type: a value of the API's LifecyclePolicyResourceType.

    :raises InvalidParameterCombinationException: something is included that the action or the resource type does not
        have, or snapshots without AMIs.
    """
    for kind in (kind for kind, is_included in included.items() if is_included):
        if kind not in INCLUDABLE[resource_type]:
            raise invalid_combination(f"{path}.{kind}", f"{_WORDS[kind]} can't be included for {resource_type}.")
        if kind != "amis" and action != "DELETE":
            raise invalid_combination(f"{path}.{kind}", f"{_WORDS[kind]} can only be included to be deleted.")
    if included.get("snapshots") and not included.get("amis"):
        raise invalid_combination(f"{path}.snapshots", "Snapshots can only be included together with AMIs.")


def _check_action(action: Mapping[str, Any], resource_type: str, path: str) -> None:
    if resource_type == "CONTAINER_IMAGE" and action["type"] != "DELETE":
        raise invalid_combination(f"{path}.type", "A policy for CONTAINER_IMAGE can have DELETE rules only.")
    check_included(action.get("includeResources", {}), action["type"], resource_type, f"{path}.includeResources")


def _check_filter(rule_filter: Mapping[str, Any], action: str, path: str) -> None:
    if rule_filter["type"] == "AGE":
        if "unit" not in rule_filter:
            raise invalid_combination(f"{path}.unit", "A unit is required for the filter type AGE.")
        return
    if action != "DELETE":
        raise invalid_combination(f"{path}.type", "The filter type COUNT can only be used with the action DELETE.")
    for member in ("unit", "retainAtLeast"):
        if member in rule_filter:
            raise invalid_combination(f"{path}.{member}", f"{member} can only be used with the filter type AGE.")


def _check_selection(selection: Mapping[str, Any]) -> None:
    if ("recipes" in selection) == ("tagMap" in selection):
        raise invalid_combination("resourceSelection", "You must specify either recipes or a tagMap, but not both.")
    for number, recipe in enumerate(selection.get("recipes", ())):
        _check_version(recipe["semanticVersion"], f"resourceSelection.recipes[{number}].semanticVersion")


def _check_version(version: str, path: str) -> None:
    try:
        VersionPattern(version)
    except ValueError:
        raise misplaced_wildcard(path) from None


def with_defaults(details: Sequence[Detail]) -> list[Detail]:
    """The rules as the service stores and returns them: ``isPublic`` is added to exclusion rules for AMIs."""
    return [_with_defaults(detail) for detail in details]


def _with_defaults(detail: Detail) -> Detail:
    rules = detail.get("exclusionRules", {})
    if "amis" not in rules:
        return detail
    return {**detail, "exclusionRules": {**rules, "amis": {"isPublic": False, **rules["amis"]}}}
