"""Parameters with the ids of output AMIs: what ``ssmParameterConfigurations`` leave, and how that fails."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, EXECUTION_ROLE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, output_amis, state_of
from .clocks import CLOCKS
from .integration import assert_integration_failed, build, parameter, parameter_names

PARTNER = "111111111111"
STEP = "PUT_SSM_PARAMETERS"
NAME = "/imagebuilder/web"

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def parameters(*configurations: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An entry of a distribution configuration."""
    return {"amiDistributionConfiguration": {}, "ssmParameterConfigurations": list(configurations), **members}


@pytest.mark.parametrize(
    ("setting", "data_type"),
    [({}, "text"), ({"dataType": "text"}, "text"), ({"dataType": "aws:ec2:image"}, "aws:ec2:image")],
)
def test_a_parameter_holds_the_ami(client: Any, setting: dict[str, str], data_type: str) -> None:
    with freeze_time("2026-01-02T03:04:05Z"):
        arn = build(client, parameters({"parameterName": NAME, **setting}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    found = parameter(NAME)
    assert found["Value"] == output_amis(client, arn)[0]["image"]
    assert (found["Type"], found["DataType"], found["Version"]) == ("String", data_type, 1)
    assert found["LastModifiedDate"].astimezone(timezone.utc) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_the_next_build_overwrites_it(client: Any) -> None:
    build(client, parameters({"parameterName": NAME}))
    configuration = f"{ACCOUNT_BASE}:distribution-configuration/everywhere"
    arn = create_image(client, distributionConfigurationArn=configuration)
    found = parameter(NAME)
    assert (found["Value"], found["Version"]) == (output_amis(client, arn)[0]["image"], 2)


def test_the_child_of_the_ami_in_a_parameter(client: Any) -> None:
    arn = build(client, parameters({"parameterName": NAME, "dataType": "aws:ec2:image"}))
    client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=f"ssm:{NAME}")
    child = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/child/1.0.0")
    assert state_of(client, child) == {"status": "AVAILABLE"}
    assert output_amis(client, child)[0]["image"] != output_amis(client, arn)[0]["image"]


def test_every_region_and_account_has_its_own(client: Any) -> None:
    arn = build(
        client,
        parameters({"parameterName": NAME}),
        parameters(
            {"parameterName": NAME, "amiAccountId": ACCOUNT},
            {"parameterName": NAME, "amiAccountId": PARTNER},
            region="eu-west-1",
            amiDistributionConfiguration={"targetAccountIds": [PARTNER, ACCOUNT]},
        ),
    )
    values = {
        (entry["region"], entry["accountId"]): parameter(NAME, entry["accountId"], entry["region"])["Value"]
        for entry in output_amis(client, arn)
    }
    assert values == {(entry["region"], entry["accountId"]): entry["image"] for entry in output_amis(client, arn)}
    assert parameter_names(PARTNER) == []


def test_the_account_itself_is_a_target_where_no_other_is(client: Any) -> None:
    arn = build(client, parameters({"parameterName": NAME, "amiAccountId": ACCOUNT}))
    assert parameter(NAME)["Value"] == output_amis(client, arn)[0]["image"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_who_looks_at_the_parameter_alone_sees_it_come(client: Any, mocked: Control, clock: Any) -> None:
    with clock() as let_pass:
        mocked.progress("time", seconds=60)
        build(client, parameters({"parameterName": NAME}))
        let_pass(359)
        assert parameter_names() == []
        let_pass(1)
        assert parameter_names() == [NAME]


# ---- roles ----


@pytest.mark.parametrize("name", ["/imagebuilder/web", "/imagebuilder/team/web", "/web/ami", "web"])
def test_with_a_role_of_its_own_a_build_may_put_any_parameter(client: Any, name: str) -> None:
    arn = build(client, parameters({"parameterName": name}), executionRole=EXECUTION_ROLE)
    assert parameter(name)["Value"] == output_amis(client, arn)[0]["image"]


@pytest.mark.parametrize("role", [None, "AWSServiceRoleForImageBuilder"])
@pytest.mark.parametrize("name", ["/web/ami", "web", "/imagebuilder", "/imagebuilder2/web"])
def test_the_services_own_role_may_not(client: Any, name: str, role: str | None) -> None:
    members = {} if role is None else {"executionRole": role}
    arn = build(client, parameters({"parameterName": name}), **members)
    message = (
        f"SSM Client Error: 'User: arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForImageBuilder/"
        "Ec2ImageBuilderIntegrationService is not authorized to perform: ssm:PutParameter on resource: "
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.lstrip('/')} because no identity-based policy allows the "
        "ssm:PutParameter action'"
    )
    assert_integration_failed(client, arn, (REGION, STEP, message))
    assert parameter_names() == []


# ---- failures ----


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("web/ami", "Parameter name must be a fully qualified name."),
        ("ssm-web", 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'),
        ("AwsWeb", 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'),
        ("/aws/web", "No access to reserved parameter name: /aws/web."),
        (
            "/web//ami",
            "Parameter name: if formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be "
            "formed as a mix of letters, numbers and the following 3 symbols .-_",
        ),
    ],
)
def test_names_that_no_parameter_has(client: Any, name: str, message: str) -> None:
    arn = build(client, parameters({"parameterName": name}), executionRole=EXECUTION_ROLE)
    assert_integration_failed(client, arn, (REGION, STEP, f"SSM Client Error: '{message}'"))
    assert parameter_names() == []


@pytest.mark.parametrize("type_", ["SecureString", "StringList"])
def test_a_parameter_of_another_type_is_not_overwritten(client: Any, type_: str) -> None:
    client_of("ssm").put_parameter(Name=NAME, Value="before", Type=type_)
    arn = build(client, parameters({"parameterName": NAME}))
    message = (
        f"SSM Client Error: 'Parameter Store does not support changing a parameter type from {type_} to String. "
        "You must create a new, unique parameter.'"
    )
    assert_integration_failed(client, arn, (REGION, STEP, message))
    assert parameter(NAME)["Version"] == 1


def test_a_parameter_that_can_have_no_more_versions(client: Any) -> None:
    ssm = client_of("ssm")
    ssm.put_parameter(Name=NAME, Value="0", Type="String")
    ssm.label_parameter_version(Name=NAME, ParameterVersion=1, Labels=["keep"])
    for number in range(99):
        ssm.put_parameter(Name=NAME, Value=str(number), Type="String", Overwrite=True)
    arn = build(client, parameters({"parameterName": NAME}))
    (failure,) = state_of(client, arn)["failureContext"]["distributionFailure"]["regionFailures"]
    assert failure["imageConfigurationStep"] == STEP
    assert failure["errorMessage"].startswith("SSM Client Error: 'You attempted to create a new version of ")
    assert parameter(NAME)["Version"] == 100
