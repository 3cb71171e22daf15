"""What ``mock_aws`` promises holds for Image Builder too, through both ways that a request can take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
import responses
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from moto import mock_aws
from moto.core.exceptions import ServiceNotWhitelisted
from moto.core.models import override_responses_real_send

from mock_imagebuilder import Control, mock_imagebuilder

from .conftest import ACCOUNT, REGION
from .doors import DOORS, config_of
from .errors import refused
from .refusals import not_found
from .taggable_resources import create_distribution_configuration

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig

OTHER_ACCOUNT = "210987654321"
MOTO_API = "http://motoapi.amazonaws.com/moto-api"
URL = f"https://imagebuilder.{REGION}.amazonaws.com"


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[str]:
    """The mock, entered by each door in turn."""
    with mock_imagebuilder(config=config_of(request.param)):
        yield request.param


def imagebuilder(region: str = REGION, **credentials: str) -> Any:
    return boto3.client("imagebuilder", region_name=region, **credentials)


def names(client: Any) -> list[str]:
    """The names of the distribution configurations that there are."""
    listed = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    return [entry["name"] for entry in listed]


def account_of(client: Any) -> str:
    """The account that a request of this client works in, as an ARN tells."""
    arn = create_distribution_configuration(client)
    client.delete_distribution_configuration(distributionConfigurationArn=arn)
    return arn.split(":")[4]


def put_header(client: Any, name: str, value: str) -> None:
    def put(request: Any, **_: Any) -> None:
        request.headers[name] = value

    client.meta.events.register("before-sign.imagebuilder", put)


# ---- accounts and Regions ----


@pytest.mark.usefixtures("door")
class TestAccounts:
    def test_the_default(self) -> None:
        assert account_of(imagebuilder()) == ACCOUNT

    def test_by_header(self) -> None:
        client = imagebuilder()
        put_header(client, "x-moto-account-id", OTHER_ACCOUNT)
        assert account_of(client) == OTHER_ACCOUNT

    def test_by_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        assert account_of(imagebuilder()) == OTHER_ACCOUNT

    def test_by_assumed_role(self) -> None:
        sts = boto3.client("sts", region_name=REGION)
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/Builder", RoleSessionName="session")
        assumed = imagebuilder(**as_credentials(keys["Credentials"]))
        assert account_of(assumed) == OTHER_ACCOUNT
        create_distribution_configuration(assumed)
        assert names(imagebuilder()) == []
        assert names(assumed) == ["web"]

    def test_an_assumed_role_was_used(self) -> None:
        iam = boto3.client("iam", region_name=REGION)
        role = iam.create_role(RoleName="Builder", AssumeRolePolicyDocument="{}")["Role"]
        sts = boto3.client("sts", region_name=REGION)
        keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
        assert "LastUsedDate" not in iam.get_role(RoleName="Builder")["Role"]["RoleLastUsed"]
        names(imagebuilder(**as_credentials(keys)))
        assert "LastUsedDate" in iam.get_role(RoleName="Builder")["Role"]["RoleLastUsed"]

    def test_by_the_access_key_of_a_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as other_account:
            other_account.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
            key = access_key_of_new_user()
        assert account_of(imagebuilder(**key)) == OTHER_ACCOUNT
        assert account_of(imagebuilder()) == ACCOUNT

    def test_the_last_use_of_an_access_key(self) -> None:
        key = access_key_of_new_user()
        iam = boto3.client("iam", region_name=REGION)
        names(imagebuilder("eu-west-1", **key))
        used = iam.get_access_key_last_used(AccessKeyId=key["aws_access_key_id"])["AccessKeyLastUsed"]
        assert (used["ServiceName"], used["Region"]) == ("imagebuilder", "eu-west-1")

    def test_environment_goes_before_header_before_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client = imagebuilder(**access_key_of_new_user())
        put_header(client, "x-moto-account-id", OTHER_ACCOUNT)
        assert account_of(client) == OTHER_ACCOUNT
        monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
        assert account_of(client) == "111122223333"

    def test_accounts_and_regions_are_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here, elsewhere = imagebuilder(), imagebuilder("eu-west-1")
        arn = create_distribution_configuration(here)
        assert names(elsewhere) == []
        with not_found("DistributionConfiguration", arn):
            elsewhere.get_distribution_configuration(distributionConfigurationArn=arn)
        # The same name is free elsewhere.
        assert create_distribution_configuration(elsewhere) == arn.replace(REGION, "eu-west-1")
        monkeypatch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        assert names(here) == []
        with not_found("DistributionConfiguration", arn):
            here.delete_distribution_configuration(distributionConfigurationArn=arn)


def as_credentials(keys: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def access_key_of_new_user() -> dict[str, str]:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_user(UserName="builder")
    key = iam.create_access_key(UserName="builder")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@pytest.mark.usefixtures("door")
class TestRegions:
    @pytest.mark.parametrize(
        ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("ap-south-2", "aws")]
    )
    def test_every_partition(self, region: str, partition: str) -> None:
        arn = create_distribution_configuration(imagebuilder(region))
        assert arn == f"arn:{partition}:imagebuilder:{region}:{ACCOUNT}:distribution-configuration/web"

    def test_a_region_that_does_not_exist(self) -> None:
        message = "The Region 'mars-north-1' does not exist. MOTO_ALLOW_NONEXISTENT_REGION=true allows any name."
        with refused("InvalidRequestException", 400, message):
            names(imagebuilder("mars-north-1"))

    def test_any_region_on_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
        client = imagebuilder("mars-north-1")
        assert "mars-north-1" in create_distribution_configuration(client)
        assert names(client) == ["web"]
        assert names(imagebuilder()) == []


# ---- resets ----


class TestReset:
    def test_over_motos_api(self, door: str) -> None:
        create_distribution_configuration(imagebuilder())
        assert requests.post(f"{MOTO_API}/reset", timeout=5).json() == {"status": "ok"}
        assert names(imagebuilder()) == []

    def test_of_the_mock(self) -> None:
        mock = mock_aws()
        with mock:
            create_distribution_configuration(imagebuilder())
            create_distribution_configuration(imagebuilder("eu-west-1"))
            mock.reset()
            assert names(imagebuilder()) == names(imagebuilder("eu-west-1")) == []

    def test_builds_in_progress_and_steering_are_forgotten(self, mocked: Control) -> None:
        mocked.progress("manual")
        mocked.fail_next_build("PENDING")
        mocked.fail_operation("ListImages", error="TooManyRequestsException", times=None)
        requests.post(f"{MOTO_API}/reset", timeout=5)
        arn = mocked.make_image()
        image = imagebuilder().get_image(imageBuildVersionArn=arn)["image"]
        assert image["state"] == {"status": "AVAILABLE"}
        assert len(imagebuilder().list_images()["imageVersionList"]) == 1


# ---- switches of the configuration ----


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs of requests that leave the mock; nothing leaves the process."""
    urls: list[str] = []

    def send(_session: Any, request: Any) -> AWSResponse:
        urls.append(request.url)
        raw: Any = _Body(b"{}")
        return AWSResponse(request.url, 200, {}, raw)

    monkeypatch.setattr(URLLib3Session, "send", send)
    return urls


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class TestPassthrough:
    @pytest.mark.parametrize(
        "passthrough",
        [
            {"services": ["imagebuilder"], "urls": []},
            {"services": [], "urls": [r"https://imagebuilder\.us-east-1\.amazonaws\.com"]},
        ],
        ids=["service", "url"],
    )
    def test_of_boto3_and_requests(self, passthrough: Any, sent: list[str]) -> None:
        with mock_imagebuilder(config={"core": {"passthrough": passthrough}}):
            imagebuilder().list_images()
            with responses.RequestsMock() as real:
                real.add(responses.POST, f"{URL}/ListImages", json={"from": "the real one"})
                override_responses_real_send(real)
                try:
                    answer = requests.post(f"{URL}/ListImages", timeout=5)
                finally:
                    override_responses_real_send(None)
        assert answer.json() == {"from": "the real one"}
        assert sent == [f"{URL}/ListImages"]

    @pytest.mark.parametrize(
        "passthrough",
        [
            {"services": ["s3"], "urls": []},
            {"services": [], "urls": [r"https://imagebuilder\.eu-west-1\.amazonaws\.com"]},
        ],
        ids=["service", "url"],
    )
    def test_of_others(self, passthrough: Any, sent: list[str]) -> None:
        with mock_imagebuilder(config={"core": {"passthrough": passthrough}}):
            create_distribution_configuration(imagebuilder())
            assert names(imagebuilder()) == ["web"]
        assert sent == []


