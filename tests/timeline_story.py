"""Builds of which a timeline has something to show, each stage taking its time on a clock that only stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from examples.golden_image import BUCKET, create_roles, distributions
from mock_imagebuilder import Control

from .build_parts import EXECUTION_ROLE, create_infrastructure, create_recipe, managed_workflow
from .builds.workflow_runs import WAIT, create_workflow

START = "2026-03-02T07:30:00Z"
MINUTES = {"PENDING": 0.7, "CREATING": 1.2, "BUILDING": 11, "TESTING": 5, "DISTRIBUTING": 4, "INTEGRATING": 2.5}

#: Moves the clock by so many seconds.
Shift = Callable[[float], object]


class Story:
    """Two Regions, an available image after a retry, a failed one, and one that waits for an approval.

    To be told inside a mock with a clock that stands still.
    """

    def __init__(self, control: Control, shift: Shift) -> None:
        self.control = control
        self.shift = shift
        control.progress("manual", times=1_000_000)

    def tell(self) -> list[str]:
        """The ARNs of the images, in the order in which their builds began."""
        create_roles(boto3.client("iam", region_name="us-east-1"))
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        return [self.golden(), self.retried(), self.failed(), self.waiting()]

    def golden(self) -> str:
        client: Any = boto3.client("imagebuilder", region_name="us-east-1")
        recipe = create_recipe(client, "golden image")
        infrastructure = create_infrastructure(client, "GoldenImageBuilder")
        configuration = client.create_distribution_configuration(name="two Regions", distributions=distributions())
        self.pipeline = client.create_image_pipeline(
            name="Golden pipeline",
            description="The base image of all teams",
            imageRecipeArn=recipe,
            infrastructureConfigurationArn=infrastructure,
            distributionConfigurationArn=configuration["distributionConfigurationArn"],
        )["imagePipelineArn"]
        return self.step_through(self.run_pipeline(client))

    def run_pipeline(self, client: Any) -> str:
        self.shift(3600)
        return str(client.start_image_pipeline_execution(imagePipelineArn=self.pipeline)["imageBuildVersionArn"])

    def retried(self) -> str:
        client: Any = boto3.client("imagebuilder", region_name="us-east-1")
        self.control.fail_next_build("TESTING", step="ApplyTestComponents", reason="The web server does not answer.")
        image = self.step_through(self.run_pipeline(client))
        self.shift(4 * 60)
        client.retry_image(imageBuildVersionArn=image)
        return self.step_through(image)

    def failed(self) -> str:
        client: Any = boto3.client("imagebuilder", region_name="eu-west-1")
        recipe = client.create_image_recipe(
            name="web server",
            semanticVersion="2.1.0",
            parentImage="arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/x.x.x",
            components=[{"componentArn": "arn:aws:imagebuilder:eu-west-1:aws:component/update-linux/x.x.x"}],
        )["imageRecipeArn"]
        infrastructure = create_infrastructure(client, "GoldenImageBuilder")
        self.control.fail_next_build("BUILDING", match="web*")
        self.shift(1800)
        answer = client.create_image(imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure)
        return self.step_through(str(answer["imageBuildVersionArn"]))

    def waiting(self) -> str:
        client: Any = boto3.client("imagebuilder", region_name="us-east-1")
        approve = {**WAIT, "name": "Approve", "description": "Somebody of the team has to look at it."}
        gate = create_workflow(client, "TEST", approve, name="approval")
        recipe = create_recipe(client, "database", "3.0.0")
        infrastructure = create_infrastructure(client, "GoldenImageBuilder", "approved")
        self.shift(1200)
        image: str = client.create_image(
            imageRecipeArn=recipe,
            infrastructureConfigurationArn=infrastructure,
            workflows=[{"workflowArn": managed_workflow("build/build-image")}, {"workflowArn": gate}],
            executionRole=EXECUTION_ROLE,
        )["imageBuildVersionArn"]
        self.step_through(image, until="TESTING")
        self.shift(60)
        self.control.advance(image)
        self.shift(150)
        return image

    def step_through(self, image: str, until: str = "AVAILABLE") -> str:
        """Step a build to its end, or to a status."""
        status = self.control.advance(image, to=self.status_of(image))
        while status in MINUTES and status != until:
            self.shift(MINUTES[status] * 60)
            status = self.control.advance(image)
        return image

    def status_of(self, image: str) -> str:
        client = boto3.client("imagebuilder", region_name=image.split(":")[3])
        return str(client.get_image(imageBuildVersionArn=image)["image"]["state"]["status"])
