"""The seam adds actions to moto's EC2. Each test names the assumption about moto that it checks."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.moto_api import recorder

from mock_imagebuilder import Control, mock_imagebuilder, moto_seam
from mock_imagebuilder.ec2_actions import actions

from .conftest import ACCOUNT, REGION
from .iam_users import policy, role, user
from .images import client_of
from .vm_machines import disk, ec2_refuses, import_machine, import_tasks, prepare

ACTIONS = {
    "import_image",
    "describe_import_image_tasks",
    "cancel_import_task",
    "cancel_export_task",
    "export_image",
    "describe_export_image_tasks",
    "enable_fast_launch",
    "disable_fast_launch",
    "describe_fast_launch_images",
    "enable_image_block_public_access",
    "disable_image_block_public_access",
    "get_image_block_public_access_state",
}


# ---- what moto has, and has not ----


def test_moto_has_none_of_the_actions() -> None:
    """When it gets them, ours step aside, and this test says that it is time to think again."""
    moto_seam.add_ec2_actions()
    ours = {name for group in actions.GROUPS for name in group}
    assert ours == ACTIONS
    for name in ours:
        module = getattr(EC2Response, name).__module__
        assert module.startswith("mock_imagebuilder."), f"moto has {name} now, in {module}"


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_where_moto_has_an_action_its_group_steps_aside(name: str) -> None:
    class NewerResponse:
        def modify_image_attribute(self) -> str:
            return "done"

    def own(self: NewerResponse) -> str:
        return "moto's"

    setattr(NewerResponse, name, own)
    actions.install(NewerResponse)
    group = next(set(group) for group in actions.GROUPS if name in group)
    assert getattr(NewerResponse, name)(NewerResponse()) == "moto's"
    assert {each for each in ACTIONS if hasattr(NewerResponse, each)} == {name} | (ACTIONS - group)


def test_moto_calls_plain_functions_of_the_class() -> None:
    source = inspect.getsource(BaseResponse.call_action)
    assert "method_names_from_class(self.__class__)" in source, "moto finds the methods of actions elsewhere now"
    for name in ACTIONS:
        assert inspect.isfunction(getattr(EC2Response, name))


def test_moto_writes_what_actions_return_by_the_model() -> None:
    response: Any = EC2Response()
    assert response.automated_parameter_parsing, "EC2's parameters are no longer read by the model"
    assert list(inspect.signature(ActionResult.__init__).parameters) == ["self", "result"]
    assert issubclass(EC2ClientError, ServiceException)


def test_what_the_actions_use_of_motos_response() -> None:
    assert isinstance(inspect.getattr_static(EC2BaseResponse, "ec2_backend"), property)
    for name in ("_filters_from_querystring", "_parse_tag_specification", "error_on_dryrun"):
        assert inspect.isfunction(getattr(EC2BaseResponse, name)), f"EC2BaseResponse.{name} has moved"


def test_there_is_no_request_before_a_backend_is_born() -> None:
    from moto.core.botocore_stubber import BotocoreStubber
    from moto.moto_server import werkzeug_app

    way = inspect.getsource(inspect.unwrap(BotocoreStubber.process_request))
    assert 'backend_dict[DEFAULT_ACCOUNT_ID]["us-east-1"]' in way, "the stubber finds response classes elsewhere now"
    assert "backend_dict[DEFAULT_ACCOUNT_ID]" in inspect.getsource(werkzeug_app.create_backend_app)


# ---- moto's promises ----


@pytest.fixture
def enforced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Switches IAM enforcement on."""
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    with mock_imagebuilder():
        prepare()
        yield lambda: monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)


def ec2_of(credentials: dict[str, str]) -> Any:
    return boto3.client("ec2", region_name=REGION, **credentials)


def refusal(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """How a call ends, without the name of the action and what is different for every request."""
    with pytest.raises(client.exceptions.ClientError) as raised:
        getattr(client, operation)(**parameters)
    answer: dict[str, Any] = raised.value.response
    text = re.sub("ec2:[A-Za-z]+", "ec2:...", answer["Error"]["Message"])
    return {**answer["Error"], "Message": text, "status": answer["ResponseMetadata"]["HTTPStatusCode"]}


def test_policies_decide_as_for_motos_own_actions(enforced: Any) -> None:
    client = ec2_of(user(policy("ec2:DescribeImportImageTasks")))
    enforced()
    assert import_tasks(client) == []
    motos = refusal(client, "describe_vpcs")
    assert (motos["Code"], motos["status"]) == ("AccessDenied", 403)
    assert refusal(client, "import_image", DiskContainers=[disk()]) == motos
    assert refusal(client, "cancel_import_task", ImportTaskId="import-ami-00000000") == motos
    assert import_tasks(client) == []


def test_a_role_is_allowed_what_its_policy_says(enforced: Any) -> None:
    client = ec2_of(role(policy("ec2:*Import*")))
    enforced()
    task = import_machine(client)
    assert import_tasks(client) == [task]
    assert refusal(client, "describe_export_image_tasks") == refusal(client, "describe_vpcs")


def test_the_account_is_that_of_the_request(mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare()
    here = boto3.client("ec2", region_name=REGION)
    task = import_machine(here)
    with monkeypatch.context() as other_account:
        other_account.setenv("MOTO_ACCOUNT_ID", "210987654321")
        assert import_tasks(here) == []
    assert import_tasks(here) == import_tasks(client_of("ec2", ACCOUNT)) == [task]


def test_requests_are_recorded_and_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mocked: Control) -> None:
    monkeypatch.setattr(recorder, "_location", str(tmp_path / "recording"))
    prepare()
    recorder.reset_recording()
    recorder.start_recording()
    try:
        import_machine(client_of("ec2"), Description="recorded")
    finally:
        recorder.stop_recording()
    recorder.replay_recording()
    assert [task["Description"] for task in import_tasks(client_of("ec2"))] == 2 * ["recorded"]


def test_errors_are_ec2s_xml(mocked: Control) -> None:
    url = f"https://ec2.{REGION}.amazonaws.com/"
    body = {"Action": "CancelImportTask", "Version": "2016-11-15", "ImportTaskId": "mine"}
    answer = requests.post(url, data=body, timeout=10)
    assert answer.status_code == 400
    assert "<Code>InvalidConversionTaskId.Malformed</Code>" in answer.text


def test_ec2_that_is_there_before_the_package_has_the_actions() -> None:
    script = (
        "import boto3, moto, moto.ec2.models\n"
        "with moto.mock_aws():\n"
        "    ec2 = boto3.client('ec2', region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')\n"
        "    ec2.describe_vpcs()\n"
        "    import mock_imagebuilder\n"
        "    print(ec2.describe_import_image_tasks()['ImportImageTasks'])\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "[]\n"), ended.stderr


def test_the_order_of_calls_makes_no_difference(mocked: Control) -> None:
    with ec2_refuses("InvalidConversionTaskId", "The conversion task ID 'import-ami-00000000' does not exist"):
        import_tasks(boto3.client("ec2", region_name=REGION), ImportTaskIds=["import-ami-00000000"])
