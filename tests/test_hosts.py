"""Hosts: every one that botocore's endpoint rules can produce is answered in process, and no other."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
import requests
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointVariantError
from botocore.loaders import Loader

from mock_imagebuilder import Control, mock_imagebuilder, moto_seam
from mock_imagebuilder.imagebuilder.regions import all_regions, partition_of
from mock_imagebuilder.imagebuilder.responses import region_of_url

from .conformance.doors import opened
from .conftest import ACCOUNT
from .doors import DOORS, config_of

VARIANTS = [(False, False), (True, False), (False, True), (True, True)]
VARIANT_NAMES = ["plain", "FIPS", "dual stack", "FIPS and dual stack"]


@cache
def rules() -> EndpointProvider:
    loader = Loader()
    return EndpointProvider(
        loader.load_service_model("imagebuilder", "endpoint-rule-set-1"), loader.load_data("partitions")
    )


def url_of(region: str, fips: bool, dual_stack: bool) -> str:
    return str(rules().resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url)


def create_configuration(region: str, fips: bool, dual_stack: bool, name: str) -> tuple[str, str]:
    """The host that boto3 has asked, and the ARN of the distribution configuration that it has created there."""
    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack)
    try:
        client: Any = boto3.client("imagebuilder", region_name=region, config=config)
    except EndpointVariantError:
        # botocore asks its older list of endpoints first, which lacks what its rules have for a few isolated Regions.
        client = boto3.client("imagebuilder", region_name=region, endpoint_url=url_of(region, fips, dual_stack))
    asked: list[str] = []
    client.meta.events.register("before-send.imagebuilder", lambda request, **_: asked.append(request.url))
    distributions = [{"region": region, "amiDistributionConfiguration": {"description": "golden"}}]
    created = client.create_distribution_configuration(name=name, distributions=distributions)
    (url,) = asked
    return f"https://{urlsplit(url).hostname}", created["distributionConfigurationArn"]


@pytest.mark.parametrize("region", all_regions())
class TestEveryRegion:
    @pytest.mark.parametrize(("fips", "dual_stack"), VARIANTS, ids=VARIANT_NAMES)
    def test_a_host_of_the_rules_is_ours(self, region: str, fips: bool, dual_stack: bool) -> None:
        url = url_of(region, fips, dual_stack)
        for spelled in (url, f"{url}/", f"{url}:443/GetImage", f"{url}/GetImage?x=1", url.replace("https", "http")):
            assert moto_seam.HOST.match(spelled), spelled
            assert region_of_url(spelled) == region

    @pytest.mark.parametrize("door", DOORS)
    def test_boto3_is_answered_in_process(self, region: str, door: str) -> None:
        partition = botocore.session.get_session().get_partition_for_region(region)
        with mock_imagebuilder(config=config_of(door)):
            for number, (fips, dual_stack) in enumerate(VARIANTS):
                host, arn = create_configuration(region, fips, dual_stack, f"variant {number}")
                assert host == url_of(region, fips, dual_stack)
                assert arn == (
                    f"arn:{partition}:imagebuilder:{region}:{ACCOUNT}:distribution-configuration/variant-{number}"
                )


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("us-east-9", "aws"),
        ("cn-north-9", "aws-cn"),
        ("us-gov-north-1", "aws-us-gov"),
        ("us-iso-south-9", "aws-iso"),
        ("us-isob-south-9", "aws-iso-b"),
        ("eu-isoe-north-9", "aws-iso-e"),
        ("us-isof-north-9", "aws-iso-f"),
        ("eusc-de-west-9", "aws-eusc"),
        ("mars-north-1", "aws"),
        ("", "aws"),
    ],
)
def test_a_region_has_a_partition_whether_it_exists_or_not(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_all_partitions_of_botocore_are_there() -> None:
    session = botocore.session.get_session()
    assert {session.get_partition_for_region(region) for region in all_regions()} == set(
        session.get_available_partitions()
    )


NOT_OURS = [
    "https://imagebuilder.us-east-1.example.com",
    "https://notimagebuilder.us-east-1.amazonaws.com",
    "https://imagebuilder.us-east-1.amazonaws.com.evil.com",
    "https://imagebuilder.us-east-1.amazonaws.community",
    "https://imagebuilder.us-east-1.amazonaws.comx/",
    "https://imagebuilder.us-east-1.amazonaws.com@evil.com/",
    "https://imagebuilder.us-east-1.amazonaws.com:443@evil.com/",
    "https://imagebuilder.us-east-1.amazonaws.com:x/",
    "https://user@imagebuilder.us-east-1.amazonaws.com/",
    "https://x.imagebuilder.us-east-1.amazonaws.com",
    "https://imagebuilder.us-east-1.x.amazonaws.com",
    "https://imagebuilder.amazonaws.com",
    "https://imagebuilder-fips.amazonaws.com",
    "https://imagebuilder-dev.us-east-1.amazonaws.com",
    "https://imagebuilder.us-east-1",
    "https://imagebuilder.us-east-1.amazonaws-com",
    "https://imagebuilderXus-east-1.amazonaws.com",
    "https://example.com/imagebuilder.us-east-1.amazonaws.com/",
    "https://example.com/?https://imagebuilder.us-east-1.amazonaws.com/",
    "ftp://imagebuilder.us-east-1.amazonaws.com/",
    "https://ec2.us-east-1.amazonaws.com",
    "",
]


@pytest.mark.parametrize("url", NOT_OURS)
def test_a_host_that_is_not_ours(url: str) -> None:
    assert not moto_seam.HOST.match(url)
    request = requests.Request("GET", "https://example.com/").prepare()
    request.url = url
    assert moto_seam.short_way(request) is None


@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("host", ["http://{}", "https://{}:443", "https://{}:8443", "http://{}:80"])
def test_other_ports_and_plain_http_are_answered_as_well(way: str, host: str) -> None:
    with opened(way):
        url = host.format("imagebuilder.us-east-1.amazonaws.com")
        response = requests.post(f"{url}/ListDistributionConfigurations", data="{}", timeout=5)
        assert response.status_code == 200
        assert response.json()["distributionConfigurationSummaryList"] == []


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eu-isoe-west-1"])
def test_neighbours_of_the_whole_partition_are_found(mocked: Control, region: str) -> None:
    iam: Any = boto3.client("iam", region_name=region, endpoint_url="https://iam.amazonaws.com")
    iam.create_instance_profile(InstanceProfileName="profile")
    client: Any = boto3.client("imagebuilder", region_name=region)
    created = client.create_infrastructure_configuration(name="small", instanceProfileName="profile")
    assert created["infrastructureConfigurationArn"].endswith(f":{region}:{ACCOUNT}:infrastructure-configuration/small")
