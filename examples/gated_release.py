"""A release with a gate, told with boto3 alone: ``python examples/gated_release.py``.

A pipeline builds an image and tests it. The first test fails; the message about it reaches a Lambda handler, which notes
the incident. The build is tried again, and waits until somebody approves it. Then its AMI goes to two Regions of the
production account, to a launch template and to a parameter, and the next message lets the handler announce it. After the
second release a lifecycle policy retires the first one. Nothing in :func:`run_releases` knows that the services are mocks,
but for the two things that no test could wait for: :class:`Stage` says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from mock_imagebuilder import Control, mock_imagebuilder

HOME = "us-east-1"
ABROAD = "eu-west-1"
ACCOUNT = "123456789012"
PRODUCTION = "210987654321"
PARENT_IMAGE = f"arn:aws:imagebuilder:{HOME}:aws:image/amazon-linux-2023-x86/x.x.x"
MANAGED_BUILD = f"arn:aws:imagebuilder:{HOME}:aws:workflow/build/build-image/x.x.x"
PARAMETER = "/imagebuilder/web/ami"
ANNOUNCED = "/releases/web"
TEMPLATE = "web"

COMPONENT = """\
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: Install
        action: ExecuteBash
        inputs:
          commands: [dnf install -y nginx]
  - name: test
    steps:
      - name: Answers
        action: ExecuteBash
        inputs:
          commands: [curl --fail localhost]
"""

#: Tests first, then the gate: whoever is to approve gets a message on the topic.
GATE = """\
schemaVersion: 1.0
parameters:
  - name: topic
    type: string
steps:
  - name: LaunchTestInstance
    action: LaunchInstance
    onFailure: Abort
    inputs:
      waitFor: ssmAgent
  - name: RunTests
    action: ExecuteComponents
    onFailure: Abort
    inputs:
      instanceId.$: $.stepOutputs.LaunchTestInstance.instanceId
  - name: TerminateTestInstance
    action: TerminateInstance
    onFailure: Continue
    inputs:
      instanceId.$: $.stepOutputs.LaunchTestInstance.instanceId
  - name: Approve
    action: WaitForAction
    onFailure: Abort
    inputs:
      snsTopicArn.$: $.parameters.topic
      payload: Release it?
