"""Resource policies: put, got back, replaced, and what they keep from being deleted."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from ..conftest import ACCOUNT, REGION
from ..refusals import depended_on, not_found
from .container_recipes import create_repository
from .sharings import IMAGE, KINDS, OTHER_ACCOUNT, Shareable, other, policy_of


@pytest.fixture(params=KINDS, ids=[shareable.kind for shareable in KINDS])
def kind(request: pytest.FixtureRequest, client: Any) -> Shareable:
    """What has policies, each in turn."""
    create_repository()
    shareable: Shareable = request.param
    return shareable


@pytest.fixture
def arn(client: Any, kind: Shareable) -> str:
    return kind.create(client)


def test_a_policy_is_got_back_as_it_was_put(client: Any, kind: Shareable, arn: str) -> None:
    text = json.dumps(policy_of(kind.statement(arn)), indent=2)
    answer = kind.put_policy(client, arn, text)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], kind.policy_member: arn}
    assert kind.policy(client, arn) == text


def test_without_a_policy_there_is_an_empty_one(client: Any, kind: Shareable, arn: str) -> None:
    assert kind.policy(client, arn) == "{}"


def test_a_policy_takes_the_place_of_the_one_before(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, OTHER_ACCOUNT)
    second = json.dumps(policy_of(kind.statement(arn, ACCOUNT)))
    kind.put_policy(client, arn, second)
    assert kind.policy(client, arn) == second


def test_a_refused_policy_leaves_the_one_before(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, ACCOUNT)
    before = kind.policy(client, arn)
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        kind.put_policy(client, arn, "no policy")
    assert kind.policy(client, arn) == before


def test_what_is_not_there_has_no_policy(client: Any, kind: Shareable, arn: str) -> None:
    unknown = arn.replace("/1.0.0", "/2.0.0")
    for missing in (unknown, arn.replace(ACCOUNT, OTHER_ACCOUNT), arn.replace(REGION, "eu-west-1")):
        with not_found(kind.kind, missing):
            kind.policy(client, missing)
        with not_found(kind.kind, missing):
            kind.put_policy(client, missing, "no policy")


def test_the_policy_of_a_recipe_is_not_that_of_a_wildcard(client: Any) -> None:
    create_repository()
    for kind in KINDS[2:]:
        wildcard = kind.create(client).replace("/1.0.0", "/x.x.x")
        with not_found(kind.kind, wildcard):
            kind.policy(client, wildcard)


def test_other_accounts_do_not_see_the_policy(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, OTHER_ACCOUNT)
    with not_found(kind.kind, arn):
        kind.policy(other(), arn)


def test_what_is_shared_cannot_be_deleted(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, ACCOUNT, OTHER_ACCOUNT)
    with depended_on(arn):
        kind.delete(client, arn)
    kind.share(client, arn, ACCOUNT)
    kind.delete(client, arn)
    with not_found(kind.kind, arn):
        kind.policy(client, arn)


def test_a_user_of_the_own_account_is_nobody_else(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, f"arn:aws:iam::{ACCOUNT}:user/alice")
    kind.delete(client, arn)


def test_a_policy_goes_with_its_recipe(client: Any) -> None:
    create_repository()
    for kind in KINDS[2:]:
        arn = kind.create(client)
        kind.share(client, arn, ACCOUNT)
        kind.delete(client, arn)
        assert kind.create(client) == arn
        assert kind.policy(client, arn) == "{}"


def test_a_policy_is_for_one_build(client: Any) -> None:
    first, second = IMAGE.create(client), IMAGE.create(client)
    IMAGE.share(client, first)
    assert IMAGE.policy(client, second) == "{}"
    IMAGE.delete(client, second)


@pytest.mark.parametrize("kind", KINDS[:3], indirect=True, ids=[shareable.kind for shareable in KINDS[:3]])
class TestResourceShares:
    """moto's RAM knows no container recipes."""

    def test_the_service_writes_the_policy(self, client: Any, kind: Shareable, arn: str) -> None:
        ram = boto3.client("ram", region_name=REGION)
        ram.create_resource_share(name="golden", resourceArns=[arn], principals=[OTHER_ACCOUNT])
        assert json.loads(kind.policy(client, arn)) == policy_of(kind.statement(arn, OTHER_ACCOUNT))

    def test_a_policy_that_was_put_comes_first(self, client: Any, kind: Shareable, arn: str) -> None:
        ram = boto3.client("ram", region_name=REGION)
        ram.create_resource_share(name="golden", resourceArns=[arn], principals=[OTHER_ACCOUNT])
        text = json.dumps(policy_of(kind.statement(arn, ACCOUNT)))
        kind.put_policy(client, arn, text)
        assert kind.policy(client, arn) == text

    def test_what_is_shared_cannot_be_deleted(self, client: Any, kind: Shareable, arn: str) -> None:
        ram = boto3.client("ram", region_name=REGION)
        share = ram.create_resource_share(name="golden", resourceArns=[arn], principals=[OTHER_ACCOUNT])
        with depended_on(arn):
            kind.delete(client, arn)
        ram.delete_resource_share(resourceShareArn=share["resourceShare"]["resourceShareArn"])
        assert kind.policy(client, arn) == "{}"
        kind.delete(client, arn)
