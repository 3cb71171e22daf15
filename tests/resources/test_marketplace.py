"""What AWS Marketplace keeps of components."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from freezegun import freeze_time

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import client_of
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from .components import component_document, create_component

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

    from mock_imagebuilder import Control

ARN = f"arn:aws:imagebuilder:{REGION}:aws-marketplace:component/"
FALCON = f"{ARN}crowdstrike-falcon-install-linux-prod-nhzsem4gwwfja/1.2.2/1"
ACME = f"{ARN}acme-agent/1.1.0/1"
DOCUMENT = component_document("install acme")
LOCATION = "s3://acme-artifacts/agents/acme agent+1.rpm"
NOT_MARKETPLACE = "The resource must be a version of an AWS Marketplace component."
LOCATION_RULE = "You must specify the resource location of a COMPONENT_ARTIFACT, and of nothing else."


@pytest.fixture
def acme(mocked: Control) -> str:
    """The ARN of a product with a document, of which there is an older version."""
    versions = tuple(ManagedVersion(version, "2026-01-01T00:00:00.000Z") for version in ("1.0.0", "1.1.0"))
    entry = ManagedComponent(
        "acme-agent", "acme-agent", "Linux", "BUILD", versions, "AWSMarketplace", obfuscate=True, data=DOCUMENT
    )
    imagebuilder_backends.extra_catalogue.append(entry)
    return ACME


@pytest.fixture
def artifact(mocked: Control) -> bytes:
    """The object at the location of the artifact, in the seller's account."""
    s3 = client_of("s3", "999988887777", "eu-west-1")
    s3.create_bucket(Bucket="acme-artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="acme-artifacts", Key="agents/acme agent+1.rpm", Body=b"the agent")
    return b"the agent"


def ask(client: Any, arn: str, type_: str = "COMPONENT_DATA", **members: Any) -> Any:
    answer = client.get_marketplace_resource(resourceType=type_, resourceArn=arn, **members)
    del answer["ResponseMetadata"]
    return answer


def ask_for_artifact(client: Any, arn: str, location: str = LOCATION) -> Any:
    return ask(client, arn, "COMPONENT_ARTIFACT", resourceLocation=location)


class TestData:
    def test_the_document_is_there_obfuscated(self, client: ImagebuilderClient, acme: str) -> None:
        answer = ask(client, acme)
        assert answer == {"resourceArn": acme, "data": base64.b64encode(DOCUMENT.encode()).decode()}
        assert "data" not in client.get_component(componentBuildVersionArn=acme)["component"]

    @pytest.mark.parametrize("version", ["1.1.0", "x.x.x", "1.x.x"])
    def test_a_version_is_its_newest_build(self, client: ImagebuilderClient, acme: str, version: str) -> None:
        assert ask(client, f"{ARN}acme-agent/{version}")["resourceArn"] == acme

    def test_a_document_that_everybody_may_read(self, client: ImagebuilderClient) -> None:
        version = ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z")
        entry = ManagedComponent("open-agent", "open-agent", "Linux", "BUILD", (version,), "AWSMarketplace")
        imagebuilder_backends.extra_catalogue.append(entry)
        arn = f"{ARN}open-agent/1.0.0/1"
        data = client.get_component(componentBuildVersionArn=arn)["component"]["data"]
        assert base64.b64decode(ask(client, arn)["data"]).decode() == data

    def test_a_document_that_nobody_knows(self, client: ImagebuilderClient) -> None:
        sentence = (
            f"The document of '{FALCON}' is not public, so this mock does not have it. "
            "An entry with data of one's own in the catalogue takes its place."
        )
        with refused("InvalidRequestException", 400, sentence):
            ask(client, FALCON)


class TestArtifact:
    def test_its_url(self, client: ImagebuilderClient, artifact: bytes) -> None:
        with freeze_time("2026-01-02T03:04:05Z"):
            answer = ask_for_artifact(client, FALCON)
        assert answer.keys() == {"resourceArn", "url"}
        assert answer["resourceArn"] == FALCON
        url = urlsplit(answer["url"])
        assert url.scheme == "https"
        assert (url.netloc, url.path) == ("acme-artifacts.s3.eu-west-1.amazonaws.com", "/agents/acme%20agent%2B1.rpm")
        query = {name: value for name, (value,) in parse_qs(url.query).items()}
        assert query.pop("X-Amz-Credential").endswith("/20260102/eu-west-1/s3/aws4_request")
        assert len(query.pop("X-Amz-Signature")) == 64
        assert query == {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": "20260102T030405Z",
            "X-Amz-Expires": "3600",
            "X-Amz-SignedHeaders": "host",
        }

    def test_it_can_be_downloaded(self, client: ImagebuilderClient, artifact: bytes) -> None:
        url = ask_for_artifact(client, FALCON)["url"]
        assert requests.get(url, timeout=10).content == artifact

    def test_in_china(self, mocked: Control) -> None:
        s3 = boto3.client("s3", region_name="cn-north-1")
        s3.create_bucket(Bucket="acme-artifacts-cn", CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
        s3.put_object(Bucket="acme-artifacts-cn", Key="agent", Body=b"the agent")
        client = boto3.client("imagebuilder", region_name="cn-north-1")
        arn = FALCON.replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")
        url = ask_for_artifact(client, arn, "s3://acme-artifacts-cn/agent")["url"]
        assert url.startswith("https://acme-artifacts-cn.s3.cn-north-1.amazonaws.com.cn/agent?")

    def test_it_has_to_be_there(self, client: ImagebuilderClient, artifact: bytes) -> None:
        missing = "s3://acme-artifacts/agents/other.rpm"
        with invalid(
            "resourceLocation", f"The object at '{missing}' cannot be read: The specified key does not exist."
        ):
            ask_for_artifact(client, FALCON, missing)

    def test_its_bucket_has_to_be_there(self, client: ImagebuilderClient) -> None:
        sentence = f"The object at '{LOCATION}' cannot be read: The specified bucket does not exist."
        with invalid("resourceLocation", sentence):
            ask_for_artifact(client, FALCON)


class TestRefused:
    def test_an_artifact_without_location(self, client: ImagebuilderClient) -> None:
        with clashing("resourceLocation", LOCATION_RULE):
            ask(client, FALCON, "COMPONENT_ARTIFACT")

    def test_data_with_a_location(self, client: ImagebuilderClient, acme: str) -> None:
        with clashing("resourceLocation", LOCATION_RULE):
            ask(client, acme, resourceLocation=LOCATION)

    @pytest.mark.parametrize(
        "arn",
        [
            f"arn:aws:imagebuilder:{REGION}:aws:component/update-linux/1.0.2/1",
            f"arn:aws:imagebuilder:{REGION}:third-party:component/cis-benchmark-level-1-amazon-linux/1.0.0/1",
            f"arn:aws:imagebuilder:{REGION}:aws-marketplace:image/acme/1.0.0/1",
            f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-pipeline/nightly",
            f"{ARN}acme-agent",
        ],
    )
    def test_what_is_no_component_of_the_marketplace(self, client: ImagebuilderClient, acme: str, arn: str) -> None:
        with invalid("resourceArn", NOT_MARKETPLACE):
            ask(client, arn)

    def test_an_own_component(self, client: ImagebuilderClient) -> None:
        with invalid("resourceArn", NOT_MARKETPLACE):
            ask(client, create_component(client))

    @pytest.mark.parametrize("path", ["acme-agent/1.0.1/1", "acme-agent/1.1.0/2", "acme-agent/2.x.x", "other/1.0.0/1"])
    def test_what_is_not_in_the_catalogue(self, client: ImagebuilderClient, acme: str, path: str) -> None:
        with not_found("Component", ARN + path):
            ask(client, ARN + path)

    def test_what_is_in_the_catalogue_of_another_region(self, client: ImagebuilderClient, acme: str) -> None:
        elsewhere = acme.replace(REGION, "eu-west-1")
        with not_found("Component", elsewhere):
            ask(client, elsewhere)

    def test_a_number_right_of_a_wildcard(self, client: ImagebuilderClient, acme: str) -> None:
        with invalid("resourceArn", WILDCARD_NOT_LAST):
            ask(client, f"{ARN}acme-agent/1.x.0")
