"""What uses the AMIs of an image: how tests ask for it, and how it fails."""

from __future__ import annotations

import re
from typing import Any

from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, state_of

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: What refuses a template that is not there, in a form that the API accepts.
NO_TEMPLATE = "lt-0a1b2c3d4e5f6a7b8"


def create_configuration(client: Any, *distributions: dict[str, Any], name: str = "everywhere") -> str:
    """The ARN of a distribution configuration; of the entries the Region is us-east-1 unless they say otherwise."""
    entries = [{"region": REGION, **distribution} for distribution in distributions]
    answer = client.create_distribution_configuration(name=name, distributions=entries)
    return str(answer["distributionConfigurationArn"])


def build(client: Any, *distributions: dict[str, Any], **members: Any) -> str:
    """The ARN of an image with these distributions."""
    return create_image(client, distributionConfigurationArn=create_configuration(client, *distributions), **members)


def create_template(name: str = "web", account_id: str = ACCOUNT, region: str = REGION, **data: Any) -> str:
    """The id of a launch template with these parameters of an instance."""
    answer = client_of("ec2", account_id, region).create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-00000000", "InstanceType": "t3.micro", **data}
    )
    return str(answer["LaunchTemplate"]["LaunchTemplateId"])


def template_versions(template_id: str, account_id: str = ACCOUNT, region: str = REGION) -> list[Any]:
    versions: list[Any] = client_of("ec2", account_id, region).describe_launch_template_versions(
        LaunchTemplateId=template_id
    )["LaunchTemplateVersions"]
    return versions


def parameter(name: str, account_id: str = ACCOUNT, region: str = REGION) -> Any:
    return client_of("ssm", account_id, region).get_parameter(Name=name)["Parameter"]


def parameter_names(account_id: str = ACCOUNT, region: str = REGION) -> list[str]:
    described = client_of("ssm", account_id, region).describe_parameters()["Parameters"]
    return [entry["Name"] for entry in described]


def assert_integration_failed(client: Any, arn: str, *failures: tuple[str, str, str]) -> None:
    """The state of an image whose AMIs could not be configured: Region, step and message of every failure."""
    state = state_of(client, arn)
    message = " ".join(f"In region '{region}' - '{error}'" for region, _, error in failures)
    reason = (
        f"Integration failed with JobId '{UUID}', status = 'Failed' for ARN '{re.escape(arn)}'. {re.escape(message)}"
    )
    assert re.fullmatch(reason, state.pop("reason"))
    assert state == {
        "status": "FAILED",
        "failureContext": {
            "imageStatus": "INTEGRATING",
            "distributionFailure": {
                "errorMessage": message,
                "regionFailures": [
                    {"region": region, "status": "FAILED", "imageConfigurationStep": step, "errorMessage": error}
                    for region, step, error in failures
                ],
            },
        },
    }
