"""Launch templates: the version that ``launchTemplateConfigurations`` add, and how that fails."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, output_amis, state_of, tags_of
from .integration import NO_TEMPLATE, assert_integration_failed, build, create_template, template_versions

PARTNER = "111111111111"
STEP = "UPDATE_LAUNCH_TEMPLATES"
MISSING = f"EC2 Client Error: 'The launch-template ID '{NO_TEMPLATE}' does not exist'"

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def templates(*configurations: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An entry of a distribution configuration."""
    return {"amiDistributionConfiguration": {}, "launchTemplateConfigurations": list(configurations), **members}


def default_version(template_id: str, account_id: str = ACCOUNT, region: str = REGION) -> int:
    ec2 = client_of("ec2", account_id, region)
    (template,) = ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
    version: int = template["DefaultVersionNumber"]
    return version


def test_a_new_version_has_the_ami_and_all_other_settings(client: Any) -> None:
    template_id = create_template(
        KeyName="key", TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "web"}]}]
    )
    with freeze_time("2026-01-02T03:04:05Z"):
        arn = build(client, templates({"launchTemplateId": template_id}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    first, second = template_versions(template_id)
    assert second["VersionNumber"] == 2
    assert second["CreateTime"].isoformat() == "2026-01-02T03:04:05+00:00"
    assert second["LaunchTemplateData"] == {
        **first["LaunchTemplateData"],
        "ImageId": output_amis(client, arn)[0]["image"],
    }
    assert first["LaunchTemplateData"]["ImageId"] == "ami-00000000"


def test_an_instance_can_be_launched_from_it(client: Any) -> None:
    template_id = create_template()
    arn = build(client, templates({"launchTemplateId": template_id}))
    ec2 = client_of("ec2")
    (instance,) = ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateId": template_id})[
        "Instances"
    ]
    assert (instance["ImageId"], instance["InstanceType"]) == (output_amis(client, arn)[0]["image"], "t3.micro")


@pytest.mark.parametrize(
    ("setting", "default"), [({}, 2), ({"setDefaultVersion": True}, 2), ({"setDefaultVersion": False}, 1)]
)
def test_the_default_version(client: Any, setting: dict[str, bool], default: int) -> None:
    template_id = create_template()
    build(client, templates({"launchTemplateId": template_id, **setting}))
    assert default_version(template_id) == default
    assert len(template_versions(template_id)) == 2


def test_the_version_comes_from_the_default_version(client: Any) -> None:
    template_id = create_template()
    client_of("ec2").create_launch_template_version(
        LaunchTemplateId=template_id, LaunchTemplateData={"InstanceType": "m5.large"}
    )
    build(client, templates({"launchTemplateId": template_id, "setDefaultVersion": False}))
    types = [version["LaunchTemplateData"]["InstanceType"] for version in template_versions(template_id)]
    assert types == ["t3.micro", "m5.large", "t3.micro"]


def test_the_template_is_tagged(client: Any) -> None:
    template_id = create_template()
    build(client, templates({"launchTemplateId": template_id}))
    (template,) = client_of("ec2").describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
    assert tags_of(template) == {"CreatedBy": "EC2 Image Builder"}


def test_every_region_has_a_template_of_its_own(client: Any) -> None:
    here, there = create_template(), create_template(region="eu-west-1")
    arn = build(
        client,
        templates({"launchTemplateId": here}),
        templates({"launchTemplateId": there}, region="eu-west-1"),
    )
    ids = [
        template_versions(here)[1]["LaunchTemplateData"]["ImageId"],
        template_versions(there, region="eu-west-1")[1]["LaunchTemplateData"]["ImageId"],
    ]
    assert ids == [entry["image"] for entry in output_amis(client, arn)]


def test_another_account_uses_its_copy(client: Any) -> None:
    own, partners = create_template(), create_template(account_id=PARTNER)
    arn = build(
        client,
        templates(
            {"launchTemplateId": own, "accountId": ACCOUNT},
            {"launchTemplateId": partners, "accountId": PARTNER},
            amiDistributionConfiguration={"targetAccountIds": [ACCOUNT, PARTNER]},
        ),
    )
    here, copy = output_amis(client, arn)
    assert template_versions(own)[1]["LaunchTemplateData"]["ImageId"] == here["image"]
    assert template_versions(partners, PARTNER)[1]["LaunchTemplateData"]["ImageId"] == copy["image"]


def test_an_account_without_a_copy_uses_the_ami_that_is_shared_with_it(client: Any) -> None:
    template_id = create_template(account_id=PARTNER)
    arn = build(
        client,
        templates(
            {"launchTemplateId": template_id, "accountId": PARTNER},
            amiDistributionConfiguration={"launchPermission": {"userIds": [PARTNER]}},
        ),
    )
    ami_id = output_amis(client, arn)[0]["image"]
    assert template_versions(template_id, PARTNER)[1]["LaunchTemplateData"]["ImageId"] == ami_id


def test_every_build_adds_a_version(client: Any) -> None:
    template_id = create_template()
    arns = [build(client, templates({"launchTemplateId": template_id}))]
    arns.append(
        create_image(client, distributionConfigurationArn=f"{ACCOUNT_BASE}:distribution-configuration/everywhere")
    )
    ids = [version["LaunchTemplateData"]["ImageId"] for version in template_versions(template_id)[1:]]
    assert ids == [output_amis(client, arn)[0]["image"] for arn in arns]
    assert default_version(template_id) == 3


def test_the_version_comes_when_the_image_is_integrated(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    template_id = create_template()
    arn = build(client, templates({"launchTemplateId": template_id}))
    mocked.advance(arn, to="INTEGRATING")
    assert len(template_versions(template_id)) == 1
    mocked.advance(arn)
    assert len(template_versions(template_id)) == 2


# ---- failures ----


def test_the_template_does_not_exist(client: Any) -> None:
    arn = build(client, templates({"launchTemplateId": NO_TEMPLATE}))
    assert_integration_failed(client, arn, (REGION, STEP, MISSING))


@pytest.mark.parametrize(("account_id", "region"), [(ACCOUNT, "eu-west-1"), (PARTNER, REGION)])
def test_the_template_is_somewhere_else(client: Any, account_id: str, region: str) -> None:
    template_id = create_template(account_id=account_id, region=region)
    arn = build(client, templates({"launchTemplateId": template_id}))
    message = f"EC2 Client Error: 'The launch-template ID '{template_id}' does not exist'"
    assert_integration_failed(client, arn, (REGION, STEP, message))
    assert len(template_versions(template_id, account_id, region)) == 1


def test_what_comes_before_a_failure_stays_and_what_comes_after_does_not_exist(client: Any) -> None:
    first, last, other = create_template("first"), create_template("last"), create_template(region="eu-west-1")
    broken = [{"launchTemplateId": template} for template in (first, NO_TEMPLATE, last)]
    arn = build(client, templates(*broken), templates({"launchTemplateId": other}, region="eu-west-1"))
    # The other Region is not kept from it.
    assert_integration_failed(client, arn, (REGION, STEP, MISSING))
    assert [len(template_versions(template)) for template in (first, last)] == [2, 1]
    assert len(template_versions(other, region="eu-west-1")) == 2


def test_a_retry_does_it_all_again(client: Any) -> None:
    template_id = create_template()
    arn = build(client, templates({"launchTemplateId": template_id}, {"launchTemplateId": NO_TEMPLATE}))
    client.retry_image(imageBuildVersionArn=arn)
    assert_integration_failed(client, arn, (REGION, STEP, MISSING))
    assert len(template_versions(template_id)) == 3


def test_the_ami_is_gone(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    template_id = create_template()
    arn = build(client, templates({"launchTemplateId": template_id}))
    mocked.advance(arn, to="INTEGRATING")
    (entry,) = output_amis(client, arn)
    client_of("ec2").deregister_image(ImageId=entry["image"])
    mocked.advance(arn)
    message = f"EC2 Client Error: 'The image id '[{entry['image']}]' is no longer available'"
    assert_integration_failed(client, arn, (REGION, STEP, message))
    assert len(template_versions(template_id)) == 1


@pytest.mark.parametrize("ami", [{}, {"amiDistributionConfiguration": {"targetAccountIds": [PARTNER]}}])
def test_a_region_that_the_account_has_no_ami_in(client: Any, ami: dict[str, Any]) -> None:
    template_id = create_template(region="eu-west-1")
    arn = build(
        client, {"region": "eu-west-1", "launchTemplateConfigurations": [{"launchTemplateId": template_id}], **ami}
    )
    message = f"The image was not distributed to the account (ID: {ACCOUNT}) in Region eu-west-1."
    assert_integration_failed(client, arn, ("eu-west-1", STEP, message))
    assert len(template_versions(template_id, region="eu-west-1")) == 1