class TestServiceWhitelist:
    def test_without_the_service(self) -> None:
        whitelist: DefaultConfig = {"core": {"service_whitelist": ["s3"]}}
        with mock_imagebuilder(config=whitelist), pytest.raises(ServiceNotWhitelisted, match="imagebuilder"):
            imagebuilder().list_images()

    def test_with_the_service(self) -> None:
        with mock_imagebuilder(config={"core": {"service_whitelist": ["imagebuilder"]}}):
            assert names(imagebuilder()) == []
            with pytest.raises(ServiceNotWhitelisted):
                boto3.client("s3", region_name=REGION).list_buckets()


class TestSessions:
    def test_the_default_session_is_kept_on_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        with mock_imagebuilder():
            boto3.setup_default_session(region_name="eu-west-1")
        assert boto3.DEFAULT_SESSION is None
        boto3.setup_default_session(region_name="eu-west-1")
        kept = boto3.DEFAULT_SESSION
        with mock_imagebuilder(config={"core": {"reset_boto3_session": False}}):
            assert boto3.DEFAULT_SESSION is kept
            assert create_distribution_configuration(boto3.client("imagebuilder")).split(":")[3] == "eu-west-1"
        assert boto3.DEFAULT_SESSION is kept

    def test_credentials_are_replaced_unless_told_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMYOWNKEY")
        with mock_imagebuilder():
            assert os.environ["AWS_ACCESS_KEY_ID"] != "AKIAMYOWNKEY"
            assert names(imagebuilder()) == []
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
        with mock_imagebuilder(config={"core": {"mock_credentials": False}}):
            assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAMYOWNKEY"
            assert names(imagebuilder()) == []

    def test_a_client_goes_to_the_real_service_after_the_mock(self, sent: list[str]) -> None:
        with mock_imagebuilder():
            client = imagebuilder(aws_access_key_id="a", aws_secret_access_key="b")
            client.list_images()
            assert sent == []
        client.list_images()
        assert sent == [f"{URL}/ListImages"]
