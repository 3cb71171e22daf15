"""With moto's IAM enforcement on, only requests with a right signature of a known key are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin

from mock_imagebuilder import mock_imagebuilder

from .conftest import REGION
from .errors import refused
from .iam_users import BASE, imagebuilder, policy, role, user

URL = f"https://imagebuilder.{REGION}.amazonaws.com"


@pytest.fixture(autouse=True)
def mock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    with mock_imagebuilder():
        yield


@pytest.fixture
def enforce(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switches IAM enforcement on, as ``moto.core.set_initial_no_auth_action_count(0)`` does for a whole function."""
    return lambda: monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)


def test_an_unknown_access_key(enforce: Any) -> None:
    client = imagebuilder({"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"})
    enforce()
    with refused("UnrecognizedClientException", 403, "The security token included in the request is invalid."):
        client.list_images()


def test_a_wrong_session_token(enforce: Any) -> None:
    client = imagebuilder({**role(policy("*")), "aws_session_token": "another"})
    enforce()
    with refused("UnrecognizedClientException", 403, "The security token included in the request is invalid."):
        client.list_images()


def test_a_wrong_secret(enforce: Any) -> None:
    client = imagebuilder({**user(policy("*")), "aws_secret_access_key": "wrong"})
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )
    enforce()
    with refused("InvalidSignatureException", 403, message):
        client.list_images()
    with refused("InvalidSignatureException", 403, message):
        client.list_tags_for_resource(resourceArn=f"{BASE}:image-pipeline/web")


def signed(credentials: dict[str, str], method: str, path: str, service: str = "imagebuilder") -> dict[str, str]:
    """The headers of a request without body, signed by hand."""
    request = AWSRequest(method=method, url=URL + path)
    keys = Credentials(credentials["aws_access_key_id"], credentials["aws_secret_access_key"])
    SigV4Auth(keys, service, REGION).add_auth(request)
    return dict(request.headers)


def send(path: str, headers: dict[str, str]) -> tuple[int, str | None, str]:
    """Status, error code and message of the answer to a raw request."""
    answer = requests.get(URL + path, headers=headers, timeout=5)
    assert answer.headers["x-amzn-requestid"]
    return answer.status_code, answer.headers.get("x-amzn-errortype"), answer.json().get("message", "")


def test_signed_by_hand(enforce: Any) -> None:
    credentials = user(policy("*"))
    path = f"/GetImagePipeline?imagePipelineArn={BASE}:image-pipeline/web"
    headers = signed(credentials, "GET", path)
    enforce()
    sentence = f"The following required resource 'ImagePipeline' cannot be found: '{BASE}:image-pipeline/web'."
    assert send(path, headers) == (404, "ResourceNotFoundException", sentence)
    lower_case = {name.lower(): value for name, value in headers.items()}
    assert send(path, lower_case) == (404, "ResourceNotFoundException", sentence)


def test_an_unsigned_request(enforce: Any) -> None:
    enforce()
    for path in ("/GetImage", "/tags/x"):
        assert send(path, {}) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def test_an_unknown_path(enforce: Any) -> None:
    headers = signed(user(policy("*")), "GET", "/NoOperation")
    enforce()
    sentence = "No operation of EC2 Image Builder answers GET /NoOperation."
    assert send("/NoOperation", headers) == (400, "InvalidRequestException", sentence)


def test_signed_for_another_service(enforce: Any) -> None:
    headers = signed(user(policy("*")), "GET", "/GetImage", service="ec2")
    enforce()
    sentence = "Credential should be scoped to correct service: 'imagebuilder'. "
    assert send("/GetImage", headers) == (403, "InvalidSignatureException", sentence)


DATE = {"X-Amz-Date": "20260101T000000Z"}
SCOPE = f"AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/imagebuilder/aws4_request"
NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."


@pytest.mark.parametrize(
    ("authorization", "headers", "complaints"),
    [
        (
            "AWS4-HMAC-SHA256",
            DATE,
            [
                "Authorization header requires 'Credential' parameter.",
                "Authorization header requires 'Signature' parameter.",
                "Authorization header requires 'SignedHeaders' parameter.",
                NO_DATE,
            ],
        ),
        (
            f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date",
            DATE,
            ["Authorization header requires 'Signature' parameter."],
        ),
        (f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature=00", {}, [NO_DATE]),
        (f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00", DATE, [NO_DATE]),
    ],
    ids=["nothing", "no signature", "no date", "date not signed"],
)
def test_a_signature_with_missing_parts(
    enforce: Any, authorization: str, headers: dict[str, str], complaints: list[str]
) -> None:
    enforce()
    sentence = f"{' '.join(complaints)} Authorization={authorization}"
    answer = send("/GetImage", {"Authorization": authorization, **headers})
    assert answer == (403, "IncompleteSignatureException", sentence)


def test_a_credential_scope_with_missing_parts(enforce: Any) -> None:
    enforce()
    header = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE, SignedHeaders=host;x-amz-date, Signature=00"
    sentence = (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        "got 'AKIAIOSFODNN7EXAMPLE'"
    )
    assert send("/GetImage", {"Authorization": header, **DATE}) == (403, "IncompleteSignatureException", sentence)


def test_without_enforcement_nobody_has_to_sign() -> None:
    status, code, _ = send(f"/GetImagePipeline?imagePipelineArn={BASE}:image-pipeline/web", {})
    assert (status, code) == (404, "ResourceNotFoundException")
