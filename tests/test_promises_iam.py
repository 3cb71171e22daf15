"""With moto's IAM enforcement on, users and roles may do what their policies allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import moto.core.request
import pytest
from moto import settings
from moto.core import set_initial_no_auth_action_count
from moto.core.authorization import ActionAuthenticatorMixin

from mock_imagebuilder import mock_imagebuilder

from .conftest import ACCOUNT, REGION
from .iam_users import BASE, denied, imagebuilder, policy, role, user
from .refusals import not_found
from .taggable_resources import create_distribution_configuration

OTHER_ACCOUNT = "210987654321"


@pytest.fixture(autouse=True)
def mock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    with mock_imagebuilder():
        yield


@pytest.fixture
def enforce(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switches IAM enforcement on, as ``moto.core.set_initial_no_auth_action_count(0)`` does for a whole function."""
    return lambda: monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)


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


@pytest.mark.skipif(
    not hasattr(moto.core.request.Request, "raw_url"),
    reason="the server of this moto decodes URLs, of whose signatures IAM can make nothing then",
)
def test_over_the_server(enforce: Any) -> None:
    from moto.server import ThreadedMotoServer

    credentials = user(policy(["imagebuilder:Create*", "imagebuilder:Get*"]))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        client = boto3.client("imagebuilder", region_name=REGION, endpoint_url=address, **credentials)
        enforce()
        arn = create_distribution_configuration(client)
        assert client.get_distribution_configuration(distributionConfigurationArn=arn)
        with denied("ListImages", f"{BASE}:image/*"):
            client.list_images()
        with denied("TagResource", arn):
            client.tag_resource(resourceArn=arn, tags={"a": "b"})
    finally:
        server.stop()


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
        ("create_workflow", {**VERSIONED, "type": "TEST", "data": "x"}, "workflow/test/web-server/1.2.3"),
        ("list_workflows", {}, "workflow/*"),
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


def test_users_of_another_account(enforce: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other_account:
        other_account.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        client = imagebuilder(user(policy("imagebuilder:Create*")))
    enforce()
    assert create_distribution_configuration(client).split(":")[4] == OTHER_ACCOUNT
    resource = f"arn:aws:imagebuilder:{REGION}:{OTHER_ACCOUNT}:image/*"
    with denied("ListImages", resource, f"arn:aws:iam::{OTHER_ACCOUNT}:user/builder"):
        client.list_images()
