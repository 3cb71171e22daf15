"""Updates of stacks: what changes in place, what is replaced, what follows, and what goes at the end."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE
from ..errors import refused
from ..refusals import not_found
from .templates import (
    STACK,
    Stacks,
    attribute,
    builds,
    component,
    container_recipe,
    distribution,
    infrastructure,
    lifecycle_policy,
    pipeline,
    recipe,
    ref,
    resource,
    stack_refused,
    template,
    with_attributes,
    workflow,
)

_VERSION = load_model().shape(load_model().shape("CreateImageRecipeRequest")["members"]["semanticVersion"]["shape"])
needs_automatic_versions = pytest.mark.skipif(
    re.fullmatch(_VERSION["pattern"], "1.0.x") is None, reason="the installed botocore does not know automatic versions"
)

PIPELINE = f"{ACCOUNT_BASE}:image-pipeline/nightly"


def get_pipeline(client: Any) -> Any:
    return client.get_image_pipeline(imagePipelineArn=PIPELINE)["imagePipeline"]


def recipes(client: Any) -> list[str]:
    return [
        entry["arn"].rpartition("image-recipe/")[2] for entry in client.list_image_recipes()["imageRecipeSummaryList"]
    ]


class TestInPlace:
    def test_a_distribution_configuration(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Distribution=distribution("one")))
        before = stacks.physical_ids()
        stacks.update(template(Distribution=distribution("two")))
        assert stacks.status() == "UPDATE_COMPLETE"
        assert stacks.physical_ids() == before
        arn = f"{ACCOUNT_BASE}:distribution-configuration/near"
        found = client.get_distribution_configuration(distributionConfigurationArn=arn)["distributionConfiguration"]
        assert found["distributions"][0]["amiDistributionConfiguration"]["description"] == "two"

    def test_what_is_left_out_is_taken_away(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Infrastructure=infrastructure(InstanceTypes=["m5.large"], Description="mine")))
        stacks.update(template(Infrastructure=infrastructure()))
        arn = f"{ACCOUNT_BASE}:infrastructure-configuration/small"
        found = client.get_infrastructure_configuration(infrastructureConfigurationArn=arn)
        assert {"instanceTypes", "description"}.isdisjoint(found["infrastructureConfiguration"])

    @pytest.mark.usefixtures("lifecycle_role")
    def test_a_lifecycle_policy(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Policy=lifecycle_policy(3)))
        stacks.update(template(Policy=lifecycle_policy(5, Status="DISABLED")))
        arn = f"{ACCOUNT_BASE}:lifecycle-policy/clean-up"
        found = client.get_lifecycle_policy(lifecyclePolicyArn=arn)["lifecyclePolicy"]
        assert (found["policyDetails"][0]["filter"]["value"], found["status"]) == (5, "DISABLED")

    def test_a_pipeline_and_its_deployment_id(self, stacks: Stacks, client: Any) -> None:
        outputs = {"Id": {"Value": attribute("DeploymentId", "Pipeline")}}
        stacks.create({**builds(), "Outputs": outputs})
        seen = [stacks.outputs()["Id"]]
        for definition in (pipeline(Tags={"a": "b"}), pipeline(Description="new"), pipeline(Status="DISABLED")):
            stacks.update({**builds(Pipeline=definition), "Outputs": outputs})
            seen.append(stacks.outputs()["Id"])
        assert seen[0] == seen[1]
        assert len(set(seen)) == 3
        assert get_pipeline(client)["status"] == "DISABLED"

    @pytest.mark.parametrize(
        ("before", "after"),
        [(None, {"Team": "web"}), ({"Team": "web", "Old": "1"}, {"Team": "db"}), ({"Team": "web"}, None)],
    )
    def test_tags_of_what_is_otherwise_replaced(
        self, stacks: Stacks, client: Any, before: dict[str, str] | None, after: dict[str, str] | None
    ) -> None:
        def body(tags: dict[str, str] | None) -> dict[str, Any]:
            return template(Component=component() if tags is None else component(Tags=tags))

        stacks.create(body(before))
        stacks.update(body(after))
        arn = f"{ACCOUNT_BASE}:component/install-nginx/1.0.0/1"
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == (after or {})

    def test_nothing_but_the_text_has_changed(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        before = get_pipeline(client)
        stacks.update(builds(Pipeline=with_attributes(pipeline(), Metadata={"by": "me"})))
        assert get_pipeline(client) == before


class TestReplacement:
    def test_a_configuration_with_another_name(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Infrastructure=infrastructure("Small")))
        stacks.update(template(Infrastructure=infrastructure("Large")))
        assert stacks.physical_ids() == {"Infrastructure": "infrastructure-configuration/large"}
        found = client.list_infrastructure_configurations()["infrastructureConfigurationSummaryList"]
        assert [entry["name"] for entry in found] == ["Large"]

    def test_a_component_with_other_content_is_the_next_build(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=component(command="uptime")))
        stacks.update(template(Component=component(command="date")))
        assert stacks.physical_ids() == {"Component": "component/install-nginx/1.0.0/2"}
        arn = f"{ACCOUNT_BASE}:component/install-nginx/1.0.0"
        found = client.list_component_build_versions(componentVersionArn=arn)["componentSummaryList"]
        assert [entry["arn"] for entry in found] == [f"{arn}/2"]

    def test_a_workflow(self, stacks: Stacks) -> None:
        stacks.create(template(Workflow=workflow("1.0.0")))
        stacks.update(template(Workflow=workflow("1.1.0")))
        assert stacks.physical_ids() == {"Workflow": "workflow/test/ask/1.1.0/1"}

    def test_a_container_recipe(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=component(), Recipe=container_recipe()))
        stacks.update(template(Component=component(), Recipe=container_recipe("1.0.1")))
        found = client.list_container_recipes()["containerRecipeSummaryList"]
        assert [entry["arn"] for entry in found] == [f"{ACCOUNT_BASE}:container-recipe/web-container/1.0.1"]

    @needs_automatic_versions
    def test_versions_that_count_by_themselves(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds(Recipe=recipe("1.0.x")))
        assert recipes(client) == ["web-server/1.0.1"]
        stacks.update(builds(Recipe=recipe("1.0.x", Description="new")))
        assert recipes(client) == ["web-server/1.0.2"]
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.2")

    def test_the_same_version_again_is_refused(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        with pytest.raises(stacks.client.exceptions.ClientError, match="identifier 'Web Server' already exists"):
            stacks.update(builds(Recipe=recipe(Description="new")))
        assert recipes(client) == ["web-server/1.0.0"]
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.0")

    @pytest.mark.parametrize(
        "before", [infrastructure(), {"Type": "AWS::SQS::Queue"}], ids=lambda before: before["Type"]
    )
    def test_a_resource_of_another_type(self, stacks: Stacks, client: Any, before: dict[str, Any]) -> None:
        stacks.create(template(Thing=before))
        with stack_refused(
            "Update of resource type is not permitted. "
            "The new template modifies resource type of the following resources: [Thing]"
        ):
            stacks.update(template(Thing=distribution()))
        assert client.list_distribution_configurations()["distributionConfigurationSummaryList"] == []

    def test_what_is_replaced_may_be_retained(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        stacks.update(builds(Recipe=with_attributes(recipe("1.0.1"), UpdateReplacePolicy="Retain")))
        assert recipes(client) == ["web-server/1.0.0", "web-server/1.0.1"]


class TestFollowing:
    def test_the_pipeline_follows_the_recipe(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        stacks.update(builds(Recipe=recipe("1.0.1")))
        assert recipes(client) == ["web-server/1.0.1"]
        assert get_pipeline(client)["imageRecipeArn"] == f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.1"

    @needs_automatic_versions
    @pytest.mark.parametrize(
        "reference",
        [
            {"Ref": "Component"},
            {"Fn::GetAtt": ["Component", "Arn"]},
            {"Fn::Sub": "${Component}"},
            {"Fn::Sub": "${Component.Arn}"},
            {"Fn::Sub": ["${It}", {"It": {"Ref": "Component"}}]},
            {"Fn::Join": ["", [{"Ref": "Component"}]]},
        ],
        ids=json.dumps,
    )
    def test_everything_follows_a_component(self, stacks: Stacks, client: Any, reference: Any) -> None:
        def body(version: str, recipe_version: str) -> dict[str, Any]:
            components = [{"ComponentArn": reference}]
            return builds(Component=component(version), Recipe=recipe(recipe_version, Components=components))

        stacks.create(body("1.0.0", "1.0.x"))
        # moto sees that the component differs, and nothing else.
        stacks.update(body("1.1.0", "1.0.x"))
        assert recipes(client) == ["web-server/1.0.2"]
        found = client.get_image_recipe(imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.2")["imageRecipe"]
        assert found["components"] == [{"componentArn": f"{ACCOUNT_BASE}:component/install-nginx/1.1.0/1"}]
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.2")
        assert len(client.list_components(owner="Self")["componentVersionList"]) == 1

    def test_the_order_of_a_template_does_not_matter(self, stacks: Stacks, client: Any) -> None:
        def body(version: str) -> dict[str, Any]:
            return {"Resources": dict(reversed(builds(Recipe=recipe(version))["Resources"].items()))}

        stacks.create(body("1.0.0"))
        stacks.update(body("1.0.1"))
        assert recipes(client) == ["web-server/1.0.1"]
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.1")

    def test_what_is_new_refers_to_the_replacement(self, stacks: Stacks, client: Any) -> None:
        parts = template(Component=component(), Recipe=recipe(), Infrastructure=infrastructure())
        stacks.create(parts)
        stacks.update(builds(Recipe=recipe("2.0.0")))
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/2.0.0")
        assert stacks.physical_ids()["Pipeline"] == "image-pipeline/nightly"

    def test_a_change_set(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds(Pipeline=None))
        body = json.dumps(builds(Recipe=recipe("1.0.1")))
        change_set = {"StackName": STACK, "ChangeSetName": "next"}
        stacks.client.create_change_set(**change_set, TemplateBody=body, ChangeSetType="UPDATE")
        changes = stacks.client.describe_change_set(**change_set)["Changes"]
        told = {
            (change["ResourceChange"]["LogicalResourceId"], change["ResourceChange"]["Action"]) for change in changes
        }
        assert told == {("Pipeline", "Add"), ("Recipe", "Modify")}
        stacks.client.execute_change_set(**change_set)
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.1")

    def test_a_parameter_of_the_template(self, stacks: Stacks, client: Any) -> None:
        body = json.dumps({**builds(Recipe=recipe(ref("Version"))), "Parameters": {"Version": {"Type": "String"}}})

        def given(version: str) -> Any:
            return [{"ParameterKey": "Version", "ParameterValue": version}]

        stacks.client.create_stack(StackName=STACK, TemplateBody=body, Parameters=given("1.0.0"))
        stacks.client.update_stack(StackName=STACK, TemplateBody=body, Parameters=given("1.0.1"))
        assert get_pipeline(client)["imageRecipeArn"].endswith("web-server/1.0.1")
        assert recipes(client) == ["web-server/1.0.1"]


class TestTheEnd:
    def test_what_the_template_has_no_longer_goes(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        # The recipe cannot be deleted before the pipeline, and comes before it.
        stacks.update(template(Infrastructure=infrastructure()))
        assert recipes(client) == []
        with not_found("ImagePipeline", PIPELINE):
            get_pipeline(client)

    def test_a_pipeline_that_changes_to_another_recipe(self, stacks: Stacks, client: Any) -> None:
        other = resource("ImageRecipe", Name="Other", Version="1.0.0", ParentImage="ami-0123456789abcdef0")
        other = {**other, "Properties": {**recipe()["Properties"], "Name": "Other"}}
        stacks.create(builds())
        stacks.update(builds(Recipe=None, Other=other, Pipeline=pipeline(ImageRecipeArn=ref("Other"))))
        assert recipes(client) == ["other/1.0.0"]
        assert get_pipeline(client)["imageRecipeArn"].endswith("other/1.0.0")

    def test_what_cannot_be_deleted_stays(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=component(), Recipe=recipe(), Infrastructure=infrastructure()))
        client.create_image_pipeline(
            name="nightly",
            imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.0",
            infrastructureConfigurationArn=f"{ACCOUNT_BASE}:infrastructure-configuration/small",
        )
        stacks.update(template(Component=component(), Recipe=recipe("1.0.1"), Infrastructure=infrastructure()))
        assert stacks.status() == "UPDATE_COMPLETE"
        assert recipes(client) == ["web-server/1.0.0", "web-server/1.0.1"]

    def test_what_is_retained_stays(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=with_attributes(component(), DeletionPolicy="Retain"), Other=infrastructure()))
        stacks.update(template(Other=infrastructure()))
        assert len(client.list_components(owner="Self")["componentVersionList"]) == 1

    def test_an_update_that_fails_deletes_nothing(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds(Unused=workflow()))
        with pytest.raises(stacks.client.exceptions.ClientError, match="HandlerErrorCode: InvalidRequest"):
            stacks.update(builds(Component=component("1.x.x")))
        assert len(client.list_workflows(owner="Self")["workflowVersionList"]) == 1
        assert recipes(client) == ["web-server/1.0.0"]

    def test_a_refused_update_in_place_changes_nothing(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Distribution=distribution("one")))
        with pytest.raises(stacks.client.exceptions.ClientError, match="At least one distribution should be provided"):
            stacks.update(template(Distribution=resource("DistributionConfiguration", Name="Near", Distributions=[])))
        arn = f"{ACCOUNT_BASE}:distribution-configuration/near"
        found = client.get_distribution_configuration(distributionConfigurationArn=arn)["distributionConfiguration"]
        assert found["distributions"][0]["amiDistributionConfiguration"]["description"] == "one"

    def test_outside_of_updates_the_rules_are_the_services(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds())
        stacks.update(builds(Recipe=recipe("1.0.1")))
        arn = f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.1"
        with refused(
            "ResourceDependencyException",
            400,
            f"Resource dependency error: The resource ARN '{arn}' has other resources depended on it.",
        ):
            client.delete_image_recipe(imageRecipeArn=arn)
