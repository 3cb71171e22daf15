"""Which images an execution of a policy acts on: by age and number, recipe and tag, state and exclusion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import create_infrastructure, create_recipe
from ..images import create_image, import_image, state_of
from .lifecycles import (
    TAGS,
    actions,
    create_policy,
    create_role,
    delete_after,
    deprecate_after,
    disable_after,
    get_execution,
    keep,
    recipes,
    resources,
    rule,
)

NOW = datetime(2026, 5, 31, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _today(mocked: Control) -> Iterator[None]:
    create_role()
    with freeze_time(NOW):
        yield


def made(control: Control, *ages: float, name: str = "web", version: str = "1.0.0", tags: Any = None) -> list[str]:
    """The ARNs of new images of these ages in days."""
    arns = []
    for age in ages:
        with freeze_time(NOW - timedelta(days=age)):
            arns.append(control.make_image(name, version, tags=TAGS if tags is None else tags))
    return arns


def run(control: Control, client: Any, *rules: dict[str, Any], **members: Any) -> dict[str, tuple[str, str]]:
    """By image, what an execution of a new policy does, and how that ends."""
    return actions(client, control.run_lifecycle(create_policy(client, *rules, **members)))


def done(action: str, *arns: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(arns, (action, "SUCCESS"))


# ---- by age ----


@pytest.mark.parametrize(
    ("value", "unit", "created"),
    [
        (3, "DAYS", "2026-05-28T12:00:00"),
        (2, "WEEKS", "2026-05-17T12:00:00"),
        (3, "MONTHS", "2026-02-28T12:00:00"),
        (1, "YEARS", "2025-05-31T12:00:00"),
    ],
)
def test_an_image_is_old_when_the_time_has_passed(
    client: Any, mocked: Control, value: int, unit: str, created: str
) -> None:
    with freeze_time(created):
        old = mocked.make_image(tags=TAGS)
    with freeze_time(created + ".001"):
        mocked.make_image(tags=TAGS)
    execution = mocked.run_lifecycle(create_policy(client, delete_after(value, unit)))
    (entry,) = resources(client, execution)
    assert entry["resourceId"] == old
    assert entry["action"] == {"name": "DELETE", "reason": f"The image is older than {value} {unit}."}


def test_nothing_is_older_than_a_thousand_years(client: Any, mocked: Control) -> None:
    made(mocked, 365 * 50)
    assert run(mocked, client, delete_after(1000, "YEARS")) == {}


def test_images_are_listed_newest_first(client: Any, mocked: Control) -> None:
    oldest, older, _ = made(mocked, 30, 20, 1)
    assert list(run(mocked, client, delete_after(10))) == [older, oldest]


@pytest.mark.parametrize(
    ("retained", "deleted"),
    [(1, [True, True, False]), (2, [True, False, False]), (3, [False, False, False]), (10, [False, False, False])],
)
def test_the_newest_images_are_retained_whatever_their_age(
    client: Any, mocked: Control, retained: int, deleted: list[bool]
) -> None:
    arns = made(mocked, 30, 20, 10)
    expected = {arn for arn, is_deleted in zip(arns, deleted, strict=True) if is_deleted}
    assert run(mocked, client, delete_after(5, filter={"retainAtLeast": retained})).keys() == expected


def test_young_images_take_the_places_of_old_ones(client: Any, mocked: Control) -> None:
    oldest, older, *_ = made(mocked, 30, 20, 2, 1)
    assert run(mocked, client, delete_after(5, filter={"retainAtLeast": 2})) == done("DELETE", older, oldest)


def test_only_deletions_retain(client: Any, mocked: Control) -> None:
    old = made(mocked, 30, 20)
    deprecation = rule("DEPRECATE", {"type": "AGE", "value": 5, "unit": "DAYS", "retainAtLeast": 10})
    assert run(mocked, client, deprecation) == done("DEPRECATE", *old)


# ---- by number ----


@pytest.mark.parametrize("count", [1, 2, 3, 1000])
def test_the_newest_images_are_kept(client: Any, mocked: Control, count: int) -> None:
    arns = made(mocked, 3, 2, 1)
    assert run(mocked, client, keep(count)) == done("DELETE", *arns[: max(0, 3 - count)])


def test_every_version_is_counted_for_itself(client: Any, mocked: Control) -> None:
    deleted = [
        made(mocked, 3, 2)[0],
        made(mocked, 3, 2, version="1.0.1")[0],
        made(mocked, 3, 2, name="mail")[0],
    ]
    made(mocked, 9, version="2.0.0")
    assert run(mocked, client, keep(1)).keys() == set(deleted)


def test_images_that_are_not_selected_do_not_count(client: Any, mocked: Control) -> None:
    made(mocked, 3)
    made(mocked, 2, 1, tags={"Team": "mail"})
    assert run(mocked, client, keep(1)) == {}


# ---- in one state or another ----


def with_state(control: Control, client: Any, status: str, age: float = 30) -> str:
    """The ARN of an image that has come to this state."""
    with freeze_time(NOW - timedelta(days=age)):
        if status == "FAILED":
            control.fail_next_build("PENDING")
            return import_image(client, "web", tags=TAGS)
        if status in ("CANCELLED", "PENDING"):
            control.import_task("import-ami-aaaaaaaaaaaaaaaaa", state="active")
            arn = import_image(client, "web", vmImportTaskId="import-ami-aaaaaaaaaaaaaaaaa", tags=TAGS)
            if status == "CANCELLED":
                client.cancel_image_creation(imageBuildVersionArn=arn)
            return arn
        arn = import_image(client, "web", tags=TAGS)
        if status != "AVAILABLE":
            client.start_resource_state_update(resourceArn=arn, state={"status": status})
        return arn


@pytest.mark.parametrize(
    ("action", "statuses"),
    [
        ("DEPRECATE", ["AVAILABLE"]),
        ("DISABLE", ["AVAILABLE", "DEPRECATED"]),
        ("DELETE", ["AVAILABLE", "DEPRECATED", "DISABLED", "FAILED", "CANCELLED"]),
    ],
)
@pytest.mark.parametrize("status", ["AVAILABLE", "DEPRECATED", "DISABLED", "FAILED", "CANCELLED", "PENDING"])
def test_states(client: Any, mocked: Control, action: str, statuses: list[str], status: str) -> None:
    arn = with_state(mocked, client, status)
    expected = done(action, arn) if status in statuses else {}
    assert run(mocked, client, rule(action, {"type": "AGE", "value": 5, "unit": "DAYS"})) == expected


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
@pytest.mark.parametrize(
    "deletion", [keep(5), delete_after(5), delete_after(5, filter={"retainAtLeast": 5})], ids=["COUNT", "AGE", "retain"]
)
def test_builds_that_came_to_nothing_are_always_deleted(
    client: Any, mocked: Control, deletion: dict[str, Any], status: str
) -> None:
    arn = with_state(mocked, client, status, age=0)
    execution = mocked.run_lifecycle(create_policy(client, {**deletion, "exclusionRules": {"tagMap": TAGS}}))
    assert actions(client, execution) == done("DELETE", arn)
    assert resources(client, execution)[0]["action"]["reason"] == f"The image is in the state {status}."


def test_builds_that_came_to_nothing_or_are_running_take_no_place(client: Any, mocked: Control) -> None:
    (old,) = made(mocked, 30)
    failed = with_state(mocked, client, "FAILED", age=20)
    running = with_state(mocked, client, "PENDING", age=10)
    assert run(mocked, client, keep(1)) == done("DELETE", failed)
    assert state_of(client, old) == {"status": "AVAILABLE"}
    assert state_of(client, running) == {"status": "PENDING"}


def test_deprecated_and_disabled_images_take_a_place(client: Any, mocked: Control) -> None:
    (old,) = made(mocked, 30)
    with_state(mocked, client, "DEPRECATED", age=20)
    with_state(mocked, client, "DISABLED", age=10)
    assert run(mocked, client, keep(2)) == done("DELETE", old)


# ---- several rules ----


def test_one_action_for_an_image_in_one_execution(client: Any, mocked: Control) -> None:
    ancient, old, young = made(mocked, 200, 100, 1)
    arn = create_policy(client, delete_after(180), disable_after(120), deprecate_after(90))
    expected = [
        done("DEPRECATE", old, ancient),
        {**done("DISABLE", ancient)},
        {**done("DELETE", ancient)},
        {},
    ]
    assert [actions(client, mocked.run_lifecycle(arn)) for _ in expected] == expected
    assert state_of(client, old) == {"status": "DEPRECATED"}
    assert state_of(client, young) == {"status": "AVAILABLE"}


def test_an_image_takes_its_place_also_when_another_rule_applies(client: Any, mocked: Control) -> None:
    oldest, older, newest = made(mocked, 100, 50, 20)
    assert run(mocked, client, deprecate_after(10), delete_after(30, filter={"retainAtLeast": 1})) == done(
        "DEPRECATE", newest, older, oldest
    )
    assert run(mocked, client, delete_after(30, filter={"retainAtLeast": 1}), name="other") == done(
        "DELETE", older, oldest
    )


# ---- excluded by tag ----


def test_images_with_an_excluded_tag_are_skipped(client: Any, mocked: Control) -> None:
    (pinned,) = made(mocked, 30, tags={**TAGS, "Pin": "yes", "Stage": "prod"})
    (loose,) = made(mocked, 20, tags={**TAGS, "Pin": "no"})
    excluded = {"tagMap": {"Stage": "test", "Pin": "yes"}}
    execution = mocked.run_lifecycle(create_policy(client, delete_after(5, exclude=excluded, include=["amis"])))
    assert actions(client, execution) == {loose: ("DELETE", "SUCCESS"), pinned: ("DELETE", "SKIPPED")}
    entry = resources(client, execution)[1]
    assert entry["state"]["reason"] == "The image has the excluded tag Pin: yes."
    assert resources(client, execution, pinned) == []
    assert state_of(client, pinned) == {"status": "AVAILABLE"}
    assert get_execution(client, execution)["state"] == {"status": "SUCCESS"}


def test_an_execution_that_only_skips_has_no_impact(client: Any, mocked: Control) -> None:
    made(mocked, 30)
    execution = mocked.run_lifecycle(create_policy(client, deprecate_after(5, exclude={"tagMap": TAGS})))
    record = get_execution(client, execution)
    assert record["resourcesImpactedSummary"] == {"hasImpactedResources": False}
    assert record["state"] == {"status": "SUCCESS"}


def test_retention_comes_before_exclusion(client: Any, mocked: Control) -> None:
    pinned = {**TAGS, "Pin": "yes"}
    (oldest,) = made(mocked, 30)
    (older,) = made(mocked, 20, tags=pinned)
    made(mocked, 10, tags=pinned)
    # The newest takes the only place, pinned or not; the other pinned image takes none.
    assert run(mocked, client, keep(1, exclude={"tagMap": {"Pin": "yes"}})) == {
        older: ("DELETE", "SKIPPED"),
        oldest: ("DELETE", "SUCCESS"),
    }


def test_an_image_that_one_rule_excludes_is_left_to_the_next(client: Any, mocked: Control) -> None:
    (arn,) = made(mocked, 30)
    excluded = {"tagMap": TAGS}
    assert run(mocked, client, deprecate_after(5, exclude=excluded), disable_after(5)) == done("DISABLE", arn)
    (other,) = made(mocked, 30, name="mail")
    both = [deprecate_after(5, exclude=excluded), disable_after(5, exclude=excluded)]
    assert run(mocked, client, *both, name="other") == {other: ("DEPRECATE", "SKIPPED")}


# ---- the selection ----


def test_any_of_the_tags_selects(client: Any, mocked: Control) -> None:
    (web,) = made(mocked, 5, tags={"Team": "web", "Stage": "prod"})
    (test,) = made(mocked, 4, tags={"Team": "mail", "Stage": "test"})
    made(mocked, 3, tags={"Team": "mail"})
    made(mocked, 2, tags={"Team": "Web"})
    made(mocked, 1, tags={"web": "Team"})
    selection = {"tagMap": {"Team": "web", "Stage": "test"}}
    assert run(mocked, client, deprecate_after(1), resourceSelection=selection) == done("DEPRECATE", web, test)


@pytest.fixture
def by_recipe(client: Any, instance_profile: str) -> dict[str, str]:
    """The ARNs of month-old images by the name and version of their recipe."""
    create_infrastructure(client, instance_profile)
    arns = {}
    with freeze_time(NOW - timedelta(days=30)):
        for name, version in (
            ("web server", "1.0.0"),
            ("web server", "1.0.2"),
            ("web server", "1.2.0"),
            ("web server", "2.0.0"),
            ("mail", "1.0.0"),
        ):
            arns[f"{name} {version}"] = create_image(client, imageRecipeArn=create_recipe(client, name, version))
        import_image(client, "web server", "3.0.0")
    return arns


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ([("web server", "1.0.0")], ["web server 1.0.0"]),
        ([("Web_Server", "1.0.0")], ["web server 1.0.0"]),
        ([("web server", "1.0.x")], ["web server 1.0.0", "web server 1.0.2"]),
        ([("web server", "1.x.x")], ["web server 1.0.0", "web server 1.0.2", "web server 1.2.0"]),
        (
            [("web server", "x.x.x")],
            ["web server 1.0.0", "web server 1.0.2", "web server 1.2.0", "web server 2.0.0"],
        ),
        ([("web server", "2.0.0"), ("mail", "x.x.x")], ["web server 2.0.0", "mail 1.0.0"]),
        ([("web", "x.x.x")], []),
        # What is imported has no recipe, whatever its name.
        ([("web server", "3.0.0")], []),
    ],
)
def test_recipes_select(
    client: Any, mocked: Control, by_recipe: dict[str, str], selected: list[tuple[str, str]], expected: list[str]
) -> None:
    found = run(mocked, client, deprecate_after(1), resourceSelection=recipes(*selected))
    assert found == done("DEPRECATE", *(by_recipe[name] for name in expected))


def test_wildcards_mean_the_versions_that_there_are_at_the_time(
    client: Any, mocked: Control, by_recipe: dict[str, str]
) -> None:
    arn = create_policy(client, keep(1), resourceSelection=recipes(("mail", "x.x.x")))
    assert actions(client, mocked.run_lifecycle(arn)) == {}
    recipe = create_recipe(client, "mail", "1.0.1")
    first, _ = (create_image(client, imageRecipeArn=recipe) for _ in range(2))
    assert actions(client, mocked.run_lifecycle(arn)) == done("DELETE", first)


def test_images_are_of_the_policys_type(client: Any, mocked: Control) -> None:
    made(mocked, 30)
    assert run(mocked, client, delete_after(1), resourceType="CONTAINER_IMAGE") == {}
