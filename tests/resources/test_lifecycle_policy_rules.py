"""What the rules and the selection of a lifecycle policy may say."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder import Control

from ..refusals import WILDCARD_NOT_LAST, clashing, invalid
from .lifecycles import (
    TAGS,
    create_policy,
    create_role,
    delete_after,
    deprecate_after,
    disable_after,
    get_policy,
    keep,
    policies,
    recipes,
    rule,
    update_policy,
)

CONTAINERS = {"resourceType": "CONTAINER_IMAGE"}


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


def age(**members: Any) -> dict[str, Any]:
    return {"type": "AGE", "value": 1, "unit": "DAYS", **members}


ACCEPTED: list[list[dict[str, Any]]] = [
    [keep(1)],
    [keep(1000, include=["amis", "snapshots"])],
    [delete_after(1, include=["amis"])],
    [delete_after(1, "WEEKS", filter={"retainAtLeast": 1})],
    [deprecate_after(1, "MONTHS", include=["amis"])],
    [disable_after(1000, "YEARS", include=["amis"])],
    # For these actions the service takes the number and does nothing with it.
    [rule("DEPRECATE", age(retainAtLeast=5)), rule("DISABLE", age(retainAtLeast=10))],
    [disable_after(120), keep(3), deprecate_after(90)],
    [deprecate_after(1, exclude={"tagMap": TAGS, "amis": {"isPublic": True}})],
    [keep(1, exclude={})],
    [{**keep(1), "action": {"type": "DELETE", "includeResources": {"amis": False, "snapshots": False}}}],
    [
        {
            **disable_after(1),
            "action": {"type": "DISABLE", "includeResources": {"snapshots": False, "containers": False}},
        }
    ],
]


@pytest.mark.parametrize("rules", ACCEPTED)
def test_accepted(client: Any, rules: list[dict[str, Any]]) -> None:
    arn = create_policy(client, *rules)
    assert len(get_policy(client, arn)["policyDetails"]) == len(rules)
    update_policy(client, arn, *rules)


@pytest.mark.parametrize(
    "rules",
    [
        [keep(1, include=["containers"])],
        [delete_after(1, filter={"retainAtLeast": 5}, exclude={"tagMap": TAGS})],
        [{**keep(1), "action": {"type": "DELETE", "includeResources": {"amis": False, "containers": True}}}],
    ],
)
def test_accepted_for_containers(client: Any, rules: list[dict[str, Any]]) -> None:
    arn = create_policy(client, *rules, **CONTAINERS)
    update_policy(client, arn, *rules, **CONTAINERS)


CLASHES: list[tuple[list[dict[str, Any]], str, str]] = [
    (
        [keep(1, include=["snapshots"])],
        "policyDetails[0].action.includeResources.snapshots",
        "Snapshots can only be included together with AMIs.",
    ),
    (
        [deprecate_after(1, include=["amis", "snapshots"])],
        "policyDetails[0].action.includeResources.snapshots",
        "Snapshots can only be included to be deleted.",
    ),
    (
        [keep(1), disable_after(1, include=["amis", "snapshots"])],
        "policyDetails[1].action.includeResources.snapshots",
        "Snapshots can only be included to be deleted.",
    ),
    (
        [keep(1, include=["amis", "containers"])],
        "policyDetails[0].action.includeResources.containers",
        "Containers can't be included for AMI_IMAGE.",
    ),
    (
        [rule("DELETE", {"type": "AGE", "value": 1})],
        "policyDetails[0].filter.unit",
        "A unit is required for the filter type AGE.",
    ),
    (
        [keep(1), rule("DEPRECATE", {"type": "AGE", "value": 1, "retainAtLeast": 1})],
        "policyDetails[1].filter.unit",
        "A unit is required for the filter type AGE.",
    ),
    (
        [rule("DEPRECATE", {"type": "COUNT", "value": 1})],
        "policyDetails[0].filter.type",
        "The filter type COUNT can only be used with the action DELETE.",
    ),
    (
        [rule("DISABLE", {"type": "COUNT", "value": 1})],
        "policyDetails[0].filter.type",
        "The filter type COUNT can only be used with the action DELETE.",
    ),
    (
        [rule("DELETE", {"type": "COUNT", "value": 1, "unit": "DAYS"})],
        "policyDetails[0].filter.unit",
        "unit can only be used with the filter type AGE.",
    ),
    (
        [rule("DELETE", {"type": "COUNT", "value": 1, "retainAtLeast": 1})],
        "policyDetails[0].filter.retainAtLeast",
        "retainAtLeast can only be used with the filter type AGE.",
    ),
]


@pytest.mark.parametrize(("rules", "parameter", "sentence"), CLASHES)
def test_settings_that_do_not_go_together(
    client: Any, rules: list[dict[str, Any]], parameter: str, sentence: str
) -> None:
    arn = create_policy(client, name="good")
    with clashing(parameter, sentence):
        create_policy(client, *rules)
    with clashing(parameter, sentence):
        update_policy(client, arn, *rules)
    assert [entry["name"] for entry in policies(client)] == ["good"]


@pytest.mark.parametrize(
    ("rules", "parameter", "sentence"),
    [
        (
            [deprecate_after(1)],
            "policyDetails[0].action.type",
            "A policy for CONTAINER_IMAGE can have DELETE rules only.",
        ),
        (
            [disable_after(1)],
            "policyDetails[0].action.type",
            "A policy for CONTAINER_IMAGE can have DELETE rules only.",
        ),
        (
            [keep(1, include=["amis"])],
            "policyDetails[0].action.includeResources.amis",
            "AMIs can't be included for CONTAINER_IMAGE.",
        ),
        (
            [keep(1, include=["snapshots"])],
            "policyDetails[0].action.includeResources.snapshots",
            "Snapshots can't be included for CONTAINER_IMAGE.",
        ),
        (
            [keep(1, exclude={"amis": {"isPublic": False}})],
            "policyDetails[0].exclusionRules.amis",
            "AMIs can't be excluded in a policy for CONTAINER_IMAGE.",
        ),
    ],
)
def test_what_containers_do_not_have(client: Any, rules: list[dict[str, Any]], parameter: str, sentence: str) -> None:
    with clashing(parameter, sentence):
        create_policy(client, *rules, **CONTAINERS)


@pytest.mark.parametrize("double", [keep(1), deprecate_after(1), disable_after(1)])
def test_one_rule_for_each_action(client: Any, double: dict[str, Any]) -> None:
    action = double["action"]["type"]
    with invalid("policyDetails[1].action.type", f"A lifecycle policy can have at most one {action} rule."):
        create_policy(client, double, double)


# ---- the selection ----


@pytest.mark.parametrize("version", ["1.0.0", "2019.12.03", "1.0.x", "1.x.x", "x.x.x"])
def test_recipe_versions(client: Any, version: str) -> None:
    selection = recipes(("not there", version))
    arn = create_policy(client, resourceSelection=selection)
    assert get_policy(client, arn)["resourceSelection"] == selection


@pytest.mark.parametrize("version", ["x.0.0", "1.x.0", "x.x.0", "x.1.x"])
def test_a_number_right_of_a_wildcard(client: Any, version: str) -> None:
    selection = recipes(("web", "1.0.0"), ("web", version))
    with invalid("resourceSelection.recipes[1].semanticVersion", WILDCARD_NOT_LAST):
        create_policy(client, resourceSelection=selection)


@pytest.mark.parametrize("selection", [{}, {"tagMap": {}}, {**recipes(("web", "1.0.0")), "tagMap": TAGS}])
def test_either_recipes_or_tags(client: Any, selection: dict[str, Any]) -> None:
    with clashing("resourceSelection", "You must specify either recipes or a tagMap, but not both."):
        create_policy(client, resourceSelection=selection)
