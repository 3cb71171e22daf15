"""CreateImage and GetImage: what an image shows of what it was built from."""

from __future__ import annotations

import re
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    INFRASTRUCTURE,
    MANAGED_BASE,
    PARENT_IMAGE,
    PARTS,
    RECIPE,
    UPDATE_LINUX,
    create_distribution,
    create_infrastructure,
    create_pipeline,
    create_recipe,
    managed_workflow,
)
from ..conftest import ACCOUNT
from ..images import create_image, get_image, import_image, run_on_schedule

IMAGE = f"{ACCOUNT_BASE}:image/web-server"
SERVICE_LINKED_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    with freeze_time("2023-05-17T21:14:46.385Z"):
        create_recipe(client)
        create_infrastructure(client, instance_profile)


# ---- what is shown ----


def test_create_image_answers_with_the_build_version(client: Any) -> None:
    answer = client.create_image(**PARTS, clientToken="the-first-one")
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "the-first-one",
        "imageBuildVersionArn": f"{IMAGE}/1.0.0/1",
        "latestVersionReferences": {
            "latestVersionArn": f"{IMAGE}/x.x.x",
            "latestMajorVersionArn": f"{IMAGE}/1.x.x",
            "latestMinorVersionArn": f"{IMAGE}/1.0.x",
            "latestPatchVersionArn": f"{IMAGE}/1.0.0",
        },
    }
    read = client.get_image(imageBuildVersionArn=f"{IMAGE}/1.0.0/1")
    assert read["requestId"] == read["ResponseMetadata"]["RequestId"]
    assert read["latestVersionReferences"] == answer["latestVersionReferences"]


def test_get_image_shows_what_the_image_was_built_from(client: Any) -> None:
    with freeze_time("2023-05-17T21:17:21.283Z"):
        image = get_image(client, create_image(client))
    ami = image["outputResources"]["amis"][0].pop("image")
    assert re.fullmatch("ami-[0-9a-f]{17}", ami)
    assert image == {
        "arn": f"{IMAGE}/1.0.0/1",
        "type": "AMI",
        "name": "web server",
        "version": "1.0.0/1",
        "platform": "Linux",
        "enhancedImageMetadataEnabled": True,
        "osVersion": "Amazon Linux 2023",
        "state": {"status": "AVAILABLE"},
        "imageRecipe": {
            "arn": RECIPE,
            "name": "web server",
            "platform": "Linux",
            "version": "1.0.0",
            "components": [{"componentArn": f"{MANAGED_BASE}:component/update-linux/1.0.2/1"}],
            "parentImage": f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1",
            "dateCreated": "2023-05-17T21:14:46.385Z",
            "tags": {},
            "workingDirectory": "/tmp",
        },
        "infrastructureConfiguration": {
            "arn": INFRASTRUCTURE,
            "name": "web server",
            "instanceProfileName": "EC2InstanceProfileForImageBuilder",
            "terminateInstanceOnFailure": True,
            "dateCreated": "2023-05-17T21:14:46.385Z",
            "tags": {},
        },
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 720},
        "dateCreated": "2023-05-17T21:17:21.283Z",
        "outputResources": {
            "amis": [
                {"region": "us-east-1", "name": "web server 2023-05-17T21-17-23.283000Z", "accountId": "123456789012"}
            ]
        },
        "tags": {},
        "buildType": "USER_INITIATED",
        "imageSource": "AMAZON_MANAGED",
        "executionRole": SERVICE_LINKED_ROLE,
        "workflows": [
            {"workflowArn": managed_workflow("build/build-image", "1.0.3/1")},
            {"workflowArn": managed_workflow("test/test-image", "1.0.3/1")},
        ],
    }


def test_get_image_right_after_create(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=2)
    image = get_image(client, create_image(client))
    assert image["state"] == {"status": "PENDING"}
    assert image["outputResources"] == {"amis": []}
    assert image["imageRecipe"]["parentImage"] == PARENT_IMAGE
    assert image["imageRecipe"]["components"] == [{"componentArn": UPDATE_LINUX}]
    assert {"osVersion", "imageSource"}.isdisjoint(image)


ALL_DISTRIBUTIONS: list[dict[str, Any]] = [
    {
        "region": "us-east-1",
        "amiDistributionConfiguration": {
            "name": "web {{ imagebuilder:buildDate }}",
            "description": "The web server",
            "targetAccountIds": ["123456789012", "111111111111"],
            "amiTags": {"Team": "web"},
            "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/amis",
            "launchPermission": {
                "userIds": ["222222222222"],
                "organizationArns": ["arn:aws:organizations::123456789012:organization/o-abcdefghij"],
                "organizationalUnitArns": ["arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-abcdefgh"],
            },
        },
        "s3ExportConfiguration": {
            "roleName": "vmimport",
            "diskImageFormat": "VMDK",
            "s3Bucket": "disks",
            "s3Prefix": "exports/",
        },
        "licenseConfigurationArns": [
            f"arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-{7:032x}"
        ],
        "launchTemplateConfigurations": [
            {"launchTemplateId": "lt-0a1b2c3d4e5f6a7b8", "accountId": "123456789012", "setDefaultVersion": False}
        ],
    },
    {"region": "eu-west-1", "amiDistributionConfiguration": {}},
]