"""

#: Makes a boto3 client: service, Region, and the credentials that ``boto3.client`` takes.
ClientFactory = Callable[..., Any]


@dataclass(frozen=True)
class Stage:
    """Where the story is played.

    ``steer`` calls a method of the control handle by its name: once to let a test fail, and once because the service looks
    at lifecycle policies only once a day.
    """

    client: ClientFactory
    steer: Callable[..., Any]

    def in_production(self, service: str, region: str) -> Any:
        """A client in the production account, with the credentials of a role there."""
        role = f"arn:aws:iam::{PRODUCTION}:role/Deployer"
        credentials = self.client("sts", HOME).assume_role(RoleArn=role, RoleSessionName="release")["Credentials"]
        return self.client(
            service,
            region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )


@dataclass
class ReleaseHandler:
    """The Lambda handler under test. It is subscribed to the topic, and gets SNS events."""

    client: ClientFactory
    incidents: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def __call__(self, event: dict[str, Any], _context: object = None) -> None:
        for record in event["Records"]:
            message = json.loads(record["Sns"]["Message"])
            if "workflowStepExecutionId" in message:
                self.questions.append(message["customPayload"])
            elif message["state"]["status"] == "FAILED":
                self.incidents.append(message["state"]["reason"])
            else:
                self.announce(message)

    def announce(self, message: dict[str, Any]) -> None:
        """Tell the others which AMIs there are now, by Region, in a parameter."""
        amis = {
            ami["region"]: ami["image"] for ami in message["outputResources"]["amis"] if ami["accountId"] == PRODUCTION
        }
        release = {"version": f"{message['version']}/{message['buildVersion']}", "amis": amis}
        self.client("ssm", HOME).put_parameter(Name=ANNOUNCED, Value=json.dumps(release), Type="String", Overwrite=True)


@dataclass(frozen=True)
class Releases:
    """What the story has left. ARNs; AMI ids by Region where there is one in each."""

    pipeline_arn: str
    first_image: str
    second_image: str
    statuses: list[str]
    incidents: list[str]
    questions: list[str]
    announced: dict[str, Any]
    first_amis: dict[str, str]
    second_amis: dict[str, str]
    retired: list[str]


def run_releases(stage: Stage) -> Releases:
    """Build, test, gate, release twice, and retire what is old, from an account in which nothing exists."""
    imagebuilder = stage.client("imagebuilder", HOME)
    handler = ReleaseHandler(stage.client)
    topic, queue = create_topic(stage)
    create_roles(stage)
    pipeline_arn = create_pipeline(imagebuilder, topic, create_launch_template(stage))
    statuses = []

    def status_of(image_arn: str) -> str:
        return str(imagebuilder.get_image(imageBuildVersionArn=image_arn)["image"]["state"]["status"])

    def approve(image_arn: str) -> None:
        (step,) = imagebuilder.list_waiting_workflow_steps()["steps"]
        assert step["imageBuildVersionArn"] == image_arn
        imagebuilder.send_workflow_step_action(
            stepExecutionId=step["stepExecutionId"], imageBuildVersionArn=image_arn, action="RESUME"
        )

    stage.steer("fail_next_build", stage="TESTING", step="RunTests")
    first = imagebuilder.start_image_pipeline_execution(imagePipelineArn=pipeline_arn)["imageBuildVersionArn"]
    statuses.append(status_of(first))
    imagebuilder.retry_image(imageBuildVersionArn=first)
    statuses.append(status_of(first))
    approve(first)
    statuses.append(status_of(first))
    hand_over(stage, queue, handler)

    second = imagebuilder.start_image_pipeline_execution(imagePipelineArn=pipeline_arn)["imageBuildVersionArn"]
    approve(second)
    statuses.append(status_of(second))
    hand_over(stage, queue, handler)

    first_amis, second_amis = amis_of(imagebuilder, first), amis_of(imagebuilder, second)
    policy_arn = create_policy(imagebuilder)
    execution_id = stage.steer("run_lifecycle", policy_arn=policy_arn)
    retired = imagebuilder.list_lifecycle_execution_resources(lifecycleExecutionId=execution_id)["resources"]
    announced = stage.client("ssm", HOME).get_parameter(Name=ANNOUNCED)["Parameter"]["Value"]
    return Releases(
        pipeline_arn=pipeline_arn,
        first_image=first,
        second_image=second,
        statuses=statuses,
        incidents=handler.incidents,
        questions=handler.questions,
        announced=json.loads(announced),
        first_amis=first_amis,
        second_amis=second_amis,
        retired=[resource["resourceId"] for resource in retired],
    )


def create_topic(stage: Stage) -> tuple[str, str]:
    """The topic for all messages, and the URL of the queue behind which the function waits."""
    sns, sqs = stage.client("sns", HOME), stage.client("sqs", HOME)
    topic = sns.create_topic(Name="releases")["TopicArn"]
    url = sqs.create_queue(QueueName="releases")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return str(topic), str(url)


def hand_over(stage: Stage, queue: str, handler: ReleaseHandler) -> None:
    """What the subscription of a function does: an SNS event for every message."""
    sqs = stage.client("sqs", HOME)
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            handler({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message["Body"]}}]})
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def create_roles(stage: Stage) -> None:
    """What the build instances, the workflows and the lifecycle policy need; the last two roles are in production."""
    iam, in_production = stage.client("iam", HOME), stage.in_production("iam", HOME)
    iam.create_instance_profile(InstanceProfileName="builder")
    service, home = {"Service": "imagebuilder.amazonaws.com"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    iam.create_role(RoleName="Workflows", AssumeRolePolicyDocument=trust(service))
    iam.create_role(RoleName="Lifecycle", AssumeRolePolicyDocument=trust(service))
    in_production.create_role(
        RoleName="EC2ImageBuilderDistributionCrossAccountRole", AssumeRolePolicyDocument=trust(home)
    )
    in_production.create_role(
        RoleName="Ec2ImageBuilderCrossAccountLifecycleAccess", AssumeRolePolicyDocument=trust({**service, **home})
    )


def trust(principal: dict[str, str]) -> str:
    """A trust policy: who may assume a role."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_launch_template(stage: Stage) -> str:
    """The id of what the production account launches its web servers from."""
    template = stage.in_production("ec2", HOME).create_launch_template(
        LaunchTemplateName=TEMPLATE, LaunchTemplateData={"InstanceType": "t3.small"}
    )
    return str(template["LaunchTemplate"]["LaunchTemplateId"])


