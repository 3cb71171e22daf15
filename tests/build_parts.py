"""What a build is made from, arranged through boto3."""

from __future__ import annotations

from typing import Any

ACCOUNT_BASE = "arn:aws:imagebuilder:us-east-1:123456789012"
MANAGED_BASE = "arn:aws:imagebuilder:us-east-1:aws"
PARENT_IMAGE = f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x"
UPDATE_LINUX = f"{MANAGED_BASE}:component/update-linux/x.x.x"
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/ImageBuilderExecution"


#: What :func:`create_recipe` and :func:`create_infrastructure` make by default.
RECIPE = f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.0"
INFRASTRUCTURE = f"{ACCOUNT_BASE}:infrastructure-configuration/web-server"
PARTS = {"imageRecipeArn": RECIPE, "infrastructureConfigurationArn": INFRASTRUCTURE}


def managed_workflow(path: str, version: str = "x.x.x") -> str:
    """The ARN of one of Amazon's workflows, such as ``build/build-image``."""
    return f"{MANAGED_BASE}:workflow/{path}/{version}"


def create_recipe(client: Any, name: str = "web server", version: str = "1.0.0", **members: Any) -> str:
    members = {"components": [{"componentArn": UPDATE_LINUX}], **members}
    answer = client.create_image_recipe(name=name, semanticVersion=version, parentImage=PARENT_IMAGE, **members)
    return str(answer["imageRecipeArn"])


def create_infrastructure(client: Any, instance_profile: str, name: str = "web server") -> str:
    answer = client.create_infrastructure_configuration(name=name, instanceProfileName=instance_profile)
    return str(answer["infrastructureConfigurationArn"])


def create_distribution(client: Any, name: str = "web server", **ami: Any) -> str:
    """A distribution configuration for us-east-1; ``ami`` are members of its amiDistributionConfiguration."""
    distributions = [{"region": "us-east-1", "amiDistributionConfiguration": ami}]
    answer = client.create_distribution_configuration(name=name, distributions=distributions)
    return str(answer["distributionConfigurationArn"])


def create_pipeline(client: Any, name: str = "nightly", **members: Any) -> str:
    """A pipeline of the default recipe and infrastructure, unless ``members`` says otherwise; None leaves a member out."""
    members = {member: value for member, value in {**PARTS, **members}.items() if value is not None}
    return str(client.create_image_pipeline(name=name, **members)["imagePipelineArn"])
