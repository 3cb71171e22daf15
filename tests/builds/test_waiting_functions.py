"""Steps that ask a function of Lambda for an action. moto's Lambda does it without Docker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.awslambda.utils import get_backend

from mock_imagebuilder import mock_imagebuilder

from ..build_parts import create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import create_image
from .listeners import create_rule, lines_of, states_in
from .workflow_runs import WAIT, build_with, create_workflow

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(params=[False, True], ids=["without Docker", "with Docker"])
def docker(request: pytest.FixtureRequest) -> Iterator[bool]:
    with mock_imagebuilder(config={"lambda": {"use_docker": request.param}}):
        yield request.param


@pytest.fixture
def invocations(docker: bool, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What the function ``approve`` is invoked with."""
    role = boto3.client("iam", region_name=REGION).create_role(RoleName="lambda", AssumeRolePolicyDocument=TRUST)
    boto3.client("lambda", region_name=REGION).create_function(
        FunctionName="approve",
        Runtime="python3.11",
        Role=role["Role"]["Arn"],
        Handler="approve.handle",
        Code={"ZipFile": b"def handle(event, context): pass"},
    )
    invocations: list[tuple[str, Any]] = []

    def invoke(_backend: Any, function: str, qualifier: Any, body: str, headers: Any, _response_headers: Any) -> bytes:
        assert (qualifier, headers) == (None, {"x-amz-invocation-type": "Event"})
        invocations.append((function, json.loads(body)))
        return b""

    monkeypatch.setattr(type(get_backend(ACCOUNT, REGION)), "invoke", invoke)
    return invocations


@pytest.fixture
def client(docker: bool) -> Any:
    boto3.client("iam", region_name=REGION).create_instance_profile(InstanceProfileName="profile")
    client: Any = boto3.client("imagebuilder", region_name=REGION)
    create_recipe(client)
    create_infrastructure(client, "profile")
    return client


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:approve"


@pytest.mark.parametrize("name", ["approve", FUNCTION])
def test_a_step_invokes_the_function(docker: bool, client: Any, invocations: list[tuple[str, Any]], name: str) -> None:
    workflow = create_workflow(client, "TEST", {**WAIT, "inputs": {"lambdaFunctionName": name, "payload": "now"}})
    arn = build_with(client, workflow)
    (step,) = client.list_waiting_workflow_steps()["steps"]
    payload = {"imageArn": arn, "workflowStepExecutionId": step["stepExecutionId"], "customPayload": "now"}
    # Docker would have to run while the build holds the service's lock.
    assert invocations == ([] if docker else [(name, payload)])
    assert f"Invoked Lambda function {name}" in lines_of("/aws/imagebuilder/web-server")


def test_a_rule_invokes_the_function(docker: bool, client: Any, invocations: list[tuple[str, Any]]) -> None:
    create_rule({"Arn": FUNCTION})
    create_image(client)
    assert [function for function, _ in invocations] == ([] if docker else [FUNCTION] * 3)
    heard = states_in([event for _, event in invocations])
    assert heard[-1:] == ([] if docker else [("TESTING", "AVAILABLE")])
