"""The story of a golden image, told with boto3 alone: ``python examples/golden_image.py``.

A component and a recipe on Amazon Linux 2023 are built by a pipeline, distributed to two Regions, exported to S3 and
handed on; a virtual machine is imported and becomes the parent of the next recipe; in the end everything is deleted, in
the only order that the service accepts. Nothing in :func:`build_golden_image` knows that the service is a mock.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from mock_imagebuilder import mock_imagebuilder

HOME = "us-east-1"
ABROAD = "eu-west-1"
PARENT_IMAGE = f"arn:aws:imagebuilder:{HOME}:aws:image/amazon-linux-2023-x86/x.x.x"
INSTANCE_PROFILE = "GoldenImageBuilder"
EXPORT_ROLE = "vmimport"
BUCKET = "golden-image-disks"
#: What EC2's ImportImage answered when the disk of the virtual machine was uploaded.
IMPORT_TASK = "import-ami-0123456789abcdef0"

COMPONENT = """\
name: InstallWebServer
schemaVersion: 1.0
parameters:
  - Package:
      type: string
      default: nginx
      description: What to install.
phases:
  - name: build
    steps:
      - name: Install
        action: ExecuteBash
        inputs:
          commands:
            - dnf install -y {{ Package }}
  - name: test
    steps:
      - name: IsInstalled
        action: ExecuteBash
        inputs:
          commands:
            - rpm -q {{ Package }}
"""

#: A boto3 client for a service and a Region, such as ``boto3.client``.
ClientFactory = Callable[[str, str], Any]


@dataclass(frozen=True)
class GoldenImage:
    """What the story has built. ARNs, the AMI ids by Region, and the key of the disk image in S3."""

    component_arn: str
    recipe_arn: str
    infrastructure_arn: str
    distribution_arn: str
    pipeline_arn: str
    image_arn: str
    status: str
    amis: dict[str, str]
    disk_key: str
    imported_image_arn: str
    imported_ami: str
    next_recipe_arn: str
    next_image_arn: str
    next_status: str


def build_golden_image(client: ClientFactory) -> GoldenImage:
    """Build everything, from an account in which nothing exists.

    :param client: makes the clients, for the mock, for its server or for AWS.
    """
    imagebuilder = client("imagebuilder", HOME)
    create_roles(client("iam", HOME))
    client("s3", HOME).create_bucket(Bucket=BUCKET)

    component_arn = imagebuilder.create_component(
        name="Install web server", semanticVersion="1.0.0", platform="Linux", data=COMPONENT
    )["componentBuildVersionArn"]
    recipe_arn = imagebuilder.create_image_recipe(
        name="Golden Image",
        semanticVersion="1.0.0",
        parentImage=PARENT_IMAGE,
        components=[{"componentArn": component_arn, "parameters": [{"name": "Package", "value": ["httpd"]}]}],
        amiTags={"CostCenter": "4711"},
    )["imageRecipeArn"]
    infrastructure_arn = imagebuilder.create_infrastructure_configuration(
        name="Small instances", instanceProfileName=INSTANCE_PROFILE, instanceTypes=["t3.small"]
    )["infrastructureConfigurationArn"]
    distribution_arn = imagebuilder.create_distribution_configuration(
        name="Two Regions", distributions=distributions()
    )["distributionConfigurationArn"]
    pipeline_arn = imagebuilder.create_image_pipeline(
        name="Golden Pipeline",
        imageRecipeArn=recipe_arn,
        infrastructureConfigurationArn=infrastructure_arn,
        distributionConfigurationArn=distribution_arn,
        schedule={"scheduleExpression": "cron(0 3 ? * sun *)", "timezone": "Europe/Berlin"},
    )["imagePipelineArn"]

    image_arn = imagebuilder.start_image_pipeline_execution(imagePipelineArn=pipeline_arn)["imageBuildVersionArn"]
    image = wait_for(imagebuilder, image_arn)
    amis = {region: find_ami(client("ec2", region), image_arn) for region in (HOME, ABROAD)}
    (disk,) = client("s3", HOME).list_objects_v2(Bucket=BUCKET, Prefix="disks/")["Contents"]

    imported_image_arn = imagebuilder.import_vm_image(
        name="Legacy Server", semanticVersion="1.0.0", platform="Linux", vmImportTaskId=IMPORT_TASK
    )["imageArn"]
    imported = wait_for(imagebuilder, imported_image_arn)
    next_recipe_arn = imagebuilder.create_image_recipe(
        name="Modern Legacy Server",
        semanticVersion="1.0.0",
        parentImage=imported_image_arn,
        components=[{"componentArn": component_arn}],
    )["imageRecipeArn"]
    next_image_arn = imagebuilder.create_image(
        imageRecipeArn=next_recipe_arn, infrastructureConfigurationArn=infrastructure_arn
    )["imageBuildVersionArn"]

    return GoldenImage(
        component_arn=component_arn,
        recipe_arn=recipe_arn,
        infrastructure_arn=infrastructure_arn,
        distribution_arn=distribution_arn,
        pipeline_arn=pipeline_arn,
        image_arn=image_arn,
        status=image["state"]["status"],
        amis=amis,
        disk_key=disk["Key"],
        imported_image_arn=imported_image_arn,
        imported_ami=imported["outputResources"]["amis"][0]["image"],
        next_recipe_arn=next_recipe_arn,
        next_image_arn=next_image_arn,
        next_status=wait_for(imagebuilder, next_image_arn)["state"]["status"],
    )


def create_roles(iam: Any) -> None:
    """The instance profile of the build instances, and the role with which EC2 writes disk images to S3."""
    iam.create_instance_profile(InstanceProfileName=INSTANCE_PROFILE)
    trust = {"Effect": "Allow", "Principal": {"Service": "vmie.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=EXPORT_ROLE,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )


def distributions() -> list[dict[str, Any]]:
    """Both Regions get the AMI; the one at home also exports its disk."""
    name = "golden {{ imagebuilder:buildDate }}"
    export = {"roleName": EXPORT_ROLE, "diskImageFormat": "VMDK", "s3Bucket": BUCKET, "s3Prefix": "disks/"}
    return [
        {"region": HOME, "amiDistributionConfiguration": {"name": name}, "s3ExportConfiguration": export},
        {"region": ABROAD, "amiDistributionConfiguration": {"name": name, "amiTags": {"Copy": "true"}}},
    ]


def wait_for(imagebuilder: Any, image_arn: str) -> dict[str, Any]:
    """The image, when it is available. Older versions of botocore lack the waiter: there it has to be already."""
    if "image_available" in imagebuilder.waiter_names:
        imagebuilder.get_waiter("image_available").wait(imageBuildVersionArn=image_arn)
    image: dict[str, Any] = imagebuilder.get_image(imageBuildVersionArn=image_arn)["image"]
    return image


def find_ami(ec2: Any, image_arn: str) -> str:
    """The AMI that carries the service's tag for this image."""
    (ami,) = ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:Ec2ImageBuilderArn", "Values": [image_arn]}])[
        "Images"
    ]
    return str(ami["ImageId"])


