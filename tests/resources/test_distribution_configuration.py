"""Distribution configurations: kept as they are given, replaced by updates, and deleted unless a pipeline needs them."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from ..build_parts import PARENT_IMAGE, create_distribution, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import already_there, depended_on, dry_run, invalid, not_found
from .distributions import ARN, FULL, NO_OUTPUT, OTHER_ACCOUNT, PLAIN, create, get, summaries


def names(client: Any, *values: str) -> list[str]:
    return [entry["name"] for entry in summaries(client, filters=[{"name": "name", "values": list(values)}])]


# ---- create and get ----


def test_a_plain_configuration_is_answered_and_got_back(client: Any) -> None:
    with freeze_time("2026-09-09T19:34:38.409Z"):
        answer = client.create_distribution_configuration(
            name="Web_Servers 1", distributions=PLAIN, clientToken="token"
        )
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "distributionConfigurationArn": f"{ARN}web-servers-1",
    }
    assert get(client, f"{ARN}web-servers-1") == {
        "arn": f"{ARN}web-servers-1",
        "name": "Web_Servers 1",
        "distributions": PLAIN,
        "timeoutMinutes": 720,
        "dateCreated": "2026-09-09T19:34:38.409Z",
        "tags": {},
    }


def test_every_member_comes_back(client: Any) -> None:
    arn = create(client, description="Everywhere", distributions=FULL, tags={"Team": "web"})
    configuration = get(client, arn)
    assert configuration["description"] == "Everywhere"
    assert configuration["tags"] == {"Team": "web"}
    assert configuration["distributions"] == FULL


@pytest.mark.parametrize("name", ["web server", "Web Server", "web_server", "WEB-SERVER"])
def test_names_that_differ_in_case_spaces_or_underscores_are_the_same(client: Any, name: str) -> None:
    create(client, "Web-Server", description="the first")
    with already_there("DistributionConfiguration", f"{ARN}web-server"):
        create(client, name)
    assert get(client, f"{ARN}web-server")["description"] == "the first"


def test_another_region_and_another_account_have_names_of_their_own(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(client)
    assert create(boto3.client("imagebuilder", region_name="eu-west-1")) != f"{ARN}web"
    monkeypatch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
    assert create(client) == f"{ARN}web".replace(ACCOUNT, OTHER_ACCOUNT)


def test_the_same_token_gets_the_same_answer(client: Any) -> None:
    first = create(client, clientToken="token")
    assert create(client, clientToken="token") == first
    with refused("IdempotentParameterMismatchException", 400, re.compile(".*'token'.*")):
        create(client, "other", clientToken="token")
    assert len(summaries(client)) == 1


def test_a_dry_run_creates_nothing_and_finds_every_mistake(client: Any) -> None:
    with dry_run():
        create(client, dryRun=True)
    assert summaries(client) == []
    with invalid("distributions[0]", NO_OUTPUT):
        create(client, distributions=[{"region": REGION}], dryRun=True)
    create(client)
    with already_there("DistributionConfiguration", f"{ARN}web"):
        create(client, dryRun=True)


# ---- update ----


def test_an_update_replaces_everything_but_name_and_tags(client: Any) -> None:
    with freeze_time("2026-09-09T19:34:38.409Z"):
        arn = create(client, "Web 1", FULL, description="Everywhere", tags={"Team": "web"})
    with freeze_time("2026-09-10T08:00:00.001Z"):
        answer = client.update_distribution_configuration(
            distributionConfigurationArn=arn, distributions=PLAIN, clientToken="token"
        )
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "distributionConfigurationArn": arn,
    }
    assert get(client, arn) == {
        "arn": arn,
        "name": "Web 1",
        "distributions": PLAIN,
        "timeoutMinutes": 720,
        "dateCreated": "2026-09-09T19:34:38.409Z",
        "dateUpdated": "2026-09-10T08:00:00.001Z",
        "tags": {"Team": "web"},
    }


def test_an_update_sets_a_description(client: Any) -> None:
    arn = create(client)
    client.update_distribution_configuration(
        distributionConfigurationArn=arn, description="Here only", distributions=PLAIN
    )
    assert get(client, arn)["description"] == "Here only"


# ---- delete ----


def test_a_deleted_configuration_is_gone_and_its_name_is_free(client: Any) -> None:
    arn = create(client)
    answer = client.delete_distribution_configuration(distributionConfigurationArn=arn)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], "distributionConfigurationArn": arn}
    assert summaries(client) == []
    with not_found("DistributionConfiguration", arn):
        get(client, arn)
    assert create(client) == arn


def test_what_a_pipeline_uses_cannot_be_deleted(client: Any, instance_profile: str) -> None:
    arn, other = create_distribution(client, "used"), create_distribution(client, "unused")
    pipeline = client.create_image_pipeline(
        name="web",
        imageRecipeArn=create_recipe(client),
        infrastructureConfigurationArn=create_infrastructure(client, instance_profile),
        distributionConfigurationArn=arn,
    )["imagePipelineArn"]
    with depended_on(arn):
        client.delete_distribution_configuration(distributionConfigurationArn=arn)
    assert get(client, arn)["name"] == "used"
    client.delete_distribution_configuration(distributionConfigurationArn=other)
    client.delete_image_pipeline(imagePipelineArn=pipeline)
    client.delete_distribution_configuration(distributionConfigurationArn=arn)
    assert summaries(client) == []


@pytest.mark.parametrize("arn", [f"{ARN}unknown", f"{ARN}web".replace(REGION, "eu-west-1"), f"{ARN}web_1"])
def test_an_unknown_configuration_is_not_found(client: Any, arn: str) -> None:
    create(client)
    create(client, "web 1")
    with not_found("DistributionConfiguration", arn):
        get(client, arn)
    with not_found("DistributionConfiguration", arn):
        client.update_distribution_configuration(distributionConfigurationArn=arn, distributions=PLAIN)
    with not_found("DistributionConfiguration", arn):
        client.delete_distribution_configuration(distributionConfigurationArn=arn)


def test_the_arn_of_something_else_is_refused(client: Any) -> None:
    with refused(
        "InvalidParameterValueException",
        400,
        re.compile(
            r"The value supplied for parameter 'distributionConfigurationArn' is not valid\. "
            r"distributionConfigurationArn must match pattern .*"
        ),
    ):
        get(client, PARENT_IMAGE)


# ---- list ----


def test_a_summary_has_the_regions_instead_of_the_distributions(client: Any) -> None:
    with freeze_time("2026-09-09T19:34:38.409Z"):
        arn = create(client, "Web 1", FULL, description="Everywhere", tags={"Team": "web"})
    with freeze_time("2026-09-10T08:00:00.001Z"):
        client.update_distribution_configuration(
            distributionConfigurationArn=arn, description="Everywhere", distributions=FULL
        )
    assert summaries(client) == [
        {
            "arn": arn,
            "name": "Web 1",
            "description": "Everywhere",
            "dateCreated": "2026-09-09T19:34:38.409Z",
            "dateUpdated": "2026-09-10T08:00:00.001Z",
            "tags": {"Team": "web"},
            "regions": [REGION, "eu-west-1"],
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
            client.list_distribution_configurations(filters=[{"name": name, "values": ["x"]}])


def test_pages_continue_where_they_ended(client: Any) -> None:
    for number in range(5):
        create(client, f"web {number}")
    first = client.list_distribution_configurations(maxResults=2)
    assert [entry["name"] for entry in first["distributionConfigurationSummaryList"]] == ["web 0", "web 1"]
    paginator = client.get_paginator("list_distribution_configurations")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["distributionConfigurationSummaryList"]) for page in pages] == [2, 2, 1]
    assert "nextToken" not in pages[-1]
    with refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid."):
        client.list_infrastructure_configurations(nextToken=first["nextToken"])
