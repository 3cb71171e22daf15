"""Templates that nobody should write: CloudFormation answers with an error, and nothing is left behind."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_imagebuilder import mock_imagebuilder
from mock_imagebuilder.imagebuilder.cloudformation.types import TYPES

from .templates import (
    Stacks,
    builds,
    component,
    distribution,
    image,
    resource,
    run_of_pipeline,
    stack_refused,
    template,
)

WRONG = "Properties validation failed for resource {} with message:\n{}"


@pytest.mark.parametrize(
    ("value", "kind"), [([], "JSONArray"), ("x", "String"), (True, "Boolean"), (7, "Integer"), (7.5, "Number")]
)
class TestNoObject:
    def test_properties(self, stacks: Stacks, value: object, kind: str) -> None:
        rule = f"#: expected type: JSONObject, found: {kind}"
        with stack_refused(WRONG.format("It", rule)):
            stacks.create(template(It={"Type": "AWS::ImageBuilder::Component", "Properties": value}))

    def test_properties_of_an_update(self, stacks: Stacks, value: object, kind: str) -> None:
        stacks.create(template(It=distribution()))
        rule = f"#: expected type: JSONObject, found: {kind}"
        with stack_refused(WRONG.format("It", rule)):
            stacks.update(template(It={"Type": "AWS::ImageBuilder::DistributionConfiguration", "Properties": value}))

    @pytest.mark.parametrize("name", ["DeletionSettings", "ImagePipelineExecutionSettings", "ImageTestsConfiguration"])
    def test_a_property_that_should_be_one(self, stacks: Stacks, value: object, kind: str, name: str) -> None:
        rule = f"#/{name}: expected type: JSONObject, found: {kind}"
        with stack_refused(WRONG.format("Image", rule)):
            stacks.create(builds(Image=image(**{name: value})))


@pytest.mark.parametrize("name", ["DeletionSettings", "ImagePipelineExecutionSettings"])
def test_properties_that_settings_of_an_image_do_not_have(stacks: Stacks, name: str) -> None:
    with stack_refused(WRONG.format("Image", f"#/{name}: extraneous key [Colour] is not permitted")):
        stacks.create(builds(Image=resource("Image", **{name: {"Colour": "red"}})))


@pytest.mark.parametrize("tags", [[{"Key": "a", "Value": "b"}], "a=b", [], 7])
def test_tags_are_a_map(stacks: Stacks, client: Any, tags: object) -> None:
    with pytest.raises(stacks.client.exceptions.ClientError, match="tags must be an object"):
        stacks.create(template(It=component(Tags=tags)), "other")
    stacks.create(template(It=component(Tags={"a": "b"})))
    with pytest.raises(stacks.client.exceptions.ClientError, match="tags must be an object"):
        stacks.update(template(It=component(Tags=tags)))
    (version,) = client.list_components(owner="Self")["componentVersionList"]
    assert client.list_tags_for_resource(resourceArn=f"{version['arn']}/1")["tags"] == {"a": "b"}


def test_on_update_is_a_boolean_or_its_text(stacks: Stacks) -> None:
    stacks.create(builds(Image=run_of_pipeline(OnUpdate="perhaps")))
    stacks.update(builds(Image=run_of_pipeline(OnUpdate=["no"])))
    assert stacks.physical_ids()["Image"] == "image/web-server/1.0.0/1"


@pytest.mark.parametrize(
    ("name", "shown"), [("\x00", "\\x00"), ("\ufffe", "\\ufffe"), ("\ud800", "\\ud800"), ("\t", "\\t"), ("ä&<", "ä&<")]
)
def test_names_that_xml_cannot_hold(stacks: Stacks, name: str, shown: str) -> None:
    with stack_refused(WRONG.format("It", f"#: extraneous key [{shown}] is not permitted")):
        stacks.create(template(It=component(**{name: 1})))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(
    (
        *(
            "Name",
            "Version",
            "Platform",
            "Data",
            "Tags",
            "Type",
            "Distributions",
            "ImageRecipeArn",
            "Schedule",
            "Workflows",
        ),
        *(
            "InfrastructureConfigurationArn",
            "Logging",
            "ParentImage",
            "Components",
            "BlockDeviceMappings",
            "DeletionSettings",
        ),
        *(
            "ImagePipelineExecutionSettings",
            "ImageTestsConfiguration",
            "PolicyDetails",
            "ResourceSelection",
            "ResourceType",
        ),
        *("ExecutionRole", "InstanceProfileName", "BlockDeviceMappings", "Colour"),
    )
)


@given(st.sampled_from(sorted(TYPES)), st.dictionaries(_names, _json, max_size=6) | _json)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_arbitrary_properties(type_: str, properties: Any) -> None:
    with mock_imagebuilder():
        stacks = Stacks()
        body = template(It={"Type": f"AWS::ImageBuilder::{type_}", "Properties": properties})
        with pytest.raises(ClientError) as raised:
            stacks.create(body)
        assert raised.value.response["Error"]["Code"] == "ValidationError"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
