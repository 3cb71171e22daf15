"""Stories of builds that leave all that builds can leave, for the tests that tell each of them in several ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3

from examples import gated_release, golden_image
from mock_imagebuilder import Control

from .build_parts import ACCOUNT_BASE, INFRASTRUCTURE, PARENT_IMAGE, UPDATE_LINUX, create_infrastructure, create_recipe
from .builds.containers import build as build_container
from .builds.containers import container
from .builds.integration import create_template
from .builds.workflow_runs import CREATE, LAUNCH, TERMINATE, WAIT, build_with, create_workflow, step
from .conftest import ACCOUNT, REGION
from .cross_account import let_copies_in
from .images import TASK, client_of, create_image, import_image, output_amis
from .observations import EUROPE, OTHER_ACCOUNT
from .resources.container_recipes import create as create_container_recipe
from .resources.lifecycles import (
    CROSS_ACCOUNT_ROLE,
    TAGS,
    WITH_AMIS,
    create_policy,
    create_role,
    rule,
    trust,
    update_state,
)
from .schedules import create_scheduled
from .vm_machines import IMPORTS, disk, import_machine, prepare, progression

PARAMETER = "/imagebuilder/web"
DISTRIBUTION = f"{ACCOUNT_BASE}:distribution-configuration/everywhere"
TRUST_OF_EVERYBODY = trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": "imagebuilder.amazonaws.com"})
START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Telling:
    """One way of telling a story.

    ``look`` is called wherever somebody might look at the neighbours; ``wait`` lets so many seconds pass.
    """

    control: Control
    look: Callable[[], None]
    wait: Callable[[float], None]


Story = Callable[[Telling], None]


def parts() -> Any:
    """An Image Builder client, and in its account all that a build needs, with outputs in three places."""
    client_of("iam").create_instance_profile(InstanceProfileName="profile")
    prepare()
    client_of("s3").create_bucket(Bucket="exports")
    let_copies_in(OTHER_ACCOUNT)
    create_role(CROSS_ACCOUNT_ROLE, TRUST_OF_EVERYBODY, account_id=OTHER_ACCOUNT)
    client = client_of("imagebuilder")
    create_recipe(client, description="a web server", amiTags={"Team": "a"})
    create_infrastructure(client, "profile")
    export = {"roleName": "vmimport", "diskImageFormat": "RAW", "s3Bucket": "exports", "s3Prefix": "disks/"}
    client.create_distribution_configuration(
        name="everywhere",
        distributions=[
            {
                "region": REGION,
                "amiDistributionConfiguration": {
                    "name": "web {{ imagebuilder:buildDate }}",
                    "amiTags": {"Stage": "test"},
                    "launchPermission": {"userIds": [OTHER_ACCOUNT], "userGroups": ["all"]},
                },
                "s3ExportConfiguration": export,
            },
            {
                "region": EUROPE,
                "amiDistributionConfiguration": {
                    "description": "a copy",
                    "amiTags": {"Stage": "prod"},
                    "targetAccountIds": [ACCOUNT, OTHER_ACCOUNT],
                },
            },
        ],
    )
    return client


def distribute(client: Any, name: str, *distributions: dict[str, Any]) -> str:
    """The ARN of a distribution configuration."""
    answer = client.create_distribution_configuration(name=name, distributions=list(distributions))
    return str(answer["distributionConfigurationArn"])


def encrypted_recipe(client: Any) -> str:
    """The ARN of a recipe with two volumes, of which one is encrypted, and with a watermark."""
    answer = client.create_image_recipe(
        name="encrypted",
        semanticVersion="1.0.0",
        parentImage=PARENT_IMAGE,
        blockDeviceMappings=[
            {"deviceName": "/dev/xvda", "ebs": {"encrypted": True}},
            {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 9, "volumeType": "gp3"}},
        ],
        amiWatermarks=["approved"],
    )
    return str(answer["imageRecipeArn"])


def listen(client: Any, *regions: str) -> str:
    """The ARN of an infrastructure with a topic; a queue hears the topic and the events of the Regions."""
    sqs, sns = client_of("sqs"), client_of("sns")
    url = sqs.create_queue(QueueName="messages")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="builds")["TopicArn"]
    # Without SNS's signature, for which every run has another key.
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    for region in regions:
        events = client_of("events", region=region)
        events.put_rule(Name="builds", EventPattern=json.dumps({"source": ["aws.imagebuilder"]}))
        events.put_targets(Rule="builds", Targets=[{"Id": "queue", "Arn": queue}])
    answer = client.create_infrastructure_configuration(
        name="heard",
        instanceProfileName="profile",
        snsTopicArn=topic,
        logging={"s3Logs": {"s3BucketName": "exports", "s3KeyPrefix": "logs"}},
    )
    return str(answer["infrastructureConfigurationArn"])


# ---- AMIs ----


def distributed_builds(telling: Telling) -> None:
    client = parts()
    for _ in range(2):
        create_image(client, distributionConfigurationArn=DISTRIBUTION)
        telling.look()
        telling.wait(90)


def everything_that_uses_an_ami(telling: Telling) -> None:
    client = parts()
    templates = [create_template(account_id=account, region=EUROPE) for account in (ACCOUNT, OTHER_ACCOUNT)]
    configuration = distribute(
        client,
        "used",
        {
            "region": EUROPE,
            "amiDistributionConfiguration": {"targetAccountIds": [ACCOUNT, OTHER_ACCOUNT]},
            "launchTemplateConfigurations": [
                {"launchTemplateId": templates[0], "setDefaultVersion": False},
                {"launchTemplateId": templates[1], "accountId": OTHER_ACCOUNT},
            ],
            "ssmParameterConfigurations": [
                {"parameterName": PARAMETER, "dataType": "aws:ec2:image"},
                {"parameterName": f"{PARAMETER}/theirs", "amiAccountId": OTHER_ACCOUNT},
            ],
        },
        {
            "region": REGION,
            "amiDistributionConfiguration": {},
            "ssmParameterConfigurations": [{"parameterName": PARAMETER}],
        },
    )
    for _ in range(2):
        create_image(client, distributionConfigurationArn=configuration)
        telling.look()
        telling.wait(3600)


def encrypted_builds(telling: Telling) -> None:
    client = parts()
    recipe = encrypted_recipe(client)
    create_image(client, imageRecipeArn=recipe)
    telling.wait(60)
    telling.look()
    key = client_of("kms", region=EUROPE).create_key()["KeyMetadata"]["KeyId"]
    configuration = distribute(
        client, "encrypted", {"region": EUROPE, "amiDistributionConfiguration": {"kmsKeyId": key}}
    )
    image = create_image(client, imageRecipeArn=recipe, distributionConfigurationArn=configuration)
    telling.wait(60)
    child = client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=image)["imageRecipeArn"]
    create_image(client, imageRecipeArn=child)


def a_chain_of_images(telling: Telling) -> None:
    client = parts()
    base = create_image(client)
    telling.look()
    recipe = client.create_image_recipe(
        name="child", semanticVersion="1.0.0", parentImage=base, components=[{"componentArn": UPDATE_LINUX}]
    )["imageRecipeArn"]
    create_image(client, imageRecipeArn=recipe, distributionConfigurationArn=DISTRIBUTION)
    telling.wait(60)
    (ami,) = output_amis(client, base)
    recipe = client.create_image_recipe(name="sibling", semanticVersion="1.0.0", parentImage=ami["image"])[
        "imageRecipeArn"
    ]
    create_image(client, imageRecipeArn=recipe)


def distributed_again(telling: Telling) -> None:
    """An image that is there goes to other places."""
    client = parts()
    image = create_image(client)
    telling.look()
    telling.wait(60)
    client.distribute_image(
        sourceImage=image, distributionConfigurationArn=DISTRIBUTION, executionRole=create_role("Workflows")
    )


def an_ami_that_is_taken_away(telling: Telling) -> None:
    client = parts()
    telling.control.progress("manual")
    arn = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    telling.control.advance(arn, to="DISTRIBUTING")
    telling.look()
    (ami,) = client_of("ec2").describe_images(Owners=["self"])["Images"]
    client_of("ec2").deregister_image(ImageId=ami["ImageId"])
    for _ in range(5):
        client.get_image(imageBuildVersionArn=arn)


# ---- containers, machines and disks ----


def containers(telling: Telling) -> None:
    client = parts()
    for region in (REGION, EUROPE):
        client_of("ecr", region=region).create_repository(repositoryName="web")
    create_container_recipe(client, "web server")
    configuration = distribute(client, "containers", container(REGION, "web", "newest"), container(EUROPE))
    for _ in range(2):
        build_container(client, distributionConfigurationArn=configuration)
        telling.look()
        telling.wait(60)
    build_container(client, f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0")


def imports(telling: Telling) -> None:
    client = parts()
    import_image(client, "imported")
    telling.look()
    telling.wait(60)
    import_image(client, "again", platform="Linux", vmImportTaskId=TASK)
    import_image(client, "windows", platform="Windows", vmImportTaskId="import-ami-00000000000000000")


def machines(telling: Telling) -> None:
    client, ec2 = parts(), client_of("ec2")
    task = import_machine(ec2, disk(), disk(), Encrypted=True, BootMode="uefi", Description="from a rack")
    telling.look()
    base = import_image(client, "legacy", vmImportTaskId=task["ImportTaskId"])
    telling.wait(60)
    with progression(IMPORTS, progression="manual", times=3):
        waiting = import_machine(ec2)["ImportTaskId"]
        import_image(client, "slow", vmImportTaskId=waiting)
        telling.look()
    recipe = client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=base)["imageRecipeArn"]
    create_image(client, imageRecipeArn=recipe, distributionConfigurationArn=DISTRIBUTION)


def disks(telling: Telling) -> None:
    client, s3 = parts(), client_of("s3")
    s3.create_bucket(Bucket="isos")
    s3.put_object(Bucket="isos", Key="Win11.iso", Body=b"a disk")
    for name in ("Windows 11", "Windows"):
        client.import_disk_image(
            name=name,
            semanticVersion="1.0.0",
            platform="Windows",
            osVersion="Microsoft Windows 11",
            infrastructureConfigurationArn=INFRASTRUCTURE,
            uri="s3://isos/Win11.iso",
        )
        telling.wait(60)
        telling.look()


# ---- how builds end ----


def builds_that_end_early(telling: Telling) -> None:
    client, control = parts(), telling.control
    control.fail_next_build("TESTING", reason="red")
    create_image(client, distributionConfigurationArn=DISTRIBUTION)
    telling.look()
    control.progress("manual")
    cancelled = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    control.advance(cancelled, to="INTEGRATING")
    telling.look()
    client.cancel_image_creation(imageBuildVersionArn=cancelled)


def retried_builds(telling: Telling) -> None:
    client, control = parts(), telling.control
    for stage in ("TESTING", "DISTRIBUTING", "INTEGRATING"):
        control.fail_next_build(stage)
        image = create_image(client, distributionConfigurationArn=DISTRIBUTION)
        telling.wait(60)
        telling.look()
        client.retry_image(imageBuildVersionArn=image)
        telling.wait(60)


def deleted_images(telling: Telling) -> None:
    client = parts()
    arn = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    telling.wait(60)
    client.delete_image(imageBuildVersionArn=arn)
    telling.look()


def own_workflows(telling: Telling) -> None:
    client = parts()
    image_id = "$.stepOutputs.Create.imageId"
    build = create_workflow(
        client, "BUILD", LAUNCH, CREATE, TERMINATE, outputs=[{"name": "ImageId", "value": image_id}]
    )
    test = create_workflow(client, "TEST", LAUNCH, WAIT, CREATE, TERMINATE, name="test")
    copies = {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}
    distribution = create_workflow(
        client,
        "DISTRIBUTION",
        step("Copy", "DistributeImage"),
        step("Share", "ModifyImageAttributes", copies),
        step("Publish", "ApplyImageConfigurations", copies),
        name="distribution",
    )
    build_with(client, build, test, distribution, distributionConfigurationArn=DISTRIBUTION)
    telling.wait(600)
    telling.look()
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"],
        imageBuildVersionArn=waiting["imageBuildVersionArn"],
        action="RESUME",
    )


# ---- time ----


def instances_that_stay(telling: Telling) -> None:
    client = parts()
    client.create_infrastructure_configuration(
        name="kept",
        instanceProfileName="profile",
        instanceTypes=["c7i.large"],
        keyPair="debugging",
        resourceTags={"Team": "a"},
        terminateInstanceOnFailure=False,
    )
    settings = {"infrastructureConfigurationArn": f"{ACCOUNT_BASE}:infrastructure-configuration/kept"}
    mappings = [
        {"deviceName": "/dev/xvda", "ebs": {"encrypted": True}},
        {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 9, "deleteOnTermination": False}},
    ]
    recipe = create_recipe(client, "volumes", blockDeviceMappings=mappings)
    for stage in ("BUILDING", "TESTING"):
        telling.control.fail_next_build(stage, step="ApplyBuildComponents" if stage == "BUILDING" else None)
        arn = create_image(client, imageRecipeArn=recipe, **settings)
        telling.wait(60)
        telling.look()
    client.retry_image(imageBuildVersionArn=arn)
    waits = create_workflow(client, "BUILD", LAUNCH, WAIT, CREATE, TERMINATE)
    waiting = build_with(client, waits, imageRecipeArn=recipe)
    telling.wait(60)
    telling.look()
    client.cancel_image_creation(imageBuildVersionArn=waiting)


def builds_that_take_time(telling: Telling) -> None:
    client = parts()
    telling.control.progress("time", seconds=60)
    for _ in range(3):
        create_image(client, distributionConfigurationArn=DISTRIBUTION)
        telling.wait(100)
        telling.look()
    telling.wait(3600)


def scheduled_builds(telling: Telling) -> None:
    client = parts()
    create_scheduled(client, distributionConfigurationArn=DISTRIBUTION)
    for _ in range(3):
        telling.wait(86_400)
        telling.look()
    telling.control.run_schedules(until=START + timedelta(days=5))


def lifecycles(telling: Telling) -> None:
    client = parts()
    role = create_role()
    images = []
    for _ in range(5):
        images.append(create_image(client, distributionConfigurationArn=DISTRIBUTION, tags=TAGS))
        telling.wait(60)
    telling.look()
    assert role == WITH_AMIS["executionRole"]
    update_state(client, images[0], "DEPRECATED", **WITH_AMIS)
    update_state(client, images[1], "DISABLED", **WITH_AMIS)
    update_state(client, images[2], "DELETED", executionRole=role, includeResources={"amis": True, "snapshots": True})
    telling.look()
    policy = create_policy(
        client, rule("DELETE", {"type": "COUNT", "value": 1}, include=["amis", "snapshots"]), name="clean up"
    )
    telling.wait(3 * 86_400)
    telling.control.run_lifecycle(policy)


# ---- listeners ----


def messages_and_logs(telling: Telling) -> None:
    client, control = parts(), telling.control
    infrastructure = listen(client, REGION, EUROPE)
    settings = {"infrastructureConfigurationArn": infrastructure, "distributionConfigurationArn": DISTRIBUTION}
    logging = {"loggingConfiguration": {"logGroupName": "/builds"}, "executionRole": create_role("Workflows")}
    create_image(client, **settings, **logging)
    telling.look()
    telling.wait(60)
    control.fail_next_build("BUILDING", reason="red")
    create_image(client, **settings)
    telling.wait(60)
    control.progress("manual", times=100)
    image = create_image(client, **settings)
    telling.look()
    control.advance(image, to="DISTRIBUTING")
    client.cancel_image_creation(imageBuildVersionArn=image)


def scans(telling: Telling) -> None:
    client = parts()
    inspector = client_of("inspector2")
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2", "ECR"])
    infrastructure = listen(client, REGION)
    details = {"vulnerabilityId": "CVE-2025-38064"}
    telling.control.find_vulnerabilities([{"severity": "HIGH", "packageVulnerabilityDetails": details}])
    create_image(
        client,
        infrastructureConfigurationArn=infrastructure,
        distributionConfigurationArn=DISTRIBUTION,
        imageScanningConfiguration={"imageScanningEnabled": True},
    )
    telling.look()


# ---- the examples ----


def a_gated_release(telling: Telling) -> None:
    def client(service: str, region: str, **credentials: str) -> Any:
        return boto3.client(service, region_name=region, **credentials)

    def steer(name: str, **parameters: Any) -> Any:
        telling.look()
        return getattr(telling.control, name)(**parameters)

    gated_release.run_releases(gated_release.Stage(client, steer))


def a_golden_image(telling: Telling) -> None:
    def client(service: str, region: str) -> Any:
        return client_of(service, region=region)

    golden = golden_image.build_golden_image(client)
    telling.wait(60)
    golden_image.delete_in_the_right_order(client, golden)
    telling.look()


STORIES: list[Story] = [
    distributed_builds,
    everything_that_uses_an_ami,
    encrypted_builds,
    a_chain_of_images,
    distributed_again,
    an_ami_that_is_taken_away,
    containers,
    imports,
    machines,
    disks,
    builds_that_end_early,
    retried_builds,
    deleted_images,
    own_workflows,
    instances_that_stay,
    builds_that_take_time,
    scheduled_builds,
    lifecycles,
    messages_and_logs,
    scans,
    a_gated_release,
    a_golden_image,
]