def test_get_image_shows_the_whole_recipe_and_configurations(client: Any, mocked: Control, iam: Any) -> None:
    mocked.progress("manual")
    recipe_arn = create_recipe(
        client,
        "Full_Recipe",
        "2.1.0",
        description="Everything at once",
        components=[{"componentArn": UPDATE_LINUX}],
        blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30, "volumeType": "gp3"}}],
        workingDirectory="/var/tmp",
        additionalInstanceConfiguration={"systemsManagerAgent": {"uninstallAfterBuild": True}},
        tags={"kind": "recipe"},
    )
    iam.create_instance_profile(InstanceProfileName="full")
    infrastructure_arn = client.create_infrastructure_configuration(
        name="Full",
        description="All settings",
        instanceTypes=["m7i.large"],
        instanceProfileName="full",
        securityGroupIds=["sg-0123456789abcdef0"],
        subnetId="subnet-0123456789abcdef0",
        logging={"s3Logs": {"s3BucketName": "logs", "s3KeyPrefix": "builds"}},
        keyPair="key",
        terminateInstanceOnFailure=False,
        resourceTags={"cost": "web"},
        instanceMetadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 2},
        tags={"kind": "infrastructure"},
    )["infrastructureConfigurationArn"]
    distribution_arn = client.create_distribution_configuration(
        name="Full", description="Everywhere", distributions=ALL_DISTRIBUTIONS, tags={"kind": "distribution"}
    )["distributionConfigurationArn"]

    arn = client.create_image(
        imageRecipeArn=recipe_arn,
        infrastructureConfigurationArn=infrastructure_arn,
        distributionConfigurationArn=distribution_arn,
    )["imageBuildVersionArn"]
    mocked.advance(arn, to="BUILDING")
    image = get_image(client, arn)
    recipe = client.get_image_recipe(imageRecipeArn=recipe_arn)["imageRecipe"]
    assert recipe.pop("owner") == ACCOUNT
    assert image["imageRecipe"] == {
        **recipe,
        "parentImage": f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1",
        "components": [{"componentArn": f"{MANAGED_BASE}:component/update-linux/1.0.2/1"}],
    }
    infrastructure = client.get_infrastructure_configuration(infrastructureConfigurationArn=infrastructure_arn)
    assert image["infrastructureConfiguration"] == infrastructure["infrastructureConfiguration"]
    assert image["infrastructureConfiguration"]["resourceTags"] == {"cost": "web"}
    assert image["distributionConfiguration"]["distributions"] == ALL_DISTRIBUTIONS
    distribution = client.get_distribution_configuration(distributionConfigurationArn=distribution_arn)
    assert image["distributionConfiguration"] == distribution["distributionConfiguration"]
    assert (image["name"], image["version"]) == ("Full_Recipe", "2.1.0/1")


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"tags": {"team": "web", "empty": ""}}, {"tags": {"team": "web", "empty": ""}}),
        ({"tags": {}}, {"tags": {}}),
        ({"enhancedImageMetadataEnabled": False}, {"enhancedImageMetadataEnabled": False}),
        ({"enhancedImageMetadataEnabled": True}, {"enhancedImageMetadataEnabled": True}),
        (
            {"imageTestsConfiguration": {"imageTestsEnabled": False}},
            {
                "imageTestsConfiguration": {"imageTestsEnabled": False, "timeoutMinutes": 720},
                "workflows": [{"workflowArn": managed_workflow("build/build-image", "1.0.3/1")}],
            },
        ),
        (
            {"imageTestsConfiguration": {"timeoutMinutes": 60}},
            {"imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 60}},
        ),
        (
            {
                "imageScanningConfiguration": {
                    "imageScanningEnabled": False,
                    "ecrConfiguration": {"containerTags": ["a"]},
                }
            },
            {
                "imageScanningConfiguration": {
                    "imageScanningEnabled": False,
                    "ecrConfiguration": {"containerTags": ["a"]},
                }
            },
        ),
        (
            {
                "workflows": [
                    {"workflowArn": managed_workflow("build/build-image")},
                    {
                        "workflowArn": managed_workflow("test/test-image"),
                        "parallelGroup": "tests",
                        "onFailure": "CONTINUE",
                    },
                ],
                "executionRole": EXECUTION_ROLE,
            },
            {
                "workflows": [
                    {"workflowArn": managed_workflow("build/build-image", "1.0.3/1")},
                    {
                        "workflowArn": managed_workflow("test/test-image", "1.0.3/1"),
                        "parallelGroup": "tests",
                        "onFailure": "CONTINUE",
                    },
                ],
                "executionRole": EXECUTION_ROLE,
            },
        ),
        ({"executionRole": "ImageBuilderExecution"}, {"executionRole": "ImageBuilderExecution"}),
        (
            {"loggingConfiguration": {"logGroupName": "/aws/imagebuilder/web"}},
            {"loggingConfiguration": {"logGroupName": "/aws/imagebuilder/web"}},
        ),
    ],
)
def test_each_setting_of_an_image_is_shown(client: Any, members: dict[str, Any], shown: dict[str, Any]) -> None:
    image = get_image(client, create_image(client, **members))
    assert {member: image[member] for member in shown} == shown


