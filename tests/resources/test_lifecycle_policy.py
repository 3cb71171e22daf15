"""Lifecycle policies: created, read back, replaced, deleted and listed; and the role that they need."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..conftest import ACCOUNT, REGION
from ..refusals import already_there, clashing, dry_run, invalid, not_found
from .lifecycles import (
    ARN,
    NO_ROLE,
    ROLE,
    TAGS,
    create_policy,
    create_role,
    delete_after,
    deprecate_after,
    executions,
    get_policy,
    keep,
    policies,
    recipes,
    settings,
    status_of,
    trust,
    update_policy,
)


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


# ---- create and get ----


def test_a_policy_is_answered_and_got_back(client: Any) -> None:
    details = [delete_after(6, "MONTHS", filter={"retainAtLeast": 5}, include=["amis", "snapshots"])]
    with freeze_time("2026-09-09T19:34:38.409Z"):
        answer = client.create_lifecycle_policy(
            name="My_Example 1", description="Half a year", clientToken="token", **settings(*details)
        )
    answer.pop("ResponseMetadata")
    assert answer == {"clientToken": "token", "lifecyclePolicyArn": f"{ARN}my-example-1"}
    got = client.get_lifecycle_policy(lifecyclePolicyArn=f"{ARN}my-example-1")
    got.pop("ResponseMetadata")
    assert got == {
        "lifecyclePolicy": {
            "arn": f"{ARN}my-example-1",
            "name": "My_Example 1",
            "description": "Half a year",
            "status": "ENABLED",
            "executionRole": ROLE,
            "resourceType": "AMI_IMAGE",
            "policyDetails": details,
            "resourceSelection": {"tagMap": TAGS},
            "dateCreated": datetime(2026, 9, 9, 19, 34, 38, 409000, tzinfo=timezone.utc),
            "tags": {},
        }
    }


def test_every_member_comes_back(client: Any) -> None:
    amis = {
        "isPublic": True,
        "regions": ["eu-west-1", "us-west-2"],
        "sharedAccounts": ["111111111111"],
        "lastLaunched": {"value": 365, "unit": "WEEKS"},
        "tagMap": {"Keep": "yes"},
    }
    details = [
        delete_after(
            1000, "YEARS", filter={"retainAtLeast": 10}, include=["amis"], exclude={"tagMap": TAGS, "amis": amis}
        ),
        deprecate_after(1, "WEEKS", include=["amis"]),
    ]
    selection = recipes(("web server", "x.x.x"), ("web server", "1.x.x"), ("mail_server", "1.0.0"))
    arn = create_policy(client, *details, status="DISABLED", resourceSelection=selection, tags={"Stage": "test"})
    policy = get_policy(client, arn)
    assert policy["status"] == "DISABLED"
    assert policy["policyDetails"] == details
    assert policy["resourceSelection"] == selection
    assert policy["tags"] == {"Stage": "test"}


def test_public_amis_are_not_excluded_unless_asked_for(client: Any) -> None:
    exclusions: list[Any] = [{"amis": {"regions": ["eu-west-1"]}}, {"amis": {}}, {"tagMap": TAGS}]
    for number, exclusion in enumerate(exclusions):
        arn = create_policy(client, keep(3, exclude=exclusion), name=f"policy {number}")
        (detail,) = get_policy(client, arn)["policyDetails"]
        amis = {"amis": {"isPublic": False, **exclusion["amis"]}} if "amis" in exclusion else {}
        assert detail["exclusionRules"] == {**exclusion, **amis}


@pytest.mark.parametrize("name", ["clean up", "Clean_Up", "CLEAN-UP"])
def test_a_name_is_taken_once(client: Any, name: str) -> None:
    arn = create_policy(client)
    with already_there("LifecyclePolicy", arn):
        create_policy(client, name=name)
    assert [entry["name"] for entry in policies(client)] == ["clean up"]


def test_a_name_is_free_in_other_regions(client: Any) -> None:
    create_policy(client)
    abroad = boto3.client("imagebuilder", region_name="eu-west-1")
    assert create_policy(abroad) == f"{ARN}clean-up".replace(REGION, "eu-west-1")


def test_a_dry_run_creates_nothing(client: Any) -> None:
    with dry_run():
        create_policy(client, dryRun=True)
    assert policies(client) == []
    arn = create_policy(client)
    with already_there("LifecyclePolicy", arn):
        create_policy(client, dryRun=True)


def test_the_same_request_is_performed_once(client: Any) -> None:
    assert [create_policy(client, clientToken="once") for _ in range(2)] == [f"{ARN}clean-up"] * 2


@pytest.mark.parametrize("path", ["not-there", "clean_up"])
def test_unknown_policies(client: Any, path: str) -> None:
    create_policy(client)
    arn = f"{ARN}{path}"
    with not_found("LifecyclePolicy", arn):
        get_policy(client, arn)
    with not_found("LifecyclePolicy", arn):
        update_policy(client, arn)
    with not_found("LifecyclePolicy", arn):
        client.delete_lifecycle_policy(lifecyclePolicyArn=arn)


def test_a_malformed_arn(client: Any) -> None:
    pattern = load_model().shape("LifecyclePolicyArn")["pattern"]
    with invalid("lifecyclePolicyArn", f"lifecyclePolicyArn must match pattern {pattern}"):
        get_policy(client, f"{ARN}Not There")


# ---- the role ----


def test_a_role_is_given_by_name_path_or_arn(client: Any) -> None:
    arn = create_role("WithPath", path="/service-role/")
    for number, role in enumerate(["LifecycleExecution", "WithPath", "service-role/WithPath", arn]):
        policy = create_policy(client, name=f"policy {number}", executionRole=role)
        assert get_policy(client, policy)["executionRole"] == role


@pytest.mark.parametrize(
    "role",
    [
        "NotThere",
        "other/LifecycleExecution",
        f"arn:aws:iam::{ACCOUNT}:role/NotThere",
        f"arn:aws:iam::{ACCOUNT}:role/other/LifecycleExecution",
        "arn:aws:iam::111111111111:role/LifecycleExecution",
        "arn:aws-cn:iam::123456789012:role/LifecycleExecution",
    ],
)
def test_a_role_that_does_not_exist(client: Any, role: str) -> None:
    arn = create_policy(client)
    before = get_policy(client, arn)
    with invalid("executionRole", NO_ROLE):
        create_policy(client, name="other", executionRole=role)
    with invalid("executionRole", NO_ROLE):
        update_policy(client, arn, executionRole=role)
    assert policies(client) == [{key: before[key] for key in policies(client)[0]}]


DENY = trust(Effect="Deny")


@pytest.mark.parametrize(
    "statements",
    [
        [trust(Action=["sts:AssumeRole", "sts:TagSession"])],
        [trust(Action="sts:*")],
        [trust(Principal={"Service": ["ec2.amazonaws.com", "imagebuilder.amazonaws.com"]})],
        [trust(Principal={"Service": "ec2.amazonaws.com"}), trust()],
        [trust(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})],
        [trust(), {**DENY, "Principal": {"Service": "ec2.amazonaws.com"}}],
        [trust(), {**DENY, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}],
    ],
)
def test_a_role_that_image_builder_can_assume(client: Any, statements: list[Any]) -> None:
    create_role("Other", *statements)
    assert create_policy(client, executionRole="Other")


@pytest.mark.parametrize(
    "statements",
    [
        [trust(Principal={"Service": "ec2.amazonaws.com"})],
        [trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})],
        [trust(Principal="*")],
        [trust(Principal={"Service": "imagebuilder.amazonaws.com.cn"})],
        [trust(Action="sts:TagSession")],
        [DENY],
        [trust(), DENY],
    ],
)
def test_a_role_that_image_builder_can_not_assume(client: Any, statements: list[Any]) -> None:
    create_role("Other", *statements)
    with invalid("executionRole", NO_ROLE):
        create_policy(client, executionRole="Other")


def test_service_linked_roles_are_for_builds_only(client: Any, iam: Any) -> None:
    role = iam.create_service_linked_role(AWSServiceName="imagebuilder.amazonaws.com")["Role"]
    for spelling in (role["Arn"], role["RoleName"]):
        with invalid("executionRole", NO_ROLE):
            create_policy(client, executionRole=spelling)


def test_in_the_china_regions_both_names_of_the_service_are_trusted(mocked: Control) -> None:
    iam = boto3.client("iam", region_name="cn-north-1")
    client = boto3.client("imagebuilder", region_name="cn-north-1")
    for number, suffix in enumerate(["amazonaws.com", "amazonaws.com.cn"]):
        statement = str(trust(Principal={"Service": f"imagebuilder.{suffix}"})).replace("'", '"')
        document = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
        iam.create_role(RoleName=f"Role{number}", AssumeRolePolicyDocument=document)
        arn = create_policy(client, name=f"policy {number}", executionRole=f"Role{number}")
        assert arn == f"arn:aws-cn:imagebuilder:cn-north-1:{ACCOUNT}:lifecycle-policy/policy-{number}"


# ---- update ----


def test_an_update_replaces_everything_but_name_and_tags(client: Any) -> None:
    with freeze_time("2026-01-01T00:00:00Z"):
        arn = create_policy(client, description="old", status="DISABLED", tags={"Stage": "test"})
    selection = recipes(("web server", "1.0.0"))
    with freeze_time("2026-01-02T03:04:05.678Z"):
        answer = update_policy(
            client,
            arn,
            deprecate_after(3, exclude={"amis": {}}),
            executionRole="LifecycleExecution",
            resourceSelection=selection,
        )
    answer.pop("ResponseMetadata")
    assert answer == {"lifecyclePolicyArn": arn}
    assert get_policy(client, arn) == {
        "arn": arn,
        "name": "clean up",
        "status": "ENABLED",
        "executionRole": "LifecycleExecution",
        "resourceType": "AMI_IMAGE",
        "policyDetails": [deprecate_after(3, exclude={"amis": {"isPublic": False}})],
        "resourceSelection": selection,
        "dateCreated": datetime(2026, 1, 1, tzinfo=timezone.utc),
        "dateUpdated": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc),
        "tags": {"Stage": "test"},
    }
    update_policy(client, arn, description="new", status="DISABLED")
    assert get_policy(client, arn)["status"] == "DISABLED"
    assert get_policy(client, arn)["description"] == "new"


@pytest.mark.parametrize(("old", "new"), [("AMI_IMAGE", "CONTAINER_IMAGE"), ("CONTAINER_IMAGE", "AMI_IMAGE")])
def test_the_resource_type_stays(client: Any, old: str, new: str) -> None:
    arn = create_policy(client, resourceType=old)
    before = get_policy(client, arn)
    with clashing("resourceType", "The resource type of a lifecycle policy can't be changed."):
        update_policy(client, arn, resourceType=new)
    assert get_policy(client, arn) == before


def test_a_refused_update_changes_nothing(client: Any) -> None:
    arn = create_policy(client, description="old")
    before = get_policy(client, arn)
    with invalid("policyDetails[1].action.type", "A lifecycle policy can have at most one DELETE rule."):
        update_policy(client, arn, keep(1), keep(2))
    assert get_policy(client, arn) == before


def test_disabling_a_policy_cancels_its_execution(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=100)
    mocked.make_image(tags=TAGS)
    arn = create_policy(client, delete_after(1))
    execution = mocked.run_lifecycle(arn)
    update_policy(client, arn)
    assert status_of(client, execution) == "IN_PROGRESS"
    update_policy(client, arn, status="DISABLED")
    assert status_of(client, execution) == "CANCELLING"


# ---- delete ----


def test_a_deleted_policy_is_gone(client: Any) -> None:
    arn = create_policy(client)
    answer = client.delete_lifecycle_policy(lifecyclePolicyArn=arn)
    answer.pop("ResponseMetadata")
    assert answer == {"lifecyclePolicyArn": arn}
    with not_found("LifecyclePolicy", arn):
        get_policy(client, arn)
    assert policies(client) == []
    assert create_policy(client) == arn


def test_deleting_a_policy_cancels_its_execution_and_keeps_the_record(
    client: Any, mocked: Control, slow_executions: Any
) -> None:
    slow_executions("manual", times=100)
    arn = create_policy(client)
    execution = mocked.run_lifecycle(arn)
    client.delete_lifecycle_policy(lifecyclePolicyArn=arn)
    (entry,) = executions(client, arn)
    assert entry["lifecycleExecutionId"] == execution
    assert entry["lifecyclePolicyArn"] == arn
    assert entry["state"] == {"status": "CANCELLING"}


# ---- list ----


def test_summaries_leave_the_rules_out(client: Any, mocked: Control) -> None:
    arn = create_policy(client, description="old", tags={"Stage": "test"})
    update_policy(client, arn, description="new")
    mocked.run_lifecycle(arn)
    policy = get_policy(client, arn)
    answer = client.list_lifecycle_policies()
    answer.pop("ResponseMetadata")
    assert answer == {
        "lifecyclePolicySummaryList": [
            {key: policy[key] for key in policy if key not in ("policyDetails", "resourceSelection")}
        ]
    }
    assert {"dateUpdated", "dateLastRun"} < policy.keys()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["Web two", "mail", "web one"]),
        ({"name": ["web*"]}, ["web one"]),
        ({"name": ["*e*"]}, ["Web two", "web one"]),
        ({"name": ["mail", "Web two"]}, ["Web two", "mail"]),
        ({"name": ["web-one"]}, []),
        ({"resourceType": ["AMI_IMAGE"]}, ["Web two", "mail"]),
        ({"resourceType": ["AMI_IMAGE", "CONTAINER_IMAGE"]}, ["Web two", "mail", "web one"]),
        ({"status": ["DISABLED"]}, ["mail"]),
        ({"status": ["disabled"]}, []),
        ({"status": ["ENABLED"], "resourceType": ["AMI_IMAGE"], "name": ["*w*", "*W*"]}, ["Web two"]),
    ],
)
def test_filters(client: Any, filters: dict[str, list[str]], expected: list[str]) -> None:
    create_policy(client, name="web one", resourceType="CONTAINER_IMAGE")
    create_policy(client, name="Web two")
    create_policy(client, name="mail", status="DISABLED")
    given = [{"name": name, "values": values} for name, values in filters.items()]
    found = policies(client, **({"filters": given} if given else {}))
    assert sorted(entry["name"] for entry in found) == expected
    assert [entry["arn"] for entry in found] == sorted(entry["arn"] for entry in found)


@pytest.mark.parametrize("name", ["Name", "executionRole", "description"])
def test_unknown_filters(client: Any, name: str) -> None:
    with invalid("filters[0].name", "Valid filter names are: name, resourceType, status."):
        policies(client, filters=[{"name": name, "values": ["x"]}])


def test_pages(client: Any) -> None:
    names = [f"policy-{number:02}" for number in range(30)]
    for name in names:
        create_policy(client, name=name)
    pages = list(client.get_paginator("list_lifecycle_policies").paginate(PaginationConfig={"PageSize": 12}))
    assert [len(page["lifecyclePolicySummaryList"]) for page in pages] == [12, 12, 6]
    assert [entry["name"] for page in pages for entry in page["lifecyclePolicySummaryList"]] == names
    assert len(policies(client)) == 25


def test_accounts_do_not_see_each_other(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = create_policy(client)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111111111111")
    assert policies(client) == []
    with not_found("LifecyclePolicy", arn):
        get_policy(client, arn)
    with invalid("executionRole", NO_ROLE):
        create_policy(client)
