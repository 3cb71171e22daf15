"""Valid requests made from the model: what is written by hand is one example for each pattern."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import find
from hypothesis import strategies as st

from .model import SHAPES, members

ACCOUNT = "123456789012"
REGION = "us-east-1"
_UUID = "01234567-89ab-cdef-0123-456789abcdef"


def arn(path: str, region: str = REGION, account: str = ACCOUNT) -> str:
    """An ARN of the service, such as ``arn("image/not-there/1.0.0/1")``."""
    return f"arn:aws:imagebuilder:{region}:{account}:{path}"


#: A value for every shape with a pattern that requests can contain. No resource of these names is ever created.
EXAMPLES: dict[str, str] = {
    "AccountId": "210987654321",
    "AmiNameString": "golden {{ imagebuilder:buildDate }}",
    "AmiWatermarkName": "golden watermark 1",
    "ComponentBuildVersionArn": arn("component/not-there/1.0.0/1"),
    "ComponentParameterName": "Greeting",
    "ComponentParameterValue": "hello",
    "ComponentVersionArn": arn("component/not-there/1.0.0"),
    "ComponentVersionArnOrBuildVersionArn": arn("component/not-there/1.x.x"),
    "ContainerRecipeArn": arn("container-recipe/not-there/1.0.0"),
    "DistributionConfigurationArn": arn("distribution-configuration/not-there"),
    "FilterName": "name",
    "FilterValue": "web",
    "HttpTokens": "required",
    "ImageBuildVersionArn": arn("image/not-there/1.0.0/1"),
    "ImageBuilderArn": arn("infrastructure-configuration/not-there"),
    "ImagePipelineArn": arn("image-pipeline/not-there"),
    "ImageRecipeArn": arn("image-recipe/not-there/1.0.0"),
    "ImageVersionArn": arn("image/not-there/1.0.0"),
    "ImageVersionArnOrBuildVersionArn": arn("image/not-there/1.0.x"),
    "InfrastructureConfigurationArn": arn("infrastructure-configuration/not-there"),
    "InlineComponentData": "schemaVersion: 1.0",
    "InlineDockerFileTemplate": "FROM {{{ imagebuilder:parentImage }}}",
    "InlineWorkflowData": "schemaVersion: 1.0",
    "InstanceProfileNameType": "EC2InstanceProfileForImageBuilder",
    "LaunchTemplateId": "lt-0123456789abcdef0",
    "LicenseConfigurationArn": (
        f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-0123456789abcdef0123456789abcdef"
    ),
    "LifecycleExecutionId": f"lce-{_UUID}",
    "LifecyclePolicyArn": arn("lifecycle-policy/not-there"),
    "LogGroupName": "/aws/imagebuilder/golden",
    "MarketplaceResourceLocation": "s3://bucket/key.yml",
    "OrganizationArn": f"arn:aws:organizations::{ACCOUNT}:organization/o-0123456789",
    "OrganizationalUnitArn": f"arn:aws:organizations::{ACCOUNT}:ou/o-0123456789/ou-0123-01234567",
    "ParallelGroup": "group-1",
    "ResourceName": "Not There",
    "RoleNameOrArn": f"arn:aws:iam::{ACCOUNT}:role/service-role/image-builder",
    "SnsTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:golden-images",
    "SsmParameterName": "/golden/ami",
    "TagKey": "CostCenter",
    "Timezone": "Europe/Berlin",
    "UserDataOverride": "IyEvYmluL2Jhc2gK",
    "VersionNumber": "1.0.0",
    "WildcardVersionNumber": "1.0.x",
    "WorkflowBuildVersionArn": arn("workflow/build/not-there/1.0.0/1"),
    "WorkflowExecutionId": f"wf-{_UUID}",
    "WorkflowParameterName": "waitForAction",
    "WorkflowParameterValue": "true",
    "WorkflowStepExecutionId": f"step-{_UUID}",
    "WorkflowVersionArnOrBuildVersionArn": arn("workflow/test/not-there/x.x.x"),
    "WorkflowWildcardVersionArn": arn("workflow/build/not-there/1.x.x"),
}


def example_request(operation: str, full: bool = False) -> dict[str, Any]:
    """The members of a request that the model accepts: the required ones, or with ``full`` all of them, deeply."""
    return {member.name: example(member.shape, full) for member in members(operation) if full or member.required}


def example(shape_name: str, full: bool = False) -> Any:
    """A valid value of a shape, in JSON's types."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if kind == "structure":
        required = shape.get("required", ())
        return {
            name: example(reference["shape"], full)
            for name, reference in shape["members"].items()
            if full or name in required
        }
    if kind == "list":
        return [example(shape["member"]["shape"], full) for _ in range(max(1, shape.get("min", 1)))]
    if kind == "map":
        return {example(shape["key"]["shape"]): example(shape["value"]["shape"], full)}
    if kind == "string":
        return _text(shape_name)
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return 1767225600
    return shape.get("min", 1)


def _text(shape_name: str) -> str:
    shape = SHAPES[shape_name]
    low, high = shape.get("min", 0), shape.get("max", 1024)
    if "enum" in shape:
        return str(shape["enum"][0])
    if shape_name in EXAMPLES:
        return EXAMPLES[shape_name]
    if "pattern" in shape:
        # A shape that came after this table was written.
        texts = st.from_regex(re.compile(shape["pattern"]), fullmatch=True)
        return str(find(texts, lambda text: bool(text) and low <= len(text) <= high))
    length: int = max(low, min(high, len("example")))
    return ("example" * (length // len("example") + 1))[:length]