def test_what_is_not_given_is_not_shown(client: Any) -> None:
    image = get_image(client, create_image(client))
    absent = {"distributionConfiguration", "imageScanningConfiguration", "loggingConfiguration", "sourcePipelineArn"}
    assert absent.isdisjoint(image)
    assert {"sourcePipelineName", "containerRecipe", "scanState", "owner"}.isdisjoint(image)


def test_without_metadata_the_os_version_is_unknown(client: Any) -> None:
    assert "osVersion" not in get_image(client, create_image(client, enhancedImageMetadataEnabled=False))


def test_the_build_type_says_who_started_the_build(client: Any) -> None:
    pipeline_arn = create_pipeline(client)
    by_hand = client.start_image_pipeline_execution(imagePipelineArn=pipeline_arn)["imageBuildVersionArn"]
    arns = [create_image(client), by_hand, run_on_schedule(pipeline_arn), import_image(client)]
    images = [get_image(client, arn) for arn in arns]
    assert [image["buildType"] for image in images] == ["USER_INITIATED", "USER_INITIATED", "SCHEDULED", "IMPORT"]
    assert [image.get("sourcePipelineArn") for image in images] == [None, pipeline_arn, pipeline_arn, None]


def test_an_image_has_the_name_of_its_recipe_and_an_arn_with_its_slug(client: Any) -> None:
    create_recipe(client, "My_Basic Recipe", "2019.12.03")
    arn = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/my-basic-recipe/2019.x.x")
    assert arn == f"{ACCOUNT_BASE}:image/my-basic-recipe/2019.12.03/1"
    image = get_image(client, arn)
    assert (image["name"], image["version"]) == ("My_Basic Recipe", "2019.12.03/1")


@pytest.mark.parametrize(
    ("parent_image", "source", "os_version"),
    [
        (PARENT_IMAGE, "AMAZON_MANAGED", "Amazon Linux 2023"),
        (f"{MANAGED_BASE}:image/ubuntu-server-22-lts-x86/x.x.x", "AMAZON_MANAGED", "Ubuntu 22"),
        (f"{ACCOUNT_BASE}:image/imported/x.x.x", "IMPORTED", "CentOS 9"),
        (f"{ACCOUNT_BASE}:image/web-server/1.0.0/1", "CUSTOM", "Amazon Linux 2023"),
        ("prod-abcdefghijklm", "AWS_MARKETPLACE", None),
    ],
)
def test_the_image_source_is_that_of_the_parent_image(
    client: Any, parent_image: str, source: str, os_version: str | None
) -> None:
    import_image(client, osVersion="CentOS 9")
    create_image(client)
    client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=parent_image)
    image = get_image(client, create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/child/1.0.0"))
    assert image["imageSource"] == source
    assert image.get("osVersion") == os_version


# ---- snapshots ----


def test_an_image_keeps_what_it_was_built_from(client: Any, iam: Any) -> None:
    distribution_arn = create_distribution(client, description="before")
    arn = create_image(client, distributionConfigurationArn=distribution_arn)
    before = get_image(client, arn)
    iam.create_instance_profile(InstanceProfileName="other")
    client.update_infrastructure_configuration(
        infrastructureConfigurationArn=INFRASTRUCTURE, instanceProfileName="other", description="after"
    )
    client.update_distribution_configuration(
        distributionConfigurationArn=distribution_arn,
        description="after",
        distributions=[{"region": "eu-west-1", "amiDistributionConfiguration": {}}],
    )
    for resource_arn in (RECIPE, INFRASTRUCTURE, distribution_arn):
        client.tag_resource(resourceArn=resource_arn, tags={"changed": "after the build"})
    assert get_image(client, arn) == before
    later = get_image(client, create_image(client, distributionConfigurationArn=distribution_arn))
    assert later["infrastructureConfiguration"]["instanceProfileName"] == "other"
    assert [entry["region"] for entry in later["distributionConfiguration"]["distributions"]] == ["eu-west-1"]
    for part in ("imageRecipe", "infrastructureConfiguration", "distributionConfiguration"):
        assert later[part]["tags"] == {"changed": "after the build"}
        assert before[part]["tags"] == {}

    client.delete_image_recipe(imageRecipeArn=RECIPE)
    client.delete_infrastructure_configuration(infrastructureConfigurationArn=INFRASTRUCTURE)
    client.delete_distribution_configuration(distributionConfigurationArn=distribution_arn)
    assert get_image(client, arn) == before


def test_tags_of_the_image_itself_can_be_changed(client: Any) -> None:
    arn = create_image(client, tags={"team": "web", "stage": "beta"})
    client.tag_resource(resourceArn=arn, tags={"stage": "gold"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert get_image(client, arn)["tags"] == {"stage": "gold"}
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "gold"}
