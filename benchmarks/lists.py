"""Every list operation, and a Region with many of whatever it lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.moto_api import state_manager

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.quotas import QUOTAS

ACCOUNT, GUEST = "123456789012", "210987654321"
#: A retry of an image is not cheap when there have been hundreds before.
RETRIES = 500
EXECUTIONS = "imagebuilder::lifecycle-execution"
PROFILE, ROLE = "builder", "janitor"
COMPONENT = {
    "schemaVersion": 1.0,
    "phases": [
        {"name": "build", "steps": [{"name": "Run", "action": "ExecuteBash", "inputs": {"commands": ["uptime"]}}]}
    ],
}
WAIT = {"name": "Wait", "action": "WaitForAction", "inputs": {"payload": "go?"}}


def client_of(region: str, account_id: str = ACCOUNT) -> Any:
    client: Any = boto3.client("imagebuilder", region_name=region)
    client.meta.events.register(
        "before-call", lambda params, **_: params["headers"].update({"x-moto-account-id": account_id})
    )
    return client


@dataclass
class World:
    """A Region in which there can be ``size`` of everything that a list shows."""

    region: str
    size: int
    #: How many builds wait for an action: no account has as many builds in progress as it has other things.
    waiting: int = 40
    client: Any = field(init=False)
    guest: Any = field(init=False)
    arns: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.client, self.guest = client_of(self.region), client_of(self.region, GUEST)
        self.control = Control(ACCOUNT, self.region)

    def furnish(self) -> None:
        """Make all of it but the lifecycle execution."""
        for quota in QUOTAS:
            self.control.set_quota(quota, None)
        self._policies()
        self._documents()
        self._recipes_and_configurations()
        self._pipelines()
        self._images()
        self._retries()
        self._waits()

    @property
    def _numbers(self) -> range:
        return range(self.size)

    def _policies(self) -> None:
        settings = {
            "executionRole": ROLE,
            "resourceType": "AMI_IMAGE",
            "policyDetails": [{"action": {"type": "DELETE"}, "filter": {"type": "COUNT", "value": 1}}],
            "resourceSelection": {"recipes": [{"name": "name 00000", "semanticVersion": "1.0.0"}]},
        }
        for number in self._numbers:
            self.client.create_lifecycle_policy(name=f"policy {number:05}", **settings)
        self.arns["policy"] = self.client.create_lifecycle_policy(name="busy", **settings)["lifecyclePolicyArn"]
        for _ in self._numbers:
            # There is nothing to act on yet.
            self.control.run_lifecycle(self.arns["policy"])

    def _documents(self) -> None:
        workflow = {"type": "BUILD", "data": json.dumps({"schemaVersion": 1.0, "steps": [WAIT]})}
        component = {"platform": "Linux", "data": json.dumps(COMPONENT)}
        for number in self._numbers:
            for name, version in (
                (f"name {number:05}", "1.0.0"),
                ("versions", f"1.0.{number}"),
                ("builds", "1.0.0"),
            ):
                common = {"name": name, "semanticVersion": version, "description": str(number)}
                self.client.create_component(**common, **component)
                self.client.create_workflow(**common, **workflow)

    def _recipes_and_configurations(self) -> None:
        boto3.client("ecr", region_name=self.region).create_repository(repositoryName="web")
        amazon = f"arn:aws:imagebuilder:{self.region}:aws"
        for number in self._numbers:
            name = f"name {number:05}"
            recipe = self.client.create_image_recipe(
                name=name, semanticVersion="1.0.0", parentImage=f"{amazon}:image/amazon-linux-2023-x86/x.x.x"
            )
            self._share(recipe["imageRecipeArn"])
            self.client.create_container_recipe(
                name=name,
                semanticVersion="1.0.0",
                containerType="DOCKER",
                parentImage="amazonlinux:latest",
                dockerfileTemplateData="FROM {{{ imagebuilder:parentImage }}}\n{{{ imagebuilder:components }}}\n",
                targetRepository={"service": "ECR", "repositoryName": "web"},
            )
            self.client.create_infrastructure_configuration(name=name, instanceProfileName=PROFILE)
            self.client.create_distribution_configuration(
                name=name, distributions=[{"region": self.region, "amiDistributionConfiguration": {}}]
            )
        own = f"arn:aws:imagebuilder:{self.region}:{ACCOUNT}"
        self.settings = {
            "imageRecipeArn": f"{own}:image-recipe/name-00000/1.0.0",
            "infrastructureConfigurationArn": f"{own}:infrastructure-configuration/name-00000",
        }

    def _share(self, arn: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [GUEST]},
            "Action": ["imagebuilder:GetImageRecipe", "imagebuilder:ListImageRecipes"],
            "Resource": [arn],
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.client.put_image_recipe_policy(imageRecipeArn=arn, policy=json.dumps(policy))

    def _pipelines(self) -> None:
        inspector: Any = boto3.client("inspector2", region_name=self.region)
        inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
        scanning = {"imageScanningConfiguration": {"imageScanningEnabled": True}}
        for number in self._numbers:
            self.client.create_image_pipeline(name=f"name {number:05}", **self.settings)
        pipeline = self.client.create_image_pipeline(name="busy", **self.settings, **scanning)["imagePipelineArn"]
        self.arns["pipeline"] = pipeline
        for number in self._numbers:
            answer = self.client.start_image_pipeline_execution(imagePipelineArn=pipeline)
            image = answer["imageBuildVersionArn"]
            finding = {"packageVulnerabilityDetails": {"vulnerabilityId": f"CVE-2026-{number:05}"}}
            self.control.add_findings(image, [finding])
        self.arns["build"], self.arns["version"] = image, image.rpartition("/")[0]
        self.control.set_packages(image, {f"package-{number:05}": "1.0" for number in self._numbers})

    def _images(self) -> None:
        for number in self._numbers:
            self.control.make_image(f"name {number:05}")
            self.control.make_image("versions", f"1.0.{number}")

    def _retries(self) -> None:
        self.control.fail_next_build("TESTING")
        image = self.client.create_image(**self.settings)["imageBuildVersionArn"]
        for _ in range(min(self.size, RETRIES)):
            self.control.fail_next_build("TESTING")
            self.client.retry_image(imageBuildVersionArn=image)
        self.arns["retried"] = image
        executions = self.client.list_workflow_executions(imageBuildVersionArn=image)["workflowExecutions"]
        self.arns["execution"] = executions[-1]["workflowExecutionId"]

    def _waits(self) -> None:
        own = f"arn:aws:imagebuilder:{self.region}:{ACCOUNT}:workflow/build/name-00000/1.0.0/1"
        for _ in range(self.waiting):
            self.client.create_image(**self.settings, workflows=[{"workflowArn": own}], executionRole=ROLE)

    def start_lifecycle(self) -> None:
        self.arns["lifecycle execution"] = self.control.run_lifecycle(self.arns["policy"])


def _prepare() -> None:
    """What all Regions share."""
    iam: Any = boto3.client("iam")
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    trust = {"Effect": "Allow", "Principal": {"Service": "imagebuilder.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)


@contextmanager
def furnished(*worlds: World) -> Iterator[None]:
    """All that is to be in Regions, in one mock. Their lifecycle executions have much to do, and never do it."""
    _prepare()
    for world in worlds:
        world.furnish()
    state_manager.set_transition(EXECUTIONS, {"progression": "manual", "times": 10**9})
    try:
        for world in worlds:
            world.start_lifecycle()
        yield
    finally:
        state_manager.unset_transition(EXECUTIONS)


@dataclass(frozen=True)
class List:
    """One way of asking for a page."""

    operation: str
    request: Callable[[World], dict[str, Any]] = lambda _: {}
    label: str = ""
    by_guest: bool = False

    @property
    def name(self) -> str:
        return f"{self.operation} {self.label}".rstrip()

    def page(self, world: World, token: str | None = None) -> Callable[[], Any]:
        """The call that gets the page behind a token, and returns the answer."""
        method = getattr(world.guest if self.by_guest else world.client, self.operation)
        request = self.request(world)
        if token is not None:
            request["nextToken"] = token
        return lambda: method(**request)

    def token_after(self, world: World, pages: int) -> str:
        """The token that leads behind so many pages. KeyError if there are not as many."""
        token: str | None = None
        for _ in range(pages):
            token = self.page(world, token)()["nextToken"]
        return str(token)


def _of(member: str, arn: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {member: world.arns[arn]}


def _version(member: str, type_: str, version: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {member: f"arn:aws:imagebuilder:{world.region}:{ACCOUNT}:{type_}/builds/{version}"}


def _filtered(name: str, value: str) -> Callable[[World], dict[str, Any]]:
    return lambda _: {"filters": [{"name": name, "values": [value]}]}


def _by_name(_: World) -> dict[str, Any]:
    return {"byName": True}


#: All list operations that have pages but one, and all that can make a page another one.
LISTS = [
    List("list_components"),
    List("list_components", _by_name, "by name"),
    List("list_components", _filtered("name", "name*"), "with a name filter"),
    List("list_component_build_versions"),
    List("list_component_build_versions", _version("componentVersionArn", "component", "1.0.0"), "of a version"),
    List("list_workflows"),
    List("list_workflows", _by_name, "by name"),
    List("list_workflows", _filtered("name", "name*"), "with a name filter"),
    List("list_workflow_build_versions"),
    List("list_workflow_build_versions", _version("workflowVersionArn", "workflow/build", "1.0.0"), "of a version"),
    List("list_workflow_build_versions", _version("workflowVersionArn", "workflow/build", "1.x.x"), "of a wildcard"),
    List("list_image_recipes"),
    List("list_image_recipes", _filtered("name", "name*"), "with a name filter"),
    List("list_image_recipes", lambda _: {"owner": "Shared"}, "shared", by_guest=True),
    List("list_container_recipes"),
    List("list_infrastructure_configurations"),
    List("list_distribution_configurations"),
    List("list_distribution_configurations", _filtered("name", "name*"), "with a name filter"),
    List("list_image_pipelines"),
    List("list_image_pipelines", _filtered("name", "name*"), "with a name filter"),
    List("list_image_pipeline_images", _of("imagePipelineArn", "pipeline")),
    List("list_images"),
    List("list_images", _by_name, "by name"),
    List("list_images", _filtered("name", "name*"), "with a name filter"),
    List("list_image_build_versions"),
    List("list_image_build_versions", _of("imageVersionArn", "version"), "of a version"),
    List("list_image_packages", _of("imageBuildVersionArn", "build")),
    List("list_image_scan_findings"),
    List("list_image_scan_findings", _filtered("severity", "UNTRIAGED"), "with a filter"),
    List("list_image_scan_finding_aggregations", lambda _: {"filter": {"name": "vulnerabilityId"}}, "by vulnerability"),
    List("list_image_scan_finding_aggregations", lambda _: {"filter": {"name": "imageBuildVersionArn"}}, "by image"),
    List("list_lifecycle_policies"),
    List("list_lifecycle_executions", _of("resourceArn", "policy")),
    List("list_lifecycle_execution_resources", _of("lifecycleExecutionId", "lifecycle execution")),
    List("list_workflow_executions", _of("imageBuildVersionArn", "retried")),
    List("list_waiting_workflow_steps"),
]

#: Those of one page only.
SHORT_LISTS = [
    List("list_image_scan_finding_aggregations", label="of the account"),
    List("list_workflow_step_executions", _of("workflowExecutionId", "execution")),
]
