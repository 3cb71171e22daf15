"""The rules for the settings of an infrastructure configuration, when it is created and when it is updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..conftest import ACCOUNT, REGION
from ..refusals import clashing, invalid
from .infrastructures import (
    ARN,
    NO_PROFILE,
    create,
    create_auto_scaling_group,
    create_topic,
    get,
    needs_parent_instance,
    summaries,
    update,
)

if TYPE_CHECKING:
    from mock_imagebuilder import Control

OTHER_ACCOUNT = "210987654321"
NO_TOPIC = "The provided SNS topic does not exist. Please specify a different SNS topic and try again."
NO_SECURITY_GROUP = "One or more security group IDs must be specified in securityGroupIds along with the subnet."


@pytest.fixture(autouse=True)
def _profile(instance_profile: str) -> None:
    """The profile that ``create`` and ``ask`` use exists."""


@pytest.fixture(params=["create", "update"])
def ask(request: pytest.FixtureRequest, client: Any) -> Any:
    """Asks for settings and returns what was kept. A refusal changes nothing."""
    arn = create(client, "kept", description="as it was")
    before = get(client, arn)

    def perform(**settings: Any) -> Any:
        if request.param == "create":
            return get(client, create(client, "asked for", **settings))
        update(client, arn, **settings)
        return get(client, arn)

    def nothing_has_changed() -> bool:
        return get(client, arn) == before and len(summaries(client)) == 1

    perform.nothing_has_changed = nothing_has_changed  # type: ignore[attr-defined]
    return perform


def test_the_instance_profile_has_to_exist(ask: Any, iam: Any) -> None:
    with invalid("instanceProfileName", NO_PROFILE):
        ask(instanceProfileName="Builder")
    assert ask.nothing_has_changed()
    iam.create_instance_profile(InstanceProfileName="Builder", Path="/builds/")
    assert ask(instanceProfileName="Builder")["instanceProfileName"] == "Builder"


def test_a_deleted_instance_profile_and_one_of_another_account_do_not_do(
    ask: Any, iam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam.create_instance_profile(InstanceProfileName="Deleted")
    iam.delete_instance_profile(InstanceProfileName="Deleted")
    with monkeypatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        iam.create_instance_profile(InstanceProfileName="Elsewhere")
    for name in ("Deleted", "Elsewhere"):
        with invalid("instanceProfileName", NO_PROFILE):
            ask(instanceProfileName=name)
    assert ask.nothing_has_changed()


def test_instance_profiles_belong_to_a_partition(mocked: Control) -> None:
    china = boto3.client("imagebuilder", region_name="cn-north-1")
    with invalid("instanceProfileName", NO_PROFILE):
        create(china)
    boto3.client("iam", region_name="cn-north-1").create_instance_profile(
        InstanceProfileName="EC2InstanceProfileForImageBuilder"
    )
    assert create(china) == f"{ARN}web".replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")


@pytest.mark.parametrize("security_groups", [{}, {"securityGroupIds": []}])
def test_a_subnet_needs_security_groups(ask: Any, security_groups: dict[str, Any]) -> None:
    with clashing("subnetId", NO_SECURITY_GROUP):
        ask(subnetId="subnet-a48c95ef", **security_groups)
    assert ask.nothing_has_changed()


def test_security_groups_need_no_subnet(ask: Any) -> None:
    kept = ask(securityGroupIds=["sg-a48c95ef"])
    assert kept["securityGroupIds"] == ["sg-a48c95ef"]
    assert "subnetId" not in kept


@pytest.mark.parametrize("key", ["CreatedBy", "Ec2ImageBuilderArn", "Name", "Tags"])
def test_resource_tags_that_the_service_sets_itself(ask: Any, key: str) -> None:
    with invalid(
        "resourceTags",
        f"The tag key '{key}' is reserved. Reserved keys: CreatedBy, Ec2ImageBuilderArn, Name, Tags.",
    ):
        ask(resourceTags={"Team": "web", key: "mine"})
    assert ask.nothing_has_changed()
    assert ask(resourceTags={key.lower(): "mine"})["resourceTags"] == {key.lower(): "mine"}


ONE_TARGET = "You can specify either the hostId or the hostResourceGroupArn, but not both."
HOST_ONLY = "A placement target only applies if tenancy is host."
HOST = {"hostId": "h-0123456789abcdef0"}
GROUP = {"hostResourceGroupArn": f"arn:aws:resource-groups:{REGION}:{ACCOUNT}:group/hosts"}


@pytest.mark.parametrize(
    ("placement", "parameter", "sentence"),
    [
        (HOST, "placement.hostId", HOST_ONLY),
        (GROUP, "placement.hostResourceGroupArn", HOST_ONLY),
        ({**HOST, "tenancy": "default"}, "placement.hostId", HOST_ONLY),
        ({**GROUP, "tenancy": "dedicated"}, "placement.hostResourceGroupArn", HOST_ONLY),
        ({**HOST, **GROUP, "tenancy": "host"}, "placement", ONE_TARGET),
    ],
)
def test_placements_that_are_refused(ask: Any, placement: dict[str, str], parameter: str, sentence: str) -> None:
    with clashing(parameter, sentence):
        ask(placement=placement)
    assert ask.nothing_has_changed()


@pytest.mark.parametrize(
    "placement",
    [
        {"availabilityZone": f"{REGION}a"},
        {"tenancy": "default"},
        {"tenancy": "dedicated", "availabilityZone": f"{REGION}a"},
        {"tenancy": "host"},
        {**HOST, "tenancy": "host"},
        {**GROUP, "tenancy": "host"},
    ],
)
def test_placements_that_are_kept(ask: Any, placement: dict[str, str]) -> None:
    assert ask(placement=placement)["placement"] == placement


def test_the_topic_has_to_exist(ask: Any) -> None:
    topic = create_topic()
    for arn in (f"{topic}-unknown", topic.replace(REGION, "eu-west-1"), topic.replace(ACCOUNT, OTHER_ACCOUNT)):
        with invalid("snsTopicArn", NO_TOPIC):
            ask(snsTopicArn=arn)
    assert ask.nothing_has_changed()
    assert ask(snsTopicArn=topic)["snsTopicArn"] == topic
    boto3.client("sns", region_name=REGION).delete_topic(TopicArn=topic)
    with invalid("snsTopicArn", NO_TOPIC):
        ask(snsTopicArn=topic)


def test_a_topic_of_another_account_does(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        arn = create_topic()
    assert ask(snsTopicArn=arn)["snsTopicArn"] == arn


def test_no_topic_exists_where_nobody_has_used_sns(ask: Any) -> None:
    with invalid("snsTopicArn", NO_TOPIC):
        ask(snsTopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:builds")
    assert ask.nothing_has_changed()


def test_a_fifo_topic_is_refused(ask: Any) -> None:
    arn = boto3.client("sns", region_name=REGION).create_topic(Name="builds.fifo", Attributes={"FifoTopic": "true"})[
        "TopicArn"
    ]
    pattern = load_model().shape("SnsTopicArn")["pattern"]
    with invalid("snsTopicArn", f"snsTopicArn must match pattern {pattern}"):
        ask(snsTopicArn=arn)
    assert ask.nothing_has_changed()


@pytest.mark.parametrize("tokens", ["optional", "required"])
def test_the_two_ways_of_instance_metadata(ask: Any, tokens: str) -> None:
    options = {"httpTokens": tokens, "httpPutResponseHopLimit": 1}
    assert ask(instanceMetadataOptions=options)["instanceMetadataOptions"] == options


def test_there_is_no_third_way_of_instance_metadata(ask: Any) -> None:
    path = "instanceMetadataOptions.httpTokens"
    with invalid(path, f"{path} must match pattern optional|required"):
        ask(instanceMetadataOptions={"httpTokens": "disabled"})
    assert ask.nothing_has_changed()


@needs_parent_instance
def test_the_auto_scaling_group_has_to_exist(ask: Any) -> None:
    auto_scaling_group = create_auto_scaling_group()
    with invalid(
        "parentInstance.autoScalingGroup.name", "The Auto Scaling group 'cold-pool' does not exist in this Region."
    ):
        ask(parentInstance={"autoScalingGroup": {"name": "cold-pool"}})
    assert ask.nothing_has_changed()
    parent = {"autoScalingGroup": {"name": auto_scaling_group}}
    assert ask(parentInstance=parent)["parentInstance"] == parent


@needs_parent_instance
def test_no_group_exists_where_nobody_has_used_auto_scaling(ask: Any) -> None:
    with invalid(
        "parentInstance.autoScalingGroup.name", "The Auto Scaling group 'warm-pool' does not exist in this Region."
    ):
        ask(parentInstance={"autoScalingGroup": {"name": "warm-pool"}})
    assert ask.nothing_has_changed()
