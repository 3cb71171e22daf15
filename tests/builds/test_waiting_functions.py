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
from .listeners import lines_of
from .workflow_runs import WAIT, build_with, create_workflow

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(params=[False, True], ids=["without Docker", "with Docker"])
def docker(request: pytest.FixtureRequest) -> Iterator[bool]:
    with mock_imagebuilder(config={"lambda": {"use_docker": request.param}}):
        yield request.param


@pytest.mark.parametrize("name", ["approve", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:approve"])
def test_the_function_is_invoked(docker: bool, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_instance_profile(InstanceProfileName="profile")
    role = iam.create_role(RoleName="lambda", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    boto3.client("lambda", region_name=REGION).create_function(
        FunctionName="approve",
        Runtime="python3.11",
        Role=role,
        Handler="approve.handle",
        Code={"ZipFile": b"def handle(event, context): pass"},
    )
    client: Any = boto3.client("imagebuilder", region_name=REGION)
    create_recipe(client)
    create_infrastructure(client, "profile")
    invocations: list[tuple[str, Any]] = []

    def invoke(_backend: Any, function: str, qualifier: Any, body: str, headers: Any, _response_headers: Any) -> bytes:
        assert (qualifier, headers) == (None, {"x-amz-invocation-type": "Event"})
        invocations.append((function, json.loads(body)))
        return b""

    monkeypatch.setattr(type(get_backend(ACCOUNT, REGION)), "invoke", invoke)
    workflow = create_workflow(client, "TEST", {**WAIT, "inputs": {"lambdaFunctionName": name, "payload": "now"}})
    arn = build_with(client, workflow)
    (step,) = client.list_waiting_workflow_steps()["steps"]
    payload = {"imageArn": arn, "workflowStepExecutionId": step["stepExecutionId"], "customPayload": "now"}
    # Docker would have to run while the build holds the service's lock.
    assert invocations == ([] if docker else [(name, payload)])
    assert f"Invoked Lambda function {name}" in lines_of("/aws/imagebuilder/web-server")
