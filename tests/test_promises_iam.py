"""With moto's IAM enforcement on, only signed requests of users and roles with the right policies are performed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import settings
from moto.core import set_initial_no_auth_action_count
from moto.core.authorization import ActionAuthenticatorMixin

from mock_imagebuilder import mock_imagebuilder

from .conftest import ACCOUNT, REGION
from .errors import refused
from .refusals import not_found
from .taggable_resources import create_distribution_configuration

OTHER_ACCOUNT = "210987654321"
BASE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}"
USER = f"arn:aws:iam::{ACCOUNT}:user/builder"
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


def policy(action: str | list[str], resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def user(*statements: dict[str, Any]) -> dict[str, str]:
    """The credentials of a new user with these statements as its policy."""
    iam = boto3.client("iam", region_name=REGION)
    iam.create_user(UserName="builder")
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName="builder", PolicyName="policy", PolicyDocument=document)
    key = iam.create_access_key(UserName="builder")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def role(*statements: dict[str, Any]) -> dict[str, str]:
    """The credentials of a session of a new role."""
    iam = boto3.client("iam", region_name=REGION)
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName="Builder", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName="Builder", PolicyName="policy", PolicyDocument=document)
    keys = boto3.client("sts", region_name=REGION).assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def imagebuilder(credentials: dict[str, str]) -> Any:
    return boto3.client("imagebuilder", region_name=REGION, **credentials)


def denied(action: str, resource: str, who: str = USER) -> Any:
    return refused(
        "AccessDeniedException",
        403,
        f"User: {who} is not authorized to perform: imagebuilder:{action} on resource: {resource}",
    )


# ---- policies ----


def test_without_a_policy_nothing_is_allowed_and_nothing_happens(enforce: Any) -> None:
    administrator = boto3.client("imagebuilder", region_name=REGION)
    arn = create_distribution_configuration(administrator)
    client = imagebuilder(user())
    enforce()
    with denied("ListDistributionConfigurations", f"{BASE}:distribution-configuration/*"):
        client.list_distribution_configurations()
    with denied("DeleteDistributionConfiguration", arn):
        client.delete_distribution_configuration(distributionConfigurationArn=arn)
    with denied("TagResource", arn):
        client.tag_resource(resourceArn=arn, tags={"a": "b"})


def test_a_refused_request_changes_nothing(enforce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = imagebuilder(user())
    enforce()
    with denied("CreateDistributionConfiguration", f"{BASE}:distribution-configuration/web"):
        create_distribution_configuration(client)
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
    assert client.list_distribution_configurations()["distributionConfigurationSummaryList"] == []


@pytest.mark.parametrize("action", ["imagebuilder:*", "*", ["s3:*", "imagebuilder:*"]], ids=str)
def test_with_a_policy_for_all_actions(enforce: Any, action: Any) -> None:
    client = imagebuilder(user(policy(action)))
    enforce()
    # Bodies, query strings and encoded paths are signed in different ways.
    arn = create_distribution_configuration(client)
    client.tag_resource(resourceArn=arn, tags={"Team": "a", "Cost Center": "é"})
    client.untag_resource(resourceArn=arn, tagKeys=["Team", "not there"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Cost Center": "é"}
    assert client.get_distribution_configuration(distributionConfigurationArn=arn)
    assert len(client.list_distribution_configurations()["distributionConfigurationSummaryList"]) == 1
    client.delete_distribution_configuration(distributionConfigurationArn=arn)
    with not_found("DistributionConfiguration", arn):
        client.get_distribution_configuration(distributionConfigurationArn=arn)


def test_with_a_policy_for_one_action(enforce: Any) -> None:
    client = imagebuilder(user(policy("imagebuilder:CreateDistributionConfiguration")))
    enforce()
    arn = create_distribution_configuration(client)
    with denied("GetDistributionConfiguration", arn):
        client.get_distribution_configuration(distributionConfigurationArn=arn)


def test_a_denial_goes_before_a_permission(enforce: Any) -> None:
    credentials = user(policy("imagebuilder:*"), policy("imagebuilder:Delete*", effect="Deny"))
    client = imagebuilder(credentials)
    enforce()
    arn = create_distribution_configuration(client)
    with denied("DeleteDistributionConfiguration", arn):
        client.delete_distribution_configuration(distributionConfigurationArn=arn)
    assert client.get_distribution_configuration(distributionConfigurationArn=arn)


def test_a_policy_for_some_resources(enforce: Any) -> None:
    allowed = f"{BASE}:distribution-configuration/team-a-*"
    client = imagebuilder(user(policy("imagebuilder:*", allowed)))
    enforce()
    mine = create_distribution_configuration(client, "Team A web")
    assert client.list_tags_for_resource(resourceArn=mine)["tags"] == {}
    with denied("CreateDistributionConfiguration", f"{BASE}:distribution-configuration/team-b-web"):
        create_distribution_configuration(client, "Team B web")
    with denied("ListImages", f"{BASE}:image/*"):
        client.list_images()


def test_the_session_of_a_role(enforce: Any) -> None:
    client = imagebuilder(role(policy("imagebuilder:List*")))
    enforce()
    assert client.list_images()["imageVersionList"] == []
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Builder/session"
    with denied("CreateDistributionConfiguration", f"{BASE}:distribution-configuration/web", session):
        create_distribution_configuration(client)


def test_motos_own_switch() -> None:
    client = imagebuilder(user())

    @set_initial_no_auth_action_count(1)
    def story() -> None:
        client.list_images()
        with denied("ListImages", f"{BASE}:image/*"):
            client.list_images()

    story()
    client.list_images()


def test_the_first_requests_can_be_free(monkeypatch: pytest.MonkeyPatch) -> None:
    client = imagebuilder(user())
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 2)
    client.list_images()
    client.list_images()
    with denied("ListImages", f"{BASE}:image/*"):
        client.list_images()


# ---- which resource a permission is asked for ----

VERSIONED = {"name": "Web Server", "semanticVersion": "1.2.3"}
SETTINGS = {
    "imageRecipeArn": f"{BASE}:image-recipe/golden/1.0.0",
    "infrastructureConfigurationArn": f"{BASE}:infrastructure-configuration/web",
}


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("list_components", {}, "component/*"),
        ("list_image_pipelines", {}, "image-pipeline/*"),
        ("list_component_build_versions", {}, "component/*"),
        (
            "list_component_build_versions",
            {"componentVersionArn": f"{BASE}:component/web/1.0.0"},
            "component/web/1.0.0",
        ),
        ("get_component", {"componentBuildVersionArn": f"{BASE}:component/web/x.x.x"}, "component/web/x.x.x"),
        ("get_workflow_execution", {"workflowExecutionId": "wf-" + "0" * 36}, "workflow-execution/wf-" + "0" * 36),
        ("create_component", {**VERSIONED, "platform": "Linux", "data": "x"}, "component/web-server/1.2.3"),
        ("create_image", SETTINGS, "image/golden/1.0.0"),
        ("create_image_pipeline", {**SETTINGS, "name": "Nightly"}, "image-pipeline/nightly"),
        ("update_image_pipeline", {**SETTINGS, "imagePipelineArn": f"{BASE}:image-pipeline/n"}, "image-pipeline/n"),
        (
            "import_vm_image",
            {**VERSIONED, "platform": "Linux", "vmImportTaskId": "import-ami-0123456789abcdef0"},
            "image/web-server/1.2.3",
        ),
        ("list_image_packages", {"imageBuildVersionArn": f"{BASE}:image/web/1.0.0/1"}, "image/web/1.0.0/1"),
        ("list_waiting_workflow_steps", {}, None),
    ],
)
def test_resources(enforce: Any, operation: str, parameters: dict[str, Any], resource: str | None) -> None:
    client = imagebuilder(user())
    action = "".join(word.title() for word in operation.split("_"))
    enforce()
    with denied(action, "*" if resource is None else f"{BASE}:{resource}"):
        getattr(client, operation)(**parameters)


def test_what_others_publish(enforce: Any) -> None:
    client = imagebuilder(user())
    arn = f"arn:aws:imagebuilder:{REGION}:aws:image/amazon-linux-2023-x86/x.x.x"
    enforce()
    with denied("GetImage", arn):
        client.get_image(imageBuildVersionArn=arn)


def test_a_permission_comes_before_all_checks(enforce: Any) -> None:
    client = imagebuilder(user())
    enforce()
    with denied("CreateDistributionConfiguration", f"{BASE}:distribution-configuration/web"):
        client.create_distribution_configuration(name="web", distributions=[{"region": "no-region"}])


# ---- who it is ----


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


def test_users_of_another_account(enforce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other_account:
        other_account.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        client = imagebuilder(user(policy("imagebuilder:Create*")))
    enforce()
    assert create_distribution_configuration(client).split(":")[4] == OTHER_ACCOUNT
    resource = f"arn:aws:imagebuilder:{REGION}:{OTHER_ACCOUNT}:image/*"
    with denied("ListImages", resource, f"arn:aws:iam::{OTHER_ACCOUNT}:user/builder"):
        client.list_images()
