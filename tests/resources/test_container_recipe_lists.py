"""Lists of container recipes: summaries, filters, owners and pages."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from ..build_parts import MANAGED_BASE
from ..conftest import ACCOUNT, REGION
from ..refusals import invalid
from .container_recipes import ARN, create, create_repository, summaries

WINDOWS = f"{MANAGED_BASE}:image/windows-server-2019-x86-core-ltsc2019-amd64/x.x.x"
LINUX = f"{MANAGED_BASE}:image/amazon-linux-x86-2/x.x.x"


@pytest.fixture(autouse=True)
def _repository(client: Any) -> None:
    create_repository()


def listed(client: Any, **filters: list[str]) -> list[str]:
    """The ends of the ARNs that these filters find."""
    given = [{"name": name, "values": values} for name, values in filters.items()]
    return [entry["arn"].removeprefix(ARN) for entry in summaries(client, filters=given)]


def test_a_summary_has_what_the_service_shows_in_lists(client: Any) -> None:
    ami = boto3.client("ec2", region_name=REGION).register_image(Name="host", RootDeviceName="/dev/xvda")["ImageId"]
    common = {
        "containerType": "DOCKER",
        "platform": "Linux",
        "owner": ACCOUNT,
        "parentImage": LINUX,
        "dateCreated": "2026-09-09T19:30:21.183Z",
    }
    with freeze_time("2026-09-09T19:30:21.183Z"):
        plain = create(client, "Web 1", parentImage=LINUX, description="A web server", tags={"Team": "web"})
        hosted = create(client, "Web 2", parentImage=LINUX, instanceConfiguration={"image": ami})
    assert summaries(client) == [
        {"arn": plain, "name": "Web 1", "tags": {"Team": "web"}, **common},
        {"arn": hosted, "name": "Web 2", "tags": {}, "instanceImage": ami, **common},
    ]


@pytest.fixture
def several(client: Any) -> Any:
    create(client, "web_2", "1.0.0", parentImage=LINUX)
    create(client, "Web 1", "1.10.0", parentImage=WINDOWS)
    create(client, "Web 1", "1.9.0")
    create(client, "my web", "1.0.0")
    return client


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"containerType": ["DOCKER"]}, ["my-web/1.0.0", "web-1/1.10.0", "web-1/1.9.0", "web-2/1.0.0"]),
        ({"containerType": ["docker"]}, []),
        ({"name": ["Web 1"]}, ["web-1/1.10.0", "web-1/1.9.0"]),
        ({"name": ["web-1"]}, []),
        ({"name": ["*web*"]}, ["my-web/1.0.0", "web-2/1.0.0"]),
        ({"platform": ["Windows"]}, ["web-1/1.10.0"]),
        ({"platform": ["Win*"]}, []),
        ({"parentImage": [LINUX, WINDOWS]}, ["web-1/1.10.0", "web-2/1.0.0"]),
        ({"name": ["Web 1"], "platform": ["Linux"]}, ["web-1/1.9.0"]),
    ],
)
def test_filters(several: Any, filters: dict[str, list[str]], found: list[str]) -> None:
    assert listed(several, **filters) == found


@pytest.mark.parametrize("name", ["version", "ContainerType", "owner"])
def test_there_is_no_other_filter(client: Any, name: str) -> None:
    with invalid("filters[0].name", "Valid filter names are: containerType, name, parentImage, platform."):
        listed(client, **{name: ["x"]})


@pytest.mark.parametrize("owner", ["Shared", "Amazon"])
def test_nobody_else_has_recipes(several: Any, owner: str) -> None:
    answer = several.list_container_recipes(owner=owner)
    assert answer["containerRecipeSummaryList"] == []
    assert "nextToken" not in answer
    assert len(summaries(several, owner="Self")) == 4


@pytest.mark.parametrize("owner", ["ThirdParty", "AWSMarketplace"])
def test_other_owners_are_refused(several: Any, owner: str) -> None:
    with invalid("owner", "Valid owners of container recipes are: Self, Shared, Amazon."):
        summaries(several, owner=owner)


def test_container_recipes_are_no_image_recipes(several: Any) -> None:
    assert several.list_image_recipes()["imageRecipeSummaryList"] == []
