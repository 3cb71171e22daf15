"""Copies of the AMI in other Regions and accounts, who may launch them, and what goes wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..cross_account import DISTRIBUTION_ROLE, trust_of_account
from ..images import ami_of, client_of, create_image, get_image, output_amis, own_amis, state_of, tags_of

FIRST, SECOND = "111111111111", "222222222222"
CREATED = "2023-05-17T21:17:21.283Z"
DEFAULT_NAME = "web server 2023-05-17T21-17-23.283000Z"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client, description="The recipe's", amiTags={"recipe": "yes"})
    create_infrastructure(client, instance_profile)


def distribute(client: Any, **ami_by_region: dict[str, Any]) -> str:
    """The ARN of an image that goes where the keyword arguments say, in their order: ``eu_west_1={}``."""
    distributions = [
        {"region": region.replace("_", "-"), "amiDistributionConfiguration": ami}
        for region, ami in ami_by_region.items()
    ]
    answer = client.create_distribution_configuration(name="everywhere", distributions=distributions)
    with freeze_time(CREATED):
        return create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])


def places(client: Any, arn: str) -> list[tuple[str, str]]:
    """Region and account of the output AMIs, in their order. EC2 shows each of them, and nothing else anywhere near."""
    entries = output_amis(client, arn)
    found = [(entry["region"], entry["accountId"]) for entry in entries]
    for account_id in (ACCOUNT, FIRST, SECOND):
        for region in ("us-east-1", "us-east-2", "eu-west-1"):
            here = {
                entry["image"] for entry in entries if (entry["region"], entry["accountId"]) == (region, account_id)
            }
            assert {ami["ImageId"] for ami in own_amis(account_id, region)} == here
    assert len({entry["image"] for entry in entries}) == len(entries)
    return found


# ---- copies ----


@pytest.mark.parametrize(
    ("ami_by_region", "expected"),
    [
        ({"us_east_1": {}}, [("us-east-1", ACCOUNT)]),
        ({"us_east_1": {"targetAccountIds": [ACCOUNT]}}, [("us-east-1", ACCOUNT)]),
        ({"us_east_1": {"targetAccountIds": [FIRST]}}, [("us-east-1", ACCOUNT), ("us-east-1", FIRST)]),
        ({"eu_west_1": {}}, [("us-east-1", ACCOUNT), ("eu-west-1", ACCOUNT)]),
        ({"eu_west_1": {"targetAccountIds": [FIRST]}}, [("us-east-1", ACCOUNT), ("eu-west-1", FIRST)]),
        (
            {
                "us_east_1": {"targetAccountIds": [ACCOUNT, FIRST, SECOND]},
                "us_east_2": {"targetAccountIds": [FIRST, SECOND]},
            },
            [
                ("us-east-1", ACCOUNT),
                ("us-east-1", FIRST),
                ("us-east-1", SECOND),
                ("us-east-2", FIRST),
                ("us-east-2", SECOND),
            ],
        ),
        (
            {"us_east_2": {"targetAccountIds": [SECOND, ACCOUNT]}, "us_east_1": {}, "eu_west_1": {}},
            [("us-east-1", ACCOUNT), ("us-east-2", SECOND), ("us-east-2", ACCOUNT), ("eu-west-1", ACCOUNT)],
        ),
    ],
)
def test_an_ami_in_every_region_and_account(
    client: Any, ami_by_region: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert places(client, distribute(client, **ami_by_region)) == expected


def test_a_copy_belongs_to_the_account_that_gets_it(client: Any) -> None:
    arn = distribute(
        client,
        eu_west_1={
            "name": "copy {{ imagebuilder:buildDate }}",
            "description": "The copy's",
            "targetAccountIds": [FIRST],
            "amiTags": {"copy": "yes", "CreatedBy": "Terraform"},
        },
    )
    here, there = output_amis(client, arn)
    assert (here["name"], here["description"]) == (DEFAULT_NAME, "The recipe's")
    assert (there["name"], there["description"]) == ("copy 2023-05-17T21-17-21.283Z", "The copy's")
    copy = ami_of(there)
    assert (copy["Name"], copy["Description"], copy["OwnerId"]) == (there["name"], "The copy's", FIRST)
    service_tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    assert tags_of(copy) == {"copy": "yes", **service_tags}
    assert tags_of(ami_of(here)) == {"recipe": "yes", **service_tags}
    snapshot_id = copy["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (snapshot,) = client_of("ec2", FIRST, "eu-west-1").describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert tags_of(snapshot) == service_tags


def test_a_copy_has_no_description_of_its_own(client: Any) -> None:
    here, there = output_amis(client, distribute(client, us_east_1={"targetAccountIds": [ACCOUNT, FIRST]}))
    assert (here["name"], there["name"]) == (DEFAULT_NAME, DEFAULT_NAME)
    assert here["description"] == "The recipe's"
    assert "description" not in there
    assert not ami_of(there).get("Description")


def test_copies_are_made_when_the_image_is_distributed(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = distribute(client, us_east_1={"targetAccountIds": [ACCOUNT, FIRST]}, eu_west_1={})
    mocked.advance(arn, to="DISTRIBUTING")
    assert places(client, arn) == [("us-east-1", ACCOUNT)]
    mocked.advance(arn)
    assert places(client, arn) == [("us-east-1", ACCOUNT), ("us-east-1", FIRST), ("eu-west-1", ACCOUNT)]


def test_a_region_without_ami_settings_gets_no_copy(client: Any) -> None:
    answer = client.create_distribution_configuration(
        name="licenses",
        distributions=[
            {
                "region": "eu-west-1",
                "licenseConfigurationArns": [
                    f"arn:aws:license-manager:eu-west-1:123456789012:license-configuration:lic-{7:032x}"
                ],
            }
        ],
    )
    arn = create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])
    assert places(client, arn) == [("us-east-1", ACCOUNT)]


def test_a_copy_is_a_parent_image_where_it_is(client: Any) -> None:
    arn = distribute(client, eu_west_1={"targetAccountIds": [FIRST]})
    copy = output_amis(client, arn)[1]["image"]
    there = client_of("imagebuilder", FIRST, "eu-west-1")
    answer = there.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=copy)
    assert there.get_image_recipe(imageRecipeArn=answer["imageRecipeArn"])["imageRecipe"]["platform"] == "Linux"


def test_deleting_the_image_leaves_all_its_amis(client: Any) -> None:
    arn = distribute(client, us_east_1={"targetAccountIds": [ACCOUNT, FIRST]}, eu_west_1={})
    before = [ami_of(entry) for entry in output_amis(client, arn)]
    client.delete_image(imageBuildVersionArn=arn)
    after = [own_amis(), own_amis(FIRST), own_amis(region="eu-west-1")]
    assert [amis[0] for amis in after] == before


# ---- launch permissions ----


def permissions(entry: Any) -> list[dict[str, str]]:
    ec2 = client_of("ec2", entry["accountId"], entry["region"])
    granted: list[dict[str, str]] = ec2.describe_image_attribute(ImageId=entry["image"], Attribute="launchPermission")[
        "LaunchPermissions"
    ]
    return granted


ORGANIZATION = f"arn:aws:organizations::{ACCOUNT}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{ACCOUNT}:ou/o-abcdefghij/ou-ab12-abcdefgh"


@pytest.mark.parametrize(
    ("permission", "granted"),
    [
        ({}, []),
        ({"userIds": [FIRST, SECOND]}, [{"UserId": FIRST}, {"UserId": SECOND}]),
        ({"userGroups": ["all"]}, [{"Group": "all"}]),
        ({"organizationArns": [ORGANIZATION]}, [{"OrganizationArn": ORGANIZATION}]),
        ({"organizationalUnitArns": [UNIT]}, [{"OrganizationalUnitArn": UNIT}]),
        (
            {"userIds": [FIRST], "organizationArns": [ORGANIZATION]},
            [{"UserId": FIRST}, {"OrganizationArn": ORGANIZATION}],
        ),
    ],
)
def test_who_may_launch_the_ami(client: Any, permission: dict[str, list[str]], granted: list[dict[str, str]]) -> None:
    arn = distribute(client, us_east_1={"launchPermission": permission} if permission else {}, eu_west_1={})
    here, there = output_amis(client, arn)
    assert permissions(here) == granted
    assert ami_of(here)["Public"] is ("userGroups" in permission)
    assert permissions(there) == []


def test_permissions_are_given_on_every_copy_of_a_region(client: Any) -> None:
    arn = distribute(
        client,
        us_east_1={"launchPermission": {"userIds": [SECOND]}},
        eu_west_1={"targetAccountIds": [ACCOUNT, FIRST], "launchPermission": {"userGroups": ["all"]}},
    )
    granted = [permissions(entry) for entry in output_amis(client, arn)]
    assert granted == [[{"UserId": SECOND}], [{"Group": "all"}], [{"Group": "all"}]]


def test_a_shared_ami_is_a_parent_image_for_those_it_is_shared_with(client: Any) -> None:
    arn = distribute(client, us_east_1={"launchPermission": {"userIds": [FIRST]}})
    ami_id = output_amis(client, arn)[0]["image"]
    client_of("imagebuilder", FIRST).create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=ami_id)
    stranger = client_of("imagebuilder", SECOND)
    with pytest.raises(stranger.exceptions.InvalidParameterValueException):
        stranger.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=ami_id)


# ---- failures ----


def assert_distribution_failed(state: Any, arn: str, message: str, region: str, account_id: str) -> None:
    """The state of an image that could not be distributed to one place."""
    sentence = (
        f"1) {message} when distributing the image from the source account (ID: {ACCOUNT}) "
        f"to the destination account (ID: {account_id}) in Region {region}."
    )
    reason = (
        f"Distribution failed with JobId '{UUID}', status = 'Failed' for ARN '{re.escape(arn)}'. "
        f"'Not all distribution jobs are completed. {re.escape(sentence)}'"
    )
    assert re.fullmatch(reason, state.pop("reason"))
    assert state == {
        "status": "FAILED",
        "failureContext": {
            "imageStatus": "DISTRIBUTING",
            "distributionFailure": {
                "errorMessage": sentence,
                "regionFailures": [{"region": region, "status": "FAILED", "errorMessage": message}],
            },
        },
    }


@pytest.mark.parametrize(
    "settings",
    [{"amiTags": {"stage": "{{ssm:missing}}"}}, {"name": "{{ssm:missing}} {{imagebuilder:buildDate}}"}],
)
def test_the_parameter_for_a_copy_does_not_exist(client: Any, settings: dict[str, Any]) -> None:
    arn = distribute(client, us_east_2={}, eu_west_1={**settings, "targetAccountIds": [FIRST]}, us_west_2={})
    message = "The SSM parameter 'missing' does not exist."
    assert_distribution_failed(state_of(client, arn), arn, message, "eu-west-1", FIRST)
    # The other Regions have got it.
    assert [(entry["region"], entry["accountId"]) for entry in output_amis(client, arn)] == [
        ("us-east-1", ACCOUNT),
        ("us-east-2", ACCOUNT),
        ("us-west-2", ACCOUNT),
    ]
    assert own_amis(FIRST, "eu-west-1") == []


def test_every_place_that_fails_is_named(client: Any) -> None:
    missing = {"amiTags": {"stage": "{{ssm:missing}}"}}
    arn = distribute(client, us_east_2=missing, eu_west_1={**missing, "targetAccountIds": [FIRST]})
    message = "The SSM parameter 'missing' does not exist."
    sentences = " ".join(
        f"{number}) {message} when distributing the image from the source account (ID: {ACCOUNT}) to the destination "
        f"account (ID: {account_id}) in Region {region}."
        for number, region, account_id in [(1, "us-east-2", ACCOUNT), (2, "eu-west-1", FIRST)]
    )
    state = state_of(client, arn)
    assert state["reason"].endswith(f"'Not all distribution jobs are completed. {sentences}'")
    assert state["failureContext"]["distributionFailure"] == {
        "errorMessage": sentences,
        "regionFailures": [
            {"region": region, "status": "FAILED", "errorMessage": message} for region in ("us-east-2", "eu-west-1")
        ],
    }


@pytest.mark.parametrize("region", ["us_east_1", "eu_west_1"])
def test_the_ami_is_deregistered_before_it_is_distributed(client: Any, mocked: Control, region: str) -> None:
    mocked.progress("manual", times=1000)
    arn = distribute(client, **{region: {"amiTags": {"team": "web"}, "launchPermission": {"userIds": [FIRST]}}})
    mocked.advance(arn, to="DISTRIBUTING")
    (entry,) = output_amis(client, arn)
    boto3.client("ec2", region_name=REGION).deregister_image(ImageId=entry["image"])
    mocked.advance(arn)
    message = f"EC2 Client Error: 'The image id '[{entry['image']}]' is no longer available'"
    assert_distribution_failed(state_of(client, arn), arn, message, region.replace("_", "-"), ACCOUNT)
    assert get_image(client, arn)["outputResources"] == {"amis": [entry]}
    assert own_amis() == own_amis(region="eu-west-1") == []


def test_the_next_build_is_not_troubled_by_a_failed_one(client: Any) -> None:
    arn = distribute(client, us_east_1={"amiTags": {"stage": "{{ssm:stage}}"}})
    assert state_of(client, arn)["status"] == "FAILED"
    boto3.client("ssm", region_name=REGION).put_parameter(Name="stage", Value="beta", Type="String")
    arn = create_image(client, distributionConfigurationArn=f"{ACCOUNT_BASE}:distribution-configuration/everywhere")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert tags_of(ami_of(output_amis(client, arn)[0]))["stage"] == "beta"


class TestRoleOfTheOtherAccount:
    """ "Set up cross-account AMI distribution with Image Builder" in the user guide."""

    ROLE = f"arn:aws:iam::111122223333:role/{DISTRIBUTION_ROLE}"
    REFUSAL = (
        f"STS Client Error: 'User: arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForImageBuilder/"
        f"Ec2ImageBuilderDistributionService is not authorized to perform: sts:AssumeRole on resource: {ROLE}'"
    )

    def distribute(self, client: Any) -> str:
        regions = [
            {"region": REGION, "amiDistributionConfiguration": {"targetAccountIds": [ACCOUNT, "111122223333"]}},
            {"region": "eu-west-1", "amiDistributionConfiguration": {}},
        ]
        answer = client.create_distribution_configuration(name="everywhere", distributions=regions)
        return create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])

    @pytest.mark.parametrize(
        "trust",
        [
            None,
            trust_of_account("999988887777"),
            trust_of_account().replace("sts:AssumeRole", "sts:TagSession"),
            trust_of_account().replace('"Allow"', '"Deny"'),
        ],
    )
    def test_without_it_the_account_gets_no_copy(self, client: Any, trust: str | None) -> None:
        if trust is not None:
            client_of("iam", "111122223333").create_role(RoleName=DISTRIBUTION_ROLE, AssumeRolePolicyDocument=trust)
        arn = self.distribute(client)
        state = state_of(client, arn)
        assert state["status"] == "FAILED"
        assert state["failureContext"]["imageStatus"] == "DISTRIBUTING"
        (failure,) = state["failureContext"]["distributionFailure"]["regionFailures"]
        assert failure == {"region": REGION, "status": "FAILED", "errorMessage": self.REFUSAL}
        # The others have theirs.
        assert [(ami["region"], ami["accountId"]) for ami in output_amis(client, arn)] == [
            (REGION, ACCOUNT),
            ("eu-west-1", ACCOUNT),
        ]
        assert own_amis("111122223333") == []

    @pytest.mark.parametrize(
        "principal", [{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": [ACCOUNT, "111111111111"]}, "*", {"AWS": "*"}]
    )
    def test_with_it_the_account_gets_one(self, client: Any, principal: Any) -> None:
        statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:Assume*"]}
        client_of("iam", "111122223333").create_role(
            RoleName=DISTRIBUTION_ROLE,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        arn = self.distribute(client)
        assert state_of(client, arn) == {"status": "AVAILABLE"}
        assert [ami["OwnerId"] for ami in own_amis("111122223333")] == ["111122223333"]

    def test_a_retry_finds_it(self, client: Any) -> None:
        arn = self.distribute(client)
        client_of("iam", "111122223333").create_role(
            RoleName=DISTRIBUTION_ROLE, AssumeRolePolicyDocument=trust_of_account()
        )
        client.retry_image(imageBuildVersionArn=arn)
        assert state_of(client, arn) == {"status": "AVAILABLE"}
        assert len(own_amis("111122223333")) == 1
