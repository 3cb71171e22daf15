"""Infrastructure configurations: what they refer to exists, updates replace them, and pipelines keep them."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import PARENT_IMAGE, create_recipe
from ..conftest import REGION
from ..errors import refused
from ..refusals import already_there, depended_on, dry_run, invalid, not_found
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


@pytest.fixture(autouse=True)
def _profile(instance_profile: str) -> None:
    """The profile that ``create`` and ``ask`` use exists."""


def names(client: Any, *values: str) -> list[str]:
    return [entry["name"] for entry in summaries(client, filters=[{"name": "name", "values": list(values)}])]


# ---- create and get ----


def test_a_plain_configuration_is_answered_and_got_back(client: Any) -> None:
    with freeze_time("2020-02-19T19:11:51.858Z"):
        answer = client.create_infrastructure_configuration(
            name="My_Example 1", instanceProfileName="EC2InstanceProfileForImageBuilder", clientToken="token"
        )
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "infrastructureConfigurationArn": f"{ARN}my-example-1",
    }
    assert get(client, f"{ARN}my-example-1") == {
        "arn": f"{ARN}my-example-1",
        "name": "My_Example 1",
        "instanceProfileName": "EC2InstanceProfileForImageBuilder",
        "terminateInstanceOnFailure": True,
        "dateCreated": "2020-02-19T19:11:51.858Z",
        "tags": {},
    }


FULL: dict[str, Any] = {
    "description": "Keeps the instances of failed builds",
    "instanceTypes": ["m5.large", "m5.xlarge"],
    "securityGroupIds": ["sg-a48c95ef"],
    "subnetId": "subnet-a48c95ef",
    "logging": {"s3Logs": {"s3BucketName": "no-such-bucket", "s3KeyPrefix": "/prefix1/"}},
    "keyPair": "no-such-key",
    "terminateInstanceOnFailure": False,
    "terminateInstanceOnCompletion": False,
    "resourceTags": {"Team": "web", "name": "not reserved in lower case"},
    "instanceMetadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 64},
    "placement": {"availabilityZone": f"{REGION}a", "tenancy": "host", "hostId": "h-0123456789abcdef0"},
}


def test_every_member_comes_back(client: Any) -> None:
    topic = create_topic()
    arn = create(client, **FULL, snsTopicArn=topic, tags={"Team": "web"})
    configuration = get(client, arn)
    assert {member: configuration[member] for member in FULL} == FULL
    assert configuration["snsTopicArn"] == topic
    assert configuration["tags"] == {"Team": "web"}


@needs_parent_instance
def test_a_build_on_an_instance_of_an_auto_scaling_group(client: Any) -> None:
    parent = {"autoScalingGroup": {"name": create_auto_scaling_group(), "capacityWaitTimeoutSeconds": 3600}}
    assert get(client, create(client, parentInstance=parent))["parentInstance"] == parent


@pytest.mark.parametrize("terminate", [True, False])
def test_the_termination_settings_differ_in_what_is_answered_by_default(client: Any, terminate: bool) -> None:
    assert "terminateInstanceOnCompletion" not in get(client, create(client))
    both = {"terminateInstanceOnFailure": terminate, "terminateInstanceOnCompletion": terminate}
    configuration = get(client, create(client, "given", **both))
    assert {member: configuration[member] for member in both} == both


@pytest.mark.parametrize("logging", [{"s3Logs": {}}, {"s3Logs": {"s3KeyPrefix": "web"}}])
def test_log_settings_stay_as_they_are(client: Any, logging: dict[str, Any]) -> None:
    assert get(client, create(client, logging=logging))["logging"] == logging


@pytest.mark.parametrize("name", ["web server", "Web Server", "web_server", "WEB-SERVER"])
def test_names_that_differ_in_case_spaces_or_underscores_are_the_same(client: Any, name: str) -> None:
    create(client, "Web-Server", description="the first")
    with already_there("InfrastructureConfiguration", f"{ARN}web-server"):
        create(client, name)
    assert get(client, f"{ARN}web-server")["description"] == "the first"


def test_a_dry_run_creates_nothing_and_finds_every_mistake(client: Any) -> None:
    with dry_run():
        create(client, dryRun=True)
    assert summaries(client) == []
    with invalid("instanceProfileName", NO_PROFILE):
        create(client, instanceProfileName="unknown", dryRun=True)
    create(client)
    with already_there("InfrastructureConfiguration", f"{ARN}web"):
        create(client, dryRun=True)


# ---- update ----


def test_an_update_replaces_everything_but_name_and_tags(client: Any, iam: Any) -> None:
    topic = create_topic()
    iam.create_instance_profile(InstanceProfileName="Other")
    with freeze_time("2026-09-09T19:34:38.409Z"):
        arn = create(client, "Web 1", **FULL, snsTopicArn=topic, tags={"Team": "web"})
    with freeze_time("2026-09-10T08:00:00.001Z"):
        answer = update(client, arn, instanceProfileName="Other", clientToken="token")
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "infrastructureConfigurationArn": arn,
    }
    assert get(client, arn) == {
        "arn": arn,
        "name": "Web 1",
        "instanceProfileName": "Other",
        "terminateInstanceOnFailure": True,
        "dateCreated": "2026-09-09T19:34:38.409Z",
        "dateUpdated": "2026-09-10T08:00:00.001Z",
        "tags": {"Team": "web"},
    }


def test_an_update_sets_every_member(client: Any) -> None:
    topic = create_topic()
    arn = create(client)
    update(client, arn, **FULL, snsTopicArn=topic)
    configuration = get(client, arn)
    assert {member: configuration[member] for member in FULL} == FULL
    assert configuration["snsTopicArn"] == topic


# ---- delete ----


def test_a_deleted_configuration_is_gone_and_its_name_is_free(client: Any) -> None:
    arn = create(client)
    answer = client.delete_infrastructure_configuration(infrastructureConfigurationArn=arn)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], "infrastructureConfigurationArn": arn}
    assert summaries(client) == []
    with not_found("InfrastructureConfiguration", arn):
        get(client, arn)
    assert create(client) == arn


def test_what_a_pipeline_uses_cannot_be_deleted(client: Any) -> None:
    arn, other = create(client, "used"), create(client, "unused")
    pipeline = client.create_image_pipeline(
        name="web", imageRecipeArn=create_recipe(client), infrastructureConfigurationArn=arn
    )["imagePipelineArn"]
    with depended_on(arn):
        client.delete_infrastructure_configuration(infrastructureConfigurationArn=arn)
    assert get(client, arn)["name"] == "used"
    client.delete_infrastructure_configuration(infrastructureConfigurationArn=other)
    client.delete_image_pipeline(imagePipelineArn=pipeline)
    client.delete_infrastructure_configuration(infrastructureConfigurationArn=arn)
    assert summaries(client) == []


@pytest.mark.parametrize("arn", [f"{ARN}unknown", f"{ARN}web".replace(REGION, "eu-west-1"), f"{ARN}web_1"])
def test_an_unknown_configuration_is_not_found(client: Any, arn: str) -> None:
    create(client)
    create(client, "web 1")
    with not_found("InfrastructureConfiguration", arn):
        get(client, arn)
    with not_found("InfrastructureConfiguration", arn):
        update(client, arn)
    with not_found("InfrastructureConfiguration", arn):
        client.delete_infrastructure_configuration(infrastructureConfigurationArn=arn)


def test_the_arn_of_something_else_is_refused(client: Any) -> None:
    pattern = load_model().shape("InfrastructureConfigurationArn")["pattern"]
    name = "infrastructureConfigurationArn"
    with invalid(name, f"{name} must match pattern {pattern}"):
        get(client, PARENT_IMAGE)


# ---- list ----


def test_a_summary_has_the_settings_that_the_service_shows_in_lists(client: Any) -> None:
    with freeze_time("2026-09-09T19:34:38.409Z"):
        arn = create(client, "Web 1", **FULL, tags={"Team": "web"})
    with freeze_time("2026-09-10T08:00:00.001Z"):
        update(client, arn, **FULL)
    assert summaries(client) == [
        {
            "arn": arn,
            "name": "Web 1",
            "description": FULL["description"],
            "dateCreated": "2026-09-09T19:34:38.409Z",
            "dateUpdated": "2026-09-10T08:00:00.001Z",
            "resourceTags": FULL["resourceTags"],
            "tags": {"Team": "web"},
            "instanceTypes": FULL["instanceTypes"],
            "instanceProfileName": "EC2InstanceProfileForImageBuilder",
            "placement": FULL["placement"],
        }
    ]


def test_the_name_filter_compares_names_as_they_were_given(client: Any) -> None:
    for name in ("web_2", "Web 1", "web 1 old", "database", "my web"):
        create(client, name)
    assert [entry["name"] for entry in summaries(client)] == ["database", "my web", "Web 1", "web 1 old", "web_2"]
    assert names(client, "Web 1") == ["Web 1"]
    assert names(client, "web-1") == []
    assert names(client, "web*") == ["web 1 old", "web_2"]
    assert names(client, "*web*") == ["my web", "web 1 old", "web_2"]
    assert names(client, "database", "web_2") == ["database", "web_2"]


def test_there_is_no_other_filter(client: Any) -> None:
    for name in ("description", "Name"):
        with invalid("filters[0].name", "Valid filter names are: name."):
            client.list_infrastructure_configurations(filters=[{"name": name, "values": ["x"]}])


def test_pages_continue_where_they_ended(client: Any) -> None:
    for number in range(5):
        create(client, f"web {number}")
    first = client.list_infrastructure_configurations(maxResults=2)
    paginator = client.get_paginator("list_infrastructure_configurations")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert [[entry["name"] for entry in page["infrastructureConfigurationSummaryList"]] for page in pages] == [
        ["web 0", "web 1"],
        ["web 2", "web 3"],
        ["web 4"],
    ]
    assert "nextToken" not in pages[-1]
    with refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid."):
        client.list_distribution_configurations(nextToken=first["nextToken"])