def delete_in_the_wrong_order(client: ClientFactory, golden: GoldenImage) -> list[str]:
    """Try to delete what others depend on; the sentences with which the service refuses."""
    imagebuilder = client("imagebuilder", HOME)
    attempts: list[tuple[Callable[..., Any], dict[str, str]]] = [
        (imagebuilder.delete_component, {"componentBuildVersionArn": golden.component_arn}),
        (imagebuilder.delete_image_recipe, {"imageRecipeArn": golden.recipe_arn}),
        (
            imagebuilder.delete_infrastructure_configuration,
            {"infrastructureConfigurationArn": golden.infrastructure_arn},
        ),
        (imagebuilder.delete_image, {"imageBuildVersionArn": golden.imported_image_arn}),
    ]
    return [refusal(delete, arguments) for delete, arguments in attempts]


def refusal(call: Callable[..., Any], arguments: dict[str, str]) -> str:
    """The sentence with which the service refuses a call."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    raise AssertionError(f"{call.__name__} is not refused")


def delete_in_the_right_order(client: ClientFactory, golden: GoldenImage) -> None:
    """Pipeline, recipes, and then all the rest. The AMIs and the disk image stay: they are the account's own."""
    imagebuilder = client("imagebuilder", HOME)
    imagebuilder.delete_image_pipeline(imagePipelineArn=golden.pipeline_arn)
    for recipe_arn in (golden.recipe_arn, golden.next_recipe_arn):
        imagebuilder.delete_image_recipe(imageRecipeArn=recipe_arn)
    for image_arn in (golden.image_arn, golden.imported_image_arn, golden.next_image_arn):
        imagebuilder.delete_image(imageBuildVersionArn=image_arn)
    imagebuilder.delete_component(componentBuildVersionArn=golden.component_arn)
    imagebuilder.delete_infrastructure_configuration(infrastructureConfigurationArn=golden.infrastructure_arn)
    imagebuilder.delete_distribution_configuration(distributionConfigurationArn=golden.distribution_arn)


def main() -> None:
    def client(service: str, region: str) -> Any:
        return boto3.client(service, region_name=region)

    with mock_imagebuilder():
        golden = build_golden_image(client)
        print(f"component     {golden.component_arn}")
        print(f"recipe        {golden.recipe_arn}")
        print(f"pipeline      {golden.pipeline_arn}")
        print(f"image         {golden.image_arn}  {golden.status}")
        for region, ami in golden.amis.items():
            print(f"  AMI         {ami}  in {region}")
        print(f"  disk        s3://{BUCKET}/{golden.disk_key}")
        print(f"imported VM   {golden.imported_image_arn}")
        print(f"  AMI         {golden.imported_ami}  in {HOME}")
        print(f"next image    {golden.next_image_arn}  {golden.next_status}")
        print("\nDeleted in the wrong order, the service refuses:")
        for refusal in delete_in_the_wrong_order(client, golden):
            print(f"  {refusal}")
        delete_in_the_right_order(client, golden)
        print("\nDeleted in the right order. The AMIs stay:")
        for region, ami in golden.amis.items():
            assert find_ami(client("ec2", region), golden.image_arn) == ami
            print(f"  {ami}  in {region}")


if __name__ == "__main__":
    main()
