"""What a test can see of a mock: whether it is active, and what it holds."""

from __future__ import annotations

import os
from typing import Any

import boto3

OWN_KEY = "AKIAMINE"


def mock_is_active() -> bool:
    """moto replaces the credentials of the environment as long as it mocks."""
    return os.environ["AWS_ACCESS_KEY_ID"] != OWN_KEY


def create(name: str) -> None:
    client = boto3.client("imagebuilder", region_name="us-east-1")
    distributions: Any = [{"region": "us-east-1", "amiDistributionConfiguration": {}}]
    client.create_distribution_configuration(name=name, distributions=distributions)


def names() -> list[str]:
    client = boto3.client("imagebuilder", region_name="us-east-1")
    found = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    return [entry["name"] for entry in found]
