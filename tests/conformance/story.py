"""A happy story: every operation called as a user would call it, in an order that makes sense."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import boto3

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder import responses
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion

from .doors import Answer, Door, Request
from .examples import ACCOUNT, REGION, arn
from .model import OPERATIONS, SHAPES, members

PROFILE = "StoryInstanceProfile"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StoryRole"
COMPONENT = """\
name: hello
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: SayHello
        action: ExecuteBash
        inputs:
          commands:
            - echo hello
"""
WAITING_WORKFLOW = """\
name: gate
schemaVersion: 1.0
steps:
  - name: WaitForApproval
    action: WaitForAction
"""


class Story:
    """What was asked through a door and what was answered, by operation.

    A step whose parameters come from an answer that the story has not got is left out, and its operation noted.
    """

    def __init__(self, door: Door) -> None:
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.asked: dict[str, dict[str, Any]] = {}
        self.left_out: set[str] = set()
        self._door = door
        self._reads: list[Request] = []
        self._state: list[Any] | None = None

    def tell(self, operation: str, **values: Any) -> dict[str, Any]:
        """Perform a step. Gives the members of the answer, or none if it was refused or left out."""
        if operation not in OPERATIONS:  # the installed botocore is older
            return {}
        if any(value is None for value in values.values()):
            self.left_out.add(operation)
            return {}
        if any(member.name == "clientToken" for member in members(operation)):
            values["clientToken"] = f"story-{sum(map(len, self.answers.values()))}"
        request = Request.of(operation, values)
        answer = self._door.send(request)
        self.answers[operation].append(answer)
        if answer.status != 200:
            return {}
        self.asked[operation] = values
        if operation.startswith(("Get", "List")):
            self._reads.append(request)
        content: dict[str, Any] = answer.content
        return content

    def read(self) -> list[tuple[str, int, Any]]:
        """What the story's Gets and Lists answer now, from the hall behind the doors."""
        state = []
        for request in self._reads:
            path, _, query = request.path.partition("?")
            status, _, body = responses.answer(request.method, path, query, request.body, ACCOUNT, REGION)
            content = json.loads(body)
            content.pop("requestId", None)
            state.append((request.path, status, content))
        return state

    def has_changed(self) -> bool:
        """Whether anything reads other than at the last call, and at the end of the story for the first."""
        before, self._state = self._state, self.read()
        return before is not None and before != self._state


def told(door: Door) -> Story:
    """The story, told through a door into a mock that is empty."""
    _neighbours()
    story = Story(door)
    _configurations(story)
    _lifecycle(story)
    _builds(story)
    story.has_changed()
    return story


