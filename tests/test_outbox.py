"""Whether what a build leaves in EC2 waits for somebody to look there, or is there at once, nobody can tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import count
from typing import Any

import boto3
import pytest
import time_machine

from mock_imagebuilder import Control, imagebuilder_backends, mock_imagebuilder

from .build_parts import create_infrastructure, create_recipe
from .conftest import ACCOUNT, REGION
from .cross_account import let_copies_in
from .images import TASK, client_of, create_image, import_image, own_amis
from .vm_roles import create_vm_role

OTHER_ACCOUNT = "210987654321"
EUROPE = "eu-west-1"
PARAMETER = "/imagebuilder/web"
PLACES = [(ACCOUNT, REGION), (ACCOUNT, EUROPE), (OTHER_ACCOUNT, EUROPE)]

Look = Callable[[], None]
Story = Callable[[Control, Look], Any]


def parts() -> Any:
    """An Image Builder client, and in its account all that a build needs, with outputs in three places."""
    iam = boto3.client("iam", region_name=REGION)
    iam.create_instance_profile(InstanceProfileName="profile")
    create_vm_role(iam, "Exporter")
    let_copies_in(OTHER_ACCOUNT)
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="exports")
    client: Any = boto3.client("imagebuilder", region_name=REGION)
    create_recipe(client, description="a web server", amiTags={"Team": "a"})
    create_infrastructure(client, "profile")
    export = {"roleName": "Exporter", "diskImageFormat": "RAW", "s3Bucket": "exports", "s3Prefix": "disks/"}
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


DISTRIBUTION = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/everywhere"


# ---- stories ----


def distributed_builds(_control: Control, look: Look) -> Any:
    client = parts()
    for _ in range(2):
        create_image(client, distributionConfigurationArn=DISTRIBUTION)
        look()
    return client


def imports(_control: Control, look: Look) -> Any:
    client = parts()
    import_image(client, "imported")
    look()
    import_image(client, "again", platform="Linux", vmImportTaskId=TASK)
    import_image(client, "windows", platform="Windows", vmImportTaskId="import-ami-00000000000000000")
    return client


def builds_that_end_early(control: Control, look: Look) -> Any:
    client = parts()
    control.fail_next_build("TESTING", reason="red")
    create_image(client, distributionConfigurationArn=DISTRIBUTION)
    look()
    control.progress("manual")
    cancelled = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    control.advance(cancelled, to="INTEGRATING")
    look()
    client.cancel_image_creation(imageBuildVersionArn=cancelled)
    return client


def an_ami_that_is_taken_away(control: Control, look: Look) -> Any:
    client = parts()
    control.progress("manual")
    arn = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    control.advance(arn, to="DISTRIBUTING")
    look()
    (ami,) = own_amis()
    boto3.client("ec2", region_name=REGION).deregister_image(ImageId=ami["ImageId"])
    for _ in range(5):
        client.get_image(imageBuildVersionArn=arn)
    return client


def deleted_images(_control: Control, look: Look) -> Any:
    client = parts()
    arn = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    client.delete_image(imageBuildVersionArn=arn)
    look()
    return client


def a_chain_of_images(_control: Control, look: Look) -> Any:
    client = parts()
    base = create_image(client)
    look()
    recipe = client.create_image_recipe(
        name="child",
        semanticVersion="1.0.0",
        parentImage=base,
        components=[{"componentArn": f"arn:aws:imagebuilder:{REGION}:aws:component/update-linux/x.x.x"}],
    )["imageRecipeArn"]
    create_image(client, imageRecipeArn=recipe, distributionConfigurationArn=DISTRIBUTION)
    return client


def everything_that_uses_an_ami(_control: Control, look: Look) -> Any:
    client = parts()
    client.create_image_recipe(
        name="encrypted",
        semanticVersion="1.0.0",
        parentImage=f"arn:aws:imagebuilder:{REGION}:aws:image/amazon-linux-2023-x86/x.x.x",
        blockDeviceMappings=[
            {"deviceName": "/dev/xvda", "ebs": {"encrypted": True}},
            {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 9, "volumeType": "gp3"}},
        ],
        amiWatermarks=["approved"],
    )
    client_of("ec2", region=EUROPE).create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    (template,) = client_of("ec2", region=EUROPE).describe_launch_templates()["LaunchTemplates"]
    configuration = client.create_distribution_configuration(
        name="used",
        distributions=[
            {
                "region": EUROPE,
                "amiDistributionConfiguration": {},
                "launchTemplateConfigurations": [{"launchTemplateId": template["LaunchTemplateId"]}],
                "ssmParameterConfigurations": [{"parameterName": PARAMETER}],
            }
        ],
    )["distributionConfigurationArn"]
    recipe = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-recipe/encrypted/1.0.0"
    for _ in range(2):
        create_image(client, imageRecipeArn=recipe, distributionConfigurationArn=configuration)
        look()
    return client


STORIES: list[Story] = [
    everything_that_uses_an_ami,
    distributed_builds,
    imports,
    builds_that_end_early,
    an_ami_that_is_taken_away,
    deleted_images,
    a_chain_of_images,
]


# ---- what can be seen of them ----


def observations(client: Any) -> list[Any]:
    images = client.list_image_build_versions()["imageSummaryList"]
    return [
        [client.get_image(imageBuildVersionArn=image["arn"])["image"] for image in images],
        *[amis_in(*place) for place in PLACES],
        exported_disks(),
        logs_in(ACCOUNT, REGION),
        templates_and_parameters(),
    ]


def amis_in(account_id: str, region: str) -> list[Any]:
    ec2 = client_of("ec2", account_id, region)
    amis = own_amis(account_id, region)
    permissions = [
        ec2.describe_image_attribute(ImageId=ami["ImageId"], Attribute="launchPermission")["LaunchPermissions"]
        for ami in amis
    ]
    snapshots = [
        ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])["Snapshots"][0]
        for ami in amis
        for mapping in ami["BlockDeviceMappings"]
    ]
    return [amis, permissions, snapshots]


def logs_in(account_id: str, region: str) -> list[Any]:
    logs = client_of("logs", account_id, region)
    seen: list[Any] = []
    for group in logs.describe_log_groups()["logGroups"]:
        streams = logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        seen += [group, streams]
        for stream in streams:
            place = {"logGroupName": group["logGroupName"], "logStreamName": stream["logStreamName"]}
            seen.append(logs.get_log_events(**place, startFromHead=True)["events"])
    return seen


def templates_and_parameters() -> list[Any]:
    ec2, ssm = client_of("ec2", region=EUROPE), client_of("ssm", region=EUROPE)
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    versions = [
        ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])["LaunchTemplateVersions"]
        for template in templates
    ]
    return [templates, versions, ssm.get_parameters(Names=[PARAMETER])["Parameters"]]


def exported_disks() -> list[str]:
    listed = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket="exports")
    return [entry["Key"] for entry in listed.get("Contents", ())]


def without_chance(observed: list[Any]) -> str:
    """What was observed as text, with every random id replaced by its number in the order of appearance."""
    numbers = count(1)
    names: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return names.setdefault(match.group(), f"{match.group(1)}-{next(numbers)}")

    text = json.dumps(observed, indent=1, sort_keys=True, default=str)
    text = re.sub(r"\b(ami|snap|vol|lt|export-ami|i)-[0-9a-f]{8,17}\b", name, text)
    return re.sub(r"\b(?P<_>)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", name, text)


def told(story: Story, deferring: bool, looks_early: bool) -> str:
    """Everything that can be seen at the end of a story."""
    outbox = imagebuilder_backends.outbox
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
    frozen = time_machine.travel(moment, tick=False)
    with pytest.MonkeyPatch.context() as patched, frozen, mock_imagebuilder() as control:
        patched.setattr(outbox, "deferring", deferring)
        patched.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # saves most of the time

        def look() -> None:
            if looks_early:
                for place in PLACES:
                    own_amis(*place)
                logs_in(ACCOUNT, REGION)

        client = story(control, look)
        return without_chance(observations(client))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_same_is_seen_with_and_without(story: Story) -> None:
    at_once = told(story, deferring=False, looks_early=False)
    assert told(story, deferring=True, looks_early=False) == at_once
    assert told(story, deferring=True, looks_early=True) == at_once


def test_the_stories_see_something() -> None:
    """The comparison above is not one of nothings."""
    with mock_imagebuilder() as control:
        client = distributed_builds(control, lambda: None)
        assert all(imagebuilder_backends.outbox.waits_for("ec2", *place) for place in PLACES)
        assert [len(own_amis(*place)) for place in PLACES] == [2, 2, 2]
        assert not any(imagebuilder_backends.outbox.waits_for("ec2", *place) for place in PLACES)
        assert exported_disks()
        assert imagebuilder_backends.outbox.waits_for("logs", ACCOUNT, REGION)
        assert logs_in(ACCOUNT, REGION)
        assert not imagebuilder_backends.outbox.waits_for("logs", ACCOUNT, REGION)
        assert all(image["state"]["status"] == "AVAILABLE" for image in observations(client)[0])


def test_a_mock_defers_by_default() -> None:
    assert imagebuilder_backends.outbox.deferring
