"""The seam changes moto's CloudFormation. Each test names the assumption about moto that it checks."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import boto3
from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.core.common_models import CloudFormationModel
from moto.core.model_instances import model_data

from mock_imagebuilder import Control, moto_seam
from mock_imagebuilder.imagebuilder.cloudformation import resources
from mock_imagebuilder.imagebuilder.cloudformation.types import TYPES

from .conftest import ACCOUNT, REGION


def test_moto_finds_types_among_the_direct_subclasses_of_its_model() -> None:
    ours = {
        model.cloudformation_type()
        for model in CloudFormationModel.__subclasses__()
        if issubclass(model, resources.StackResource)
    }
    assert ours == {type_.full_name for type_ in TYPES.values()}
    assert ours <= parsing.get_model_map().keys()


def test_moto_has_none_of_the_types() -> None:
    """When it gets them, ours have to step aside."""
    others = [
        model
        for model in CloudFormationModel.__subclasses__()
        if model.cloudformation_type().startswith("AWS::ImageBuilder::")
        and not issubclass(model, resources.StackResource)
    ]
    assert others == []


def test_motos_dashboard_knows_the_first_class_of_a_name() -> None:
    """So that of the service, and not that of stacks."""
    known: dict[str, Any] = model_data["imagebuilder"]
    for name in TYPES:
        assert not issubclass(known[name], resources.StackResource)


def test_moto_keeps_no_list_of_a_stacks_resources() -> None:
    before = list(resources.Component.instances_tracked)  # type: ignore[attr-defined]
    resources.Component("123456789012", REGION, "It")
    assert resources.Component.instances_tracked == before == []  # type: ignore[attr-defined]


def test_the_methods_that_are_changed() -> None:
    moto_seam.add_stack_resources()
    parameters: dict[Any, list[str]] = {
        parsing.ResourceMap.update: ["self", "template", "parameters"],
        parsing.ResourceMap.build_resource_diff: ["self", "other_template", "parameters"],
        CloudFormationBackend.describe_stacks: ["self", "name_or_stack_id"],
        CloudFormationBackend.get_stack: ["self", "name_or_stack_id"],
        CloudFormationBackend.list_stacks: ["self", "status_filter"],
    }
    for method, expected in parameters.items():
        assert method.__module__.startswith("moto.")
        assert inspect.unwrap(method) is not method, f"{method} has not been changed"
        assert list(inspect.signature(method).parameters) == expected


def test_what_a_stack_that_waits_is_completed_with() -> None:
    for name in ("_add_stack_event", "_create_output_map", "mark_creation_complete"):
        assert callable(getattr(Stack, name))
    assert list(inspect.signature(parsing.ResourceMap.creation_complete).parameters) == ["self"]


def test_an_update_deletes_adds_and_modifies_in_this_order(mocked: Control) -> None:
    """And asks for the differences within the update."""
    source = inspect.getsource(inspect.unwrap(parsing.ResourceMap.update))
    places = [source.index(text) for text in ("build_resource_diff", '["Remove"]', '["Add"]', '["Modify"]')]
    assert places == sorted(places)


def test_stacks_of_other_services_are_as_they_were(mocked: Control) -> None:
    client: Any = boto3.client("cloudformation", region_name=REGION)
    queue = '{"Resources": {"%s": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "%s"}}}}'
    client.create_stack(StackName="queues", TemplateBody=queue % ("First", "one"))
    assert client.describe_stacks(StackName="queues")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    client.update_stack(StackName="queues", TemplateBody=queue % ("Second", "two"))
    urls = boto3.client("sqs", region_name=REGION).list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["two"]
    client.delete_stack(StackName="queues")
    assert client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"][0]["StackName"] == "queues"


def test_moto_can_delete_by_the_physical_id(client: Any) -> None:
    """It does, where a resource's own ``delete`` does not work out."""
    ami = {"region": REGION, "amiDistributionConfiguration": {"description": "x"}}
    arn = client.create_distribution_configuration(name="near", distributions=[ami])["distributionConfigurationArn"]
    definition = {"Type": "AWS::ImageBuilder::DistributionConfiguration"}
    parsing.parse_and_delete_resource(arn, definition, ACCOUNT, REGION)
    assert client.list_distribution_configurations()["distributionConfigurationSummaryList"] == []


_LATE = """
import json
from moto import mock_aws
import boto3
with mock_aws():
    client = boto3.client("cloudformation", region_name="us-east-1")
    empty = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    client.create_stack(StackName="before", TemplateBody=json.dumps(empty))
    import mock_imagebuilder
    client = boto3.client("cloudformation", region_name="us-east-1")
    ami = {"Region": "us-east-1", "AmiDistributionConfiguration": {"Description": "x"}}
    near = {"Type": "AWS::ImageBuilder::DistributionConfiguration", "Properties": {"Name": "near", "Distributions": [ami]}}
    client.create_stack(StackName="after", TemplateBody=json.dumps({"Resources": {"Near": near}}))
    print(client.describe_stack_resources(StackName="after")["StackResources"][0]["PhysicalResourceId"])
"""


def test_moto_has_looked_for_its_types_before_the_package_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LATE], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "arn:aws:imagebuilder:us-east-1:123456789012:distribution-configuration/near\n"


def test_the_package_does_not_import_motos_cloudformation() -> None:
    code = (
        "import sys, mock_imagebuilder; print([name for name in sys.modules if name.startswith('moto.cloudformation')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n"