def _neighbours() -> None:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    trust = {"Effect": "Allow", "Principal": {"Service": "imagebuilder.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    iam.create_role(RoleName="StoryRole", AssumeRolePolicyDocument=json.dumps(policy))
    boto3.client("ecr", region_name=REGION).create_repository(repositoryName="story")
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="story")
    s3.put_object(Bucket="story", Key="windows.iso", Body=b"a disk")
    version = ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z")
    agent = ManagedComponent(
        "story-agent", "story-agent", "Linux", "BUILD", (version,), "AWSMarketplace", obfuscate=True, data=COMPONENT
    )
    imagebuilder_backends.extra_catalogue.append(agent)


def _configurations(story: Story) -> None:
    distributions = [{"region": REGION, "amiDistributionConfiguration": {"description": "golden"}}]
    for name in ("Story A", "Story B", "Story C"):
        story.tell("CreateDistributionConfiguration", name=name, distributions=distributions, tags={"Team": "A"})
    distribution = arn("distribution-configuration/story-a")
    gone = arn("distribution-configuration/story-c")
    story.tell(
        "UpdateDistributionConfiguration", distributionConfigurationArn=distribution, distributions=distributions
    )
    story.tell("GetDistributionConfiguration", distributionConfigurationArn=distribution)
    story.tell("DeleteDistributionConfiguration", distributionConfigurationArn=gone)
    story.tell("ListDistributionConfigurations")

    story.tell("TagResource", resourceArn=distribution, tags={"Stage": "test", "Old": "1"})
    story.tell("UntagResource", resourceArn=distribution, tagKeys=["Old"])
    story.tell("ListTagsForResource", resourceArn=distribution)

    for name in ("Story A", "Story B"):
        story.tell("CreateInfrastructureConfiguration", name=name, instanceProfileName=PROFILE, tags={"Team": "A"})
    infrastructure = arn("infrastructure-configuration/story-a")
    story.tell(
        "UpdateInfrastructureConfiguration",
        infrastructureConfigurationArn=infrastructure,
        instanceProfileName=PROFILE,
        instanceTypes=["m5.large"],
        terminateInstanceOnFailure=True,
    )
    story.tell("GetInfrastructureConfiguration", infrastructureConfigurationArn=infrastructure)
    story.tell(
        "DeleteInfrastructureConfiguration", infrastructureConfigurationArn=arn("infrastructure-configuration/story-b")
    )
    story.tell("ListInfrastructureConfigurations")


def _lifecycle(story: Story) -> None:
    details = [
        {"action": {"type": "DELETE", "includeResources": {"amis": True}}, "filter": {"type": "COUNT", "value": 3}}
    ]
    settings = {
        "executionRole": ROLE,
        "resourceType": "AMI_IMAGE",
        "policyDetails": details,
        "resourceSelection": {"tagMap": {"Team": "A"}},
    }
    policy = story.tell("CreateLifecyclePolicy", name="Story A", **settings).get("lifecyclePolicyArn")
    other = story.tell("CreateLifecyclePolicy", name="Story B", **settings).get("lifecyclePolicyArn")
    story.tell("UpdateLifecyclePolicy", lifecyclePolicyArn=policy, **settings)
    story.tell("GetLifecyclePolicy", lifecyclePolicyArn=policy)
    story.tell("DeleteLifecyclePolicy", lifecyclePolicyArn=other)
    story.tell("ListLifecyclePolicies")
    story.tell("ListLifecycleExecutions", resourceArn=policy)


def _builds(story: Story) -> None:
    component = _components(story)
    recipe = _recipes(story, component)
    gate = _workflows(story)
    infrastructure = story.tell("ListInfrastructureConfigurations").get("infrastructureConfigurationSummaryList")
    settings = {
        "infrastructureConfigurationArn": infrastructure[0]["arn"] if infrastructure else None,
        "imageRecipeArn": recipe,
    }
    _pipelines(story, settings)
    image = story.tell("CreateImage", tags={"Team": "A"}, **settings).get("imageBuildVersionArn")
    _images(story, image)
    _executions(story, image)
    _interrupted_builds(story, settings, gate)
    _imports(story, settings)
    _states(story, *(story.tell("CreateImage", **settings).get("imageBuildVersionArn") for _ in range(2)))


def _components(story: Story) -> str | None:
    create = {"name": "Story Hello", "semanticVersion": "1.0.0", "platform": "Linux", "data": COMPONENT}
    component: str | None = story.tell("CreateComponent", **create).get("componentBuildVersionArn")
    script = {"type": "BUILD", "format": "SHELL", "platform": "Linux", "data": "#!/bin/bash\necho hello\n"}
    imported = story.tell("ImportComponent", name="Story Script", semanticVersion="1.0.0", **script)
    story.tell("DeleteComponent", componentBuildVersionArn=imported.get("componentBuildVersionArn"))
    story.tell("GetComponent", componentBuildVersionArn=component)
    story.tell("ListComponents")
    story.tell("ListComponents", owner="Amazon", maxResults=1)
    story.tell("ListComponentBuildVersions")
    product = arn("component/story-agent/1.0.0/1", account="aws-marketplace")
    story.tell("GetMarketplaceResource", resourceType="COMPONENT_DATA", resourceArn=product)
    _policy(story, "Component", "componentArn", component)
    return component


def _policy(story: Story, kind: str, member: str, resource: str | None) -> None:
    action = "imagebuilder:Get" + kind
    statement = {"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": [action], "Resource": [resource]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    story.tell(f"Put{kind}Policy", **{member: resource}, policy=policy)
    story.tell(f"Get{kind}Policy", **{member: resource})


def _recipes(story: Story, component: str | None) -> str | None:
    parent = arn("image/amazon-linux-2023-x86/x.x.x", account="aws")
    components = [{"componentArn": component}] if component else None
    create = {"parentImage": parent, "components": components}
    recipe: str | None = story.tell("CreateImageRecipe", name="Story Golden", semanticVersion="1.0.0", **create).get(
        "imageRecipeArn"
    )
    # Older models have no wildcard here.
    next_version = "1.0.x" if "WildcardVersionNumber" in SHAPES else "1.0.1"
    other = story.tell("CreateImageRecipe", name="Story Golden", semanticVersion=next_version, **create)
    story.tell("DeleteImageRecipe", imageRecipeArn=other.get("imageRecipeArn"))
    story.tell("GetImageRecipe", imageRecipeArn=recipe)
    story.tell("ListImageRecipes")
    _policy(story, "ImageRecipe", "imageRecipeArn", recipe)

    container = {
        "containerType": "DOCKER",
        "parentImage": "amazonlinux:latest",
        "dockerfileTemplateData": "FROM {{{ imagebuilder:parentImage }}}\n{{{ imagebuilder:components }}}\n",
        "targetRepository": {"service": "ECR", "repositoryName": "story"},
        "components": components,
    }
    docker, unused = (
        story.tell("CreateContainerRecipe", name=name, semanticVersion="1.0.0", **container).get("containerRecipeArn")
        for name in ("Story Docker", "Story Unused")
    )
    story.tell("DeleteContainerRecipe", containerRecipeArn=unused)
    story.tell("GetContainerRecipe", containerRecipeArn=docker)
    story.tell("ListContainerRecipes")
    _policy(story, "ContainerRecipe", "containerRecipeArn", docker)
    return recipe


def _workflows(story: Story) -> str | None:
    gate, unused = (
        story.tell("CreateWorkflow", name=name, semanticVersion="1.0.0", type="TEST", data=WAITING_WORKFLOW).get(
            "workflowBuildVersionArn"
        )
        for name in ("Story Gate", "Story Unused")
    )
    story.tell("DeleteWorkflow", workflowBuildVersionArn=unused)
    story.tell("GetWorkflow", workflowBuildVersionArn=gate)
    story.tell("ListWorkflows")
    story.tell("ListWorkflowBuildVersions")
    return str(gate) if gate else None


def _pipelines(story: Story, settings: dict[str, Any]) -> None:
    pipeline, unused = (
        story.tell("CreateImagePipeline", name=name, **settings).get("imagePipelineArn")
        for name in ("Story Nightly", "Story Unused")
    )
    story.tell("UpdateImagePipeline", imagePipelineArn=pipeline, description="every night", **settings)
    story.tell("DeleteImagePipeline", imagePipelineArn=unused)
    story.tell("StartImagePipelineExecution", imagePipelineArn=pipeline)
    story.tell("GetImagePipeline", imagePipelineArn=pipeline)
    story.tell("ListImagePipelines")
    story.tell("ListImagePipelineImages", imagePipelineArn=pipeline)


def _images(story: Story, image: str | None) -> None:
    story.tell("GetImage", imageBuildVersionArn=image)
    story.tell("ListImages")
    story.tell("ListImages", owner="Amazon", maxResults=1)
    story.tell("ListImageBuildVersions")
    story.tell("ListImagePackages", imageBuildVersionArn=image)
    story.tell("ListImageScanFindings")
    story.tell("ListImageScanFindingAggregations")
    _policy(story, "Image", "imageArn", image)


def _executions(story: Story, image: str | None) -> None:
    executions = story.tell("ListWorkflowExecutions", imageBuildVersionArn=image).get("workflowExecutions")
    execution = executions[0]["workflowExecutionId"] if executions else None
    story.tell("GetWorkflowExecution", workflowExecutionId=execution)
    steps = story.tell("ListWorkflowStepExecutions", workflowExecutionId=execution).get("steps")
    story.tell("GetWorkflowStepExecution", stepExecutionId=steps[0]["stepExecutionId"] if steps else None)


def _interrupted_builds(story: Story, settings: dict[str, Any], gate: str | None) -> None:
    workflows = [{"workflowArn": gate}] if gate else None
    waiting = story.tell("CreateImage", workflows=workflows, executionRole=ROLE, **settings)
    steps = story.tell("ListWaitingWorkflowSteps").get("steps")
    step = steps[0]["stepExecutionId"] if steps else None
    image = waiting.get("imageBuildVersionArn")
    story.tell("SendWorkflowStepAction", stepExecutionId=step, imageBuildVersionArn=image, action="RESUME")

    # What was cancelled while it was tested can be tested again.
    other = story.tell("CreateImage", workflows=workflows, executionRole=ROLE, **settings)
    image = other.get("imageBuildVersionArn")
    story.tell("CancelImageCreation", imageBuildVersionArn=image)
    story.tell("RetryImage", imageBuildVersionArn=image)


def _imports(story: Story, settings: dict[str, Any]) -> None:
    version = {"semanticVersion": "1.0.0"}
    story.tell(
        "ImportVmImage", name="Story VM", platform="Linux", vmImportTaskId="import-ami-0123456789abcdef0", **version
    )
    story.tell(
        "ImportDiskImage",
        name="Story ISO",
        platform="Windows",
        osVersion="Microsoft Windows 11",
        infrastructureConfigurationArn=settings["infrastructureConfigurationArn"],
        uri="s3://story/windows.iso",
        **version,
    )
    configuration = arn("distribution-configuration/story-a")
    images = story.tell("ListImageBuildVersions").get("imageSummaryList")
    story.tell(
        "DistributeImage",
        sourceImage=images[-1]["arn"] if images else None,
        distributionConfigurationArn=configuration,
        executionRole=ROLE,
    )


def _states(story: Story, image: str | None, unused: str | None) -> None:
    """Ends both images."""
    story.tell("DeleteImage", imageBuildVersionArn=unused)
    scheduled = story.tell(
        "StartResourceStateUpdate", resourceArn=image, state={"status": "DEPRECATED"}, updateAt=4102444800
    )
    story.tell("CancelLifecycleExecution", lifecycleExecutionId=scheduled.get("lifecycleExecutionId"))
    update = {
        "state": {"status": "DELETED"},
        "executionRole": ROLE,
        "includeResources": {"amis": True},
    }
    execution = story.tell("StartResourceStateUpdate", resourceArn=image, **update).get("lifecycleExecutionId")
    story.tell("ListLifecycleExecutions", resourceArn=image)
    story.tell("GetLifecycleExecution", lifecycleExecutionId=execution)
    story.tell("ListLifecycleExecutionResources", lifecycleExecutionId=execution)
