"""Every kind of build that there is: how it begins, the stages it goes through, and what it leaves in each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mock_imagebuilder.imagebuilder.api import operations

from ..build_parts import ACCOUNT_BASE, EXECUTION_ROLE, INFRASTRUCTURE, create_recipe, managed_workflow
from ..conftest import REGION
from ..images import client_of, create_image, get_image, import_image, own_amis
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository
from .workflow_runs import executions_of, step, steps_of

THERE = "eu-west-1"
PARAMETER = "/imagebuilder/web"
AMIS = f"{ACCOUNT_BASE}:distribution-configuration/amis"
CONTAINERS = f"{ACCOUNT_BASE}:distribution-configuration/containers"
WITHOUT_TESTS = {"imageTestsConfiguration": {"imageTestsEnabled": False}}
#: States of which nobody is told.
SILENT = ("PENDING", "CREATING")
TO_AMIS = {"distributionConfigurationArn": AMIS}
TO_CONTAINERS = {"distributionConfigurationArn": CONTAINERS}


@dataclass(frozen=True)
class Kind:
    """One kind of build.

    ``workflows`` are, by stage, the types of the workflows that run in it; ``leaves``, by stage, the Regions in which the
    output resources are when the stage is over.
    """

    begin: Callable[[Any], str]
    stages: tuple[str, ...]
    leaves: Mapping[str, list[str]]
    workflows: Mapping[str, str] = field(default_factory=dict)
    #: Whether the image has an infrastructure configuration with a topic.
    has_topic: bool = True
    is_container: bool = False
    #: The operation that begins it.
    operation: str = "CreateImage"

    @property
    def is_known(self) -> bool:
        """Whether the installed botocore knows its operation."""
        return self.operation in operations()

    def _before(self, status: str) -> tuple[str, ...]:
        return self.stages[: self.stages.index(status)] if status in self.stages else self.stages

    def changes(self, status: str, stage: str | None = None) -> list[tuple[str, str]]:
        """The changes of state that are told of: up to this status, to which the image comes from the last or this stage."""
        passed = (*self._before(stage or status), *([] if stage is None else [stage]), status)
        return [change for change in pairwise(passed) if change[1] not in SILENT]

    def leaves_before(self, status: str) -> list[str]:
        """The Regions of the output resources when the image comes to a status."""
        left: list[str] = []
        for earlier in self._before(status):
            left = self.leaves.get(earlier, left)
        return left

    def workflows_until(self, stage: str) -> list[str]:
        """The types of all workflows that have begun when the image is in a stage."""
        return [self.workflows[each] for each in (*self._before(stage), stage) if each in self.workflows]


def arrange(client: Any, instance_profile: str, topic_arn: str) -> None:
    """What all kinds of builds need."""
    client.create_infrastructure_configuration(
        name="web server", instanceProfileName=instance_profile, snsTopicArn=topic_arn
    )
    create_recipe(client)
    for region in (REGION, THERE):
        create_repository("web", region)
    create_container_recipe(client, "boxed")
    parameter = {"parameterName": PARAMETER}
    client.create_distribution_configuration(
        name="amis",
        distributions=[
            {"region": REGION, "amiDistributionConfiguration": {}, "ssmParameterConfigurations": [parameter]},
            {"region": THERE, "amiDistributionConfiguration": {}},
        ],
    )
    target = {"service": "ECR", "repositoryName": "web"}
    client.create_distribution_configuration(
        name="containers",
        distributions=[
            {"region": region, "containerDistributionConfiguration": {"targetRepository": target}}
            for region in (REGION, THERE)
        ],
    )
    copy = [
        step("Copy", "DistributeImage"),
        step("Configure", "ApplyImageConfigurations", {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}),
    ]
    client.create_workflow(
        name="spread",
        semanticVersion="1.0.0",
        type="DISTRIBUTION",
        data=json.dumps({"schemaVersion": 1.0, "steps": copy}),
    )
    s3 = client_of("s3")
    s3.create_bucket(Bucket="isos")
    s3.put_object(Bucket="isos", Key="Win11.iso", Body=b"a disk")
    trust = {"Effect": "Allow", "Principal": {"Service": "imagebuilder.amazonaws.com"}, "Action": "sts:AssumeRole"}
    client_of("iam").create_role(
        RoleName="distributor", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )


# ---- beginnings ----


def _ami(**members: Any) -> Callable[[Any], str]:
    return lambda client: create_image(client, **members)


def _container(**members: Any) -> Callable[[Any], str]:
    recipe = f"{ACCOUNT_BASE}:container-recipe/boxed/1.0.0"
    return lambda client: str(
        client.create_image(containerRecipeArn=recipe, infrastructureConfigurationArn=INFRASTRUCTURE, **members)[
            "imageBuildVersionArn"
        ]
    )


def _import_disk(client: Any) -> str:
    answer = client.import_disk_image(
        name="Windows 11",
        semanticVersion="1.0.0",
        platform="Windows",
        osVersion="Microsoft Windows 11",
        infrastructureConfigurationArn=INFRASTRUCTURE,
        uri="s3://isos/Win11.iso",
    )
    return str(answer["imageBuildVersionArn"])


def _distribute(client: Any) -> str:
    source = client_of("ec2").register_image(Name="golden")["ImageId"]
    answer = client.distribute_image(sourceImage=source, distributionConfigurationArn=AMIS, executionRole="distributor")
    return str(answer["imageBuildVersionArn"])


_OWN_WORKFLOWS: dict[str, Any] = {
    "workflows": [
        {"workflowArn": managed_workflow("build/build-image")},
        {"workflowArn": managed_workflow("test/test-image")},
        {"workflowArn": f"{ACCOUNT_BASE}:workflow/distribution/spread/1.0.0/1"},
    ],
    "executionRole": EXECUTION_ROLE,
}
_BUILT = {"BUILDING": [REGION]}
_COPIED = {"BUILDING": [REGION], "DISTRIBUTING": [REGION, THERE]}
_BUILD, _BUILD_AND_TEST = {"BUILDING": "BUILD"}, {"BUILDING": "BUILD", "TESTING": "TEST"}

KINDS = {
    "AMI": Kind(_ami(), ("PENDING", "CREATING", "BUILDING", "TESTING"), _BUILT, _BUILD_AND_TEST),
    "AMI, not tested": Kind(_ami(**WITHOUT_TESTS), ("PENDING", "CREATING", "BUILDING"), _BUILT, _BUILD),
    "AMI, distributed": Kind(
        _ami(**TO_AMIS),
        ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"),
        _COPIED,
        _BUILD_AND_TEST,
    ),
    "AMI, not tested, distributed": Kind(
        _ami(**WITHOUT_TESTS, **TO_AMIS),
        ("PENDING", "CREATING", "BUILDING", "DISTRIBUTING", "INTEGRATING"),
        _COPIED,
        _BUILD,
    ),
    "AMI, distributed by a workflow": Kind(
        _ami(**_OWN_WORKFLOWS, **TO_AMIS),
        ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"),
        _COPIED,
        {**_BUILD_AND_TEST, "DISTRIBUTING": "DISTRIBUTION"},
    ),
    "container": Kind(
        _container(),
        ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING"),
        {"DISTRIBUTING": [REGION]},
        _BUILD_AND_TEST,
        is_container=True,
    ),
    "container, not tested": Kind(
        _container(**WITHOUT_TESTS),
        ("PENDING", "CREATING", "BUILDING", "DISTRIBUTING"),
        {"DISTRIBUTING": [REGION]},
        _BUILD,
        is_container=True,
    ),
    "container, distributed": Kind(
        _container(**TO_CONTAINERS),
        ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"),
        {"DISTRIBUTING": [REGION, THERE]},
        _BUILD_AND_TEST,
        is_container=True,
    ),
    "import of a machine": Kind(
        import_image, ("PENDING",), {"PENDING": [REGION]}, has_topic=False, operation="ImportVmImage"
    ),
    "import of a disk": Kind(_import_disk, ("PENDING", "BUILDING"), _BUILT, _BUILD, operation="ImportDiskImage"),
    "distribution": Kind(
        _distribute,
        ("PENDING", "DISTRIBUTING", "INTEGRATING"),
        {"DISTRIBUTING": [REGION, THERE]},
        has_topic=False,
        operation="DistributeImage",
    ),
}

#: A kind's name and one of its stages.
ALL_STAGES = [(name, stage) for name, kind in KINDS.items() for stage in kind.stages]


# ---- what is seen ----


def regions_of_outputs(client: Any, arn: str) -> list[str]:
    """The Regions of an image's output resources, in their order. EC2 and ECR have every one of them."""
    outputs = get_image(client, arn)["outputResources"]
    for entry in outputs.get("amis", ()):
        assert entry["image"] in {ami["ImageId"] for ami in own_amis(region=entry["region"])}
    for entry in outputs.get("containers", ()):
        assert boxes_in(entry["region"]) > 0
    return [entry["region"] for entries in outputs.values() for entry in entries]


def boxes_in(region: str) -> int:
    """How many container images ECR has in a Region."""
    return len(client_of("ecr", region=region).describe_images(repositoryName="web")["imageDetails"])


def everything_left() -> tuple[int, int, int, int, int]:
    """How many AMIs, container images and parameters there are, in both Regions."""
    described = client_of("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [PARAMETER]}]
    )
    amis = [len(own_amis(region=region)) for region in (REGION, THERE)]
    return (amis[0], amis[1], boxes_in(REGION), boxes_in(THERE), len(described["Parameters"]))


def runs_of(client: Any, arn: str) -> list[tuple[str, str, bool]]:
    """Type, status and ``retried`` of an image's workflow executions."""
    return [(run["type"], run["status"], run["retried"]) for run in executions_of(client, arn)]


def step_statuses_of(client: Any, arn: str) -> list[list[tuple[str, str]]]:
    """Of every execution the names and statuses of its steps."""
    return [
        [(each["name"], each["status"]) for each in steps_of(client, execution)]
        for execution in executions_of(client, arn)
    ]
