"""Image Builder's resources in the Resource Groups Tagging API: found by tag and type, tagged and untagged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control, mock_imagebuilder

from .conftest import ACCOUNT, REGION
from .errors import refused
from .taggable_resources import create_distribution_configuration, create_taggable

UNKNOWN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/not-there"


@pytest.fixture
def tagging(mocked: Control) -> Any:
    return boto3.client("resourcegroupstaggingapi", region_name=REGION)


def found(tagging: Any, **filters: Any) -> dict[str, dict[str, str]]:
    """The tags of what GetResources finds, by ARN."""
    mappings = tagging.get_resources(**filters)["ResourceTagMappingList"]
    return {
        mapping["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}
        for mapping in mappings
        if ":imagebuilder:" in mapping["ResourceARN"]
    }


def by_tag(key: str, *values: str) -> Mapping[str, Any]:
    return {"Key": key, "Values": list(values)}


def test_resources_of_all_families_are_found(client: Any, tagging: Any, instance_profile: str) -> None:
    arns = create_taggable(client, instance_profile, tags={"Team": "a"})
    assert found(tagging) == {arn: {"Team": "a"} for arn in arns.values()}


def test_each_family_is_a_resource_type(client: Any, tagging: Any, instance_profile: str) -> None:
    arns = create_taggable(client, instance_profile, tags={"Team": "a"})
    for type_, arn in arns.items():
        assert list(found(tagging, ResourceTypeFilters=[f"imagebuilder:{type_}"])) == [arn]
    two = found(tagging, ResourceTypeFilters=["imagebuilder:image", "imagebuilder:component"])
    assert set(two) == {arns["image"], arns["component"]}
    assert set(found(tagging, ResourceTypeFilters=["imagebuilder"])) == set(arns.values())
    assert found(tagging, ResourceTypeFilters=["imagebuilder:workflow-execution"]) == {}
    assert found(tagging, ResourceTypeFilters=["s3"]) == {}


def test_tag_filters_must_all_match_with_any_of_their_values(client: Any, tagging: Any) -> None:
    red = create_distribution_configuration(client, "red", tags={"Color": "red", "Stage": "test"})
    blue = create_distribution_configuration(client, "blue", tags={"Color": "blue", "Stage": "prod"})
    create_distribution_configuration(client, "plain", tags={"Stage": "test"})
    assert set(found(tagging, TagFilters=[by_tag("Color")])) == {red, blue}
    assert set(found(tagging, TagFilters=[by_tag("Color", "red", "blue")])) == {red, blue}
    assert set(found(tagging, TagFilters=[by_tag("Color", "green")])) == set()
    assert set(found(tagging, TagFilters=[by_tag("Color"), by_tag("Stage", "test")])) == {red}
    assert set(found(tagging, TagFilters=[{"Key": "Color"}])) == {red, blue}
    by_type_and_tag = {"TagFilters": [by_tag("Color", "blue")], "ResourceTypeFilters": ["imagebuilder:image"]}
    assert found(tagging, **by_type_and_tag) == {}


def test_resources_without_tags_are_not_shown(client: Any, tagging: Any) -> None:
    arn = create_distribution_configuration(client)
    assert found(tagging) == {}
    client.tag_resource(resourceArn=arn, tags={"Team": "a"})
    assert found(tagging) == {arn: {"Team": "a"}}
    client.delete_distribution_configuration(distributionConfigurationArn=arn)
    assert found(tagging) == {}


def test_nothing_is_found_where_nobody_has_used_the_service(tagging: Any) -> None:
    assert found(tagging) == {}
    assert tagging.tag_resources(ResourceARNList=[UNKNOWN], Tags={"a": "x"})["FailedResourcesMap"] == {
        UNKNOWN: {
            "StatusCode": 404,
            "ErrorCode": "InternalServiceException",
            "ErrorMessage": "Service not yet supported",
        }
    }


def test_pages(client: Any, tagging: Any) -> None:
    arns = {create_distribution_configuration(client, f"web{number}", tags={"n": str(number)}) for number in range(5)}
    pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=2)
    rows = [[mapping["ResourceARN"] for mapping in page["ResourceTagMappingList"]] for page in pages]
    assert [len(row) for row in rows] == [2, 2, 1]
    assert {arn for row in rows for arn in row} == arns


def test_keys_and_values(client: Any, tagging: Any) -> None:
    create_distribution_configuration(client, "red", tags={"Color": "red", "Team": "a"})
    create_distribution_configuration(client, "blue", tags={"Color": "blue"})
    assert set(tagging.get_tag_keys()["TagKeys"]) == {"Color", "Team"}
    assert set(tagging.get_tag_values(Key="Color")["TagValues"]) == {"red", "blue"}
    assert tagging.get_tag_values(Key="Size")["TagValues"] == []


def test_tag_and_untag(client: Any, tagging: Any, instance_profile: str) -> None:
    arns = list(create_taggable(client, instance_profile, tags={"Team": "a"}).values())
    assert tagging.tag_resources(ResourceARNList=arns, Tags={"Team": "b", "Stage": "x"})["FailedResourcesMap"] == {}
    for arn in arns:
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Team": "b", "Stage": "x"}
    assert tagging.untag_resources(ResourceARNList=arns, TagKeys=["Team", "other"])["FailedResourcesMap"] == {}
    for arn in arns:
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Stage": "x"}


def test_other_services_are_tagged_in_the_same_call(client: Any, tagging: Any) -> None:
    arn = create_distribution_configuration(client)
    logs = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName="/aws/imagebuilder/web")
    log_group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/imagebuilder/web"
    tagging.tag_resources(ResourceARNList=[arn, log_group], Tags={"Team": "a"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Team": "a"}
    assert logs.list_tags_for_resource(resourceArn=log_group)["tags"] == {"Team": "a"}


@pytest.mark.parametrize(
    ("arn", "tags", "message"),
    [
        (
            UNKNOWN,
            {"Team": "a"},
            f"The following required resource 'DistributionConfiguration' cannot be found: '{UNKNOWN}'.",
        ),
        (
            None,
            {str(number): "x" for number in range(50)},
            "The value supplied for parameter 'tags' is not valid. A resource can have at most 50 tags.",
        ),
        (
            None,
            {"Team": "x" * 257},
            "The value supplied for parameter 'tags.Team' is not valid. tags.Team must have at most 256 characters",
        ),
    ],
    ids=["unknown", "too many", "too long"],
)
def test_what_the_service_refuses_is_refused_here(
    client: Any, tagging: Any, arn: str | None, tags: dict[str, str], message: str
) -> None:
    mine = create_distribution_configuration(client, tags={"Team": "a"})
    if len(tags) == 50:
        client.tag_resource(resourceArn=mine, tags={"one": "more"})
    before = client.list_tags_for_resource(resourceArn=mine)["tags"]
    with refused("InvalidParameterException", 400, message):
        tagging.tag_resources(ResourceARNList=[arn or mine], Tags=tags)
    assert client.list_tags_for_resource(resourceArn=mine)["tags"] == before


def test_unknown_resources_cannot_be_untagged(client: Any, tagging: Any) -> None:
    create_distribution_configuration(client)
    sentence = f"The following required resource 'DistributionConfiguration' cannot be found: '{UNKNOWN}'."
    with refused("InvalidParameterException", 400, sentence):
        tagging.untag_resources(ResourceARNList=[UNKNOWN], TagKeys=["Team"])


def test_accounts_and_regions_do_not_see_each_other(client: Any, tagging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    create_distribution_configuration(client, tags={"Team": "a"})
    assert found(boto3.client("resourcegroupstaggingapi", region_name="eu-west-1")) == {}
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "210987654321")
    assert found(tagging) == {}


def test_a_second_mock_starts_empty() -> None:
    for _ in range(2):
        with mock_imagebuilder():
            client = boto3.client("imagebuilder", region_name=REGION)
            tagging = boto3.client("resourcegroupstaggingapi", region_name=REGION)
            assert found(tagging) == {}
            arn = create_distribution_configuration(client, tags={"Team": "a"})
            assert found(tagging) == {arn: {"Team": "a"}}