def create_pipeline(imagebuilder: Any, topic: str, launch_template_id: str) -> str:
    component = imagebuilder.create_component(name="nginx", semanticVersion="1.0.0", platform="Linux", data=COMPONENT)[
        "componentBuildVersionArn"
    ]
    recipe = imagebuilder.create_image_recipe(
        name="web", semanticVersion="1.0.0", parentImage=PARENT_IMAGE, components=[{"componentArn": component}]
    )["imageRecipeArn"]
    infrastructure = imagebuilder.create_infrastructure_configuration(
        name="small", instanceProfileName="builder", snsTopicArn=topic
    )["infrastructureConfigurationArn"]
    gate = imagebuilder.create_workflow(name="gate", semanticVersion="1.0.0", type="TEST", data=GATE)[
        "workflowBuildVersionArn"
    ]
    distribution = imagebuilder.create_distribution_configuration(
        name="production", distributions=distributions(launch_template_id)
    )["distributionConfigurationArn"]
    pipeline = imagebuilder.create_image_pipeline(
        name="web",
        imageRecipeArn=recipe,
        infrastructureConfigurationArn=infrastructure,
        distributionConfigurationArn=distribution,
        executionRole=f"arn:aws:iam::{ACCOUNT}:role/Workflows",
        workflows=[
            {"workflowArn": MANAGED_BUILD},
            {"workflowArn": gate, "parameters": [{"name": "topic", "value": [topic]}]},
        ],
    )
    return str(pipeline["imagePipelineArn"])


def distributions(launch_template_id: str) -> list[dict[str, Any]]:
    """Production gets the AMI in both Regions, and at home also a new default version of its launch template."""
    ami = {"name": "web {{ imagebuilder:buildDate }}", "targetAccountIds": [PRODUCTION]}
    template = {"launchTemplateId": launch_template_id, "accountId": PRODUCTION}
    parameter = {"parameterName": PARAMETER, "amiAccountId": PRODUCTION, "dataType": "aws:ec2:image"}
    return [
        {
            "region": HOME,
            "amiDistributionConfiguration": ami,
            "launchTemplateConfigurations": [template],
            "ssmParameterConfigurations": [parameter],
        },
        {"region": ABROAD, "amiDistributionConfiguration": ami},
    ]


def create_policy(imagebuilder: Any) -> str:
    """All but the newest image of the recipe go, with their AMIs and snapshots."""
    policy = imagebuilder.create_lifecycle_policy(
        name="keep-the-newest",
        executionRole=f"arn:aws:iam::{ACCOUNT}:role/Lifecycle",
        resourceType="AMI_IMAGE",
        policyDetails=[
            {
                "action": {"type": "DELETE", "includeResources": {"amis": True, "snapshots": True}},
                "filter": {"type": "COUNT", "value": 1},
            }
        ],
        resourceSelection={"recipes": [{"name": "web", "semanticVersion": "1.0.0"}]},
    )
    return str(policy["lifecyclePolicyArn"])


def amis_of(imagebuilder: Any, image_arn: str) -> dict[str, str]:
    """The AMIs of an image in the production account."""
    amis = imagebuilder.get_image(imageBuildVersionArn=image_arn)["image"]["outputResources"]["amis"]
    return {ami["region"]: ami["image"] for ami in amis if ami["accountId"] == PRODUCTION}


def main() -> None:
    def client(service: str, region: str, **credentials: str) -> Any:
        return boto3.client(service, region_name=region, **credentials)

    def steer(name: str, **parameters: Any) -> Any:
        return getattr(Control(), name)(**parameters)

    with mock_imagebuilder():
        releases = run_releases(Stage(client, steer))
        print(f"pipeline       {releases.pipeline_arn}")
        print(f"first release  {releases.first_image}  {' > '.join(releases.statuses[:3])}")
        print(f"  incident     {releases.incidents[0]}")
        print(f"second release {releases.second_image}  {releases.statuses[3]}")
        for region, ami in releases.second_amis.items():
            print(f"  AMI          {ami}  in {region} of {PRODUCTION}")
        print(f"announced      {releases.announced}")
        print(f"retired        {', '.join(releases.retired)}")


if __name__ == "__main__":
    main()
