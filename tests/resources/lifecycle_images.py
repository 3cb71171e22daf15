"""Images with AMIs in several places, and what a policy does to them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import create_infrastructure, create_recipe
from ..cross_account import let_copies_in
from ..images import create_image
from .lifecycles import TAGS, create_policy, resources, rule

NOW = datetime(2026, 5, 31, 12, 0, 30, tzinfo=timezone.utc)
OTHER_ACCOUNT = "111111111111"
ABROAD = "eu-west-1"
DELETION = rule("DELETE", {"type": "AGE", "value": 1, "unit": "DAYS"}, include=["amis", "snapshots"])
SUCCESS = {"status": "SUCCESS"}


def distributed(client: Any, instance_profile: str, *places: dict[str, Any]) -> str:
    """The ARN of a month-old image with AMIs in these places: Region, ``accounts`` if not the own, ``permission``."""
    distributions = [
        {
            "region": place["region"],
            "amiDistributionConfiguration": {
                **({"targetAccountIds": place["accounts"]} if "accounts" in place else {}),
                **({"launchPermission": place["permission"]} if "permission" in place else {}),
            },
        }
        for place in places
    ]
    with freeze_time(NOW - timedelta(days=30)):
        let_copies_in(OTHER_ACCOUNT)
        create_recipe(client)
        create_infrastructure(client, instance_profile)
        distribution = client.create_distribution_configuration(name="web", distributions=distributions)
        return create_image(
            client,
            distributionConfigurationArn=distribution["distributionConfigurationArn"],
            tags=TAGS,
        )


def run(control: Control, client: Any, *rules: dict[str, Any]) -> str:
    """The id of an execution of a new policy."""
    return control.run_lifecycle(create_policy(client, *rules))


def states(client: Any, execution: str, image: str) -> dict[tuple[str, str], Any]:
    """The states of an image's AMIs in an execution, by account and Region."""
    return {(entry["accountId"], entry["region"]): entry["state"] for entry in resources(client, execution, image)}
