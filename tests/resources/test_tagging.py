"""Tags: added, replaced and removed on every family, and seen wherever the resource is seen."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ..build_parts import MANAGED_BASE, PARTS, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import not_found
from ..taggable_resources import KINDS, create_distribution_configuration, create_taggable

BASE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}"
GETS = {
    "component": ("get_component", "componentBuildVersionArn", "component"),
    "container-recipe": ("get_container_recipe", "containerRecipeArn", "containerRecipe"),
    "distribution-configuration": (
        "get_distribution_configuration",
        "distributionConfigurationArn",
        "distributionConfiguration",
    ),
    "image": ("get_image", "imageBuildVersionArn", "image"),
    "image-pipeline": ("get_image_pipeline", "imagePipelineArn", "imagePipeline"),
    "image-recipe": ("get_image_recipe", "imageRecipeArn", "imageRecipe"),
    "infrastructure-configuration": (
        "get_infrastructure_configuration",
        "infrastructureConfigurationArn",
        "infrastructureConfiguration",
    ),
    "lifecycle-policy": ("get_lifecycle_policy", "lifecyclePolicyArn", "lifecyclePolicy"),
    "workflow": ("get_workflow", "workflowBuildVersionArn", "workflow"),
}


def tags_of(client: Any, arn: str) -> Any:
    return client.list_tags_for_resource(resourceArn=arn)["tags"]


def got_tags(client: Any, kind: str, arn: str) -> Any:
    method, parameter, member = GETS[kind]
    return getattr(client, method)(**{parameter: arn})[member]["tags"]


def parameter(name: str, rule: str) -> str:
    return f"The value supplied for parameter '{name}' is not valid. {rule}"


# ---- what the operations do ----


def test_tags_of_every_family_are_added_replaced_and_removed(client: Any, instance_profile: str) -> None:
    for kind, arn in create_taggable(client, instance_profile, tags={"Team": "a", "Stage": "test"}).items():
        assert tags_of(client, arn) == {"Team": "a", "Stage": "test"}, kind
        client.tag_resource(resourceArn=arn, tags={"Stage": "prod", "Cost Center": ""})
        assert tags_of(client, arn) == {"Team": "a", "Stage": "prod", "Cost Center": ""}
        client.untag_resource(resourceArn=arn, tagKeys=["Team", "Cost Center", "never there"])
        assert tags_of(client, arn) == {"Stage": "prod"}
        assert got_tags(client, kind, arn) == {"Stage": "prod"}
        client.untag_resource(resourceArn=arn, tagKeys=["Stage"])
        assert tags_of(client, arn) == got_tags(client, kind, arn) == {}


def test_a_resource_created_without_tags_has_an_empty_map(client: Any, instance_profile: str) -> None:
    for arn in create_taggable(client, instance_profile).values():
        assert tags_of(client, arn) == {}


def test_answers_hold_nothing_but_the_tags(client: Any) -> None:
    arn = create_distribution_configuration(client)
    answers = [
        client.tag_resource(resourceArn=arn, tags={"Team": "a"}),
        client.list_tags_for_resource(resourceArn=arn),
        client.untag_resource(resourceArn=arn, tagKeys=["Team"]),
    ]
    metadata = [answer.pop("ResponseMetadata") for answer in answers]
    assert answers == [{}, {"tags": {"Team": "a"}}, {}]
    assert [entry["HTTPStatusCode"] for entry in metadata] == [200, 200, 200]


def test_lists_show_the_tags_of_now(client: Any) -> None:
    arn = create_distribution_configuration(client, tags={"Team": "a"})
    client.tag_resource(resourceArn=arn, tags={"Team": "b"})
    (summary,) = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    assert summary["tags"] == {"Team": "b"}


def test_tagging_is_no_update(client: Any) -> None:
    arn = create_distribution_configuration(client)
    client.tag_resource(resourceArn=arn, tags={"Team": "a"})
    configuration = client.get_distribution_configuration(distributionConfigurationArn=arn)
    assert "dateUpdated" not in configuration["distributionConfiguration"]


def test_an_update_keeps_the_tags(client: Any) -> None:
    arn = create_distribution_configuration(client, tags={"Team": "a"})
    client.update_distribution_configuration(
        distributionConfigurationArn=arn, distributions=[{"region": REGION, "amiDistributionConfiguration": {}}]
    )
    assert tags_of(client, arn) == {"Team": "a"}


def test_what_an_image_was_built_from_keeps_its_tags_in_the_image(client: Any, instance_profile: str) -> None:
    recipe = create_recipe(client, tags={"Stage": "test"})
    create_infrastructure(client, instance_profile)
    image = client.create_image(**PARTS)["imageBuildVersionArn"]
    client.tag_resource(resourceArn=recipe, tags={"Stage": "prod"})
    assert client.get_image(imageBuildVersionArn=image)["image"]["imageRecipe"]["tags"] == {"Stage": "test"}


def test_builds_of_a_version_have_tags_of_their_own(client: Any, mocked: Any) -> None:
    first, second = (mocked.make_image("web", "1.0.0") for _ in range(2))
    client.tag_resource(resourceArn=second, tags={"Approved": "yes"})
    assert tags_of(client, first) == {}
    assert tags_of(client, second) == {"Approved": "yes"}


def test_tags_are_changed_while_a_build_runs(client: Any, mocked: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    mocked.progress("manual")
    image = client.create_image(**PARTS, tags={"Team": "a"})["imageBuildVersionArn"]
    client.tag_resource(resourceArn=image, tags={"Stage": "test"})
    mocked.advance(image, to="AVAILABLE")
    assert tags_of(client, image) == {"Team": "a", "Stage": "test"}


# ---- how many, and what they look like ----


def test_fifty_tags_and_no_more(client: Any) -> None:
    arn = create_distribution_configuration(client)
    client.tag_resource(resourceArn=arn, tags={f"key {number}": "x" for number in range(50)})
    client.tag_resource(resourceArn=arn, tags={"key 0": "replaced"})
    with refused("InvalidParameterException", 400, parameter("tags", "A resource can have at most 50 tags.")):
        client.tag_resource(resourceArn=arn, tags={"one more": "x", "key 1": "replaced"})
    assert len(tags_of(client, arn)) == 50
    assert tags_of(client, arn)["key 1"] == "x"
    client.untag_resource(resourceArn=arn, tagKeys=["key 1"])
    client.tag_resource(resourceArn=arn, tags={"one more": "x"})
    assert len(tags_of(client, arn)) == 50


@pytest.mark.parametrize(
    "tags",
    [
        {"a": ""},
        {"k" * 128: "v" * 256},
        {"Cost Center_1.2:/=+-@": "any text: é \u6f22 <>"},
        {"AWS:x": "upper case is another prefix"},
        {"xaws:": "only a prefix counts"},
    ],
)
def test_accepted_tags(client: Any, tags: dict[str, str]) -> None:
    arn = create_distribution_configuration(client)
    client.tag_resource(resourceArn=arn, tags=tags)
    assert tags_of(client, arn) == tags
    client.untag_resource(resourceArn=arn, tagKeys=list(tags))
    assert tags_of(client, arn) == {}


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({"aws:cloudformation": "x"}, r"tags must match pattern \S+"),
        ({"é": "x"}, r"tags must match pattern \S+"),
        ({"a*": "x"}, r"tags must match pattern \S+"),
        ({"k" * 129: "x"}, "tags must have between 1 and 128 characters"),
        ({"a": "v" * 257}, r"tags\.a must have at most 256 characters"),
        ({str(number): "x" for number in range(51)}, "tags must have between 1 and 50 entries"),
    ],
    ids=["aws prefix", "letter", "sign", "long key", "long value", "many"],
)
def test_refused_tags(client: Any, tags: dict[str, str], rule: str) -> None:
    arn = create_distribution_configuration(client, tags={"Team": "a"})
    message = re.compile(r"The value supplied for parameter '[^']+' is not valid\. " + rule)
    with refused("InvalidParameterException", 400, message):
        client.tag_resource(resourceArn=arn, tags=tags)
    assert tags_of(client, arn) == {"Team": "a"}


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        (["aws:cloudformation"], r"tagKeys\[0\] must match pattern \S+"),
        (["a", "k" * 129], r"tagKeys\[1\] must have between 1 and 128 characters"),
        ([str(number) for number in range(51)], "tagKeys must have between 1 and 50 entries"),
    ],
    ids=["aws prefix", "long key", "many"],
)
def test_refused_tag_keys(client: Any, keys: list[str], rule: str) -> None:
    arn = create_distribution_configuration(client, tags={"a": "x"})
    message = re.compile(r"The value supplied for parameter '[^']+' is not valid\. " + rule)
    with refused("InvalidParameterException", 400, message):
        client.untag_resource(resourceArn=arn, tagKeys=keys)
    assert tags_of(client, arn) == {"a": "x"}


def test_no_tags_at_all_are_refused(client: Any) -> None:
    arn = create_distribution_configuration(client)
    with refused("InvalidParameterException", 400, parameter("tags", "tags is required")):
        client.tag_resource(resourceArn=arn, tags={})
    unchecked = boto3.client("imagebuilder", region_name=REGION, config=Config(parameter_validation=False))
    with refused("InvalidParameterException", 400, parameter("tagKeys", "tagKeys is required")):
        unchecked.untag_resource(resourceArn=arn, tagKeys=[])


# ---- which ARNs have tags ----


def refuses_all(client: Any, kind: str, arn: str) -> None:
    with not_found(kind, arn):
        client.list_tags_for_resource(resourceArn=arn)
    with not_found(kind, arn):
        client.tag_resource(resourceArn=arn, tags={"a": "x"})
    with not_found(kind, arn):
        client.untag_resource(resourceArn=arn, tagKeys=["a"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("component/not-there/1.0.0/1", "Component"),
        ("container-recipe/not-there/1.0.0", "ContainerRecipe"),
        ("distribution-configuration/not-there", "DistributionConfiguration"),
        ("image/not-there/1.0.0/1", "Image"),
        ("image-pipeline/not-there", "ImagePipeline"),
        ("image-recipe/not-there/1.0.0", "ImageRecipe"),
        ("infrastructure-configuration/not-there", "InfrastructureConfiguration"),
        ("lifecycle-policy/not-there", "LifecyclePolicy"),
        ("workflow/build/not-there/1.0.0/1", "Workflow"),
        ("workflow/test/not-there/1.0.0/1", "Workflow"),
        ("workflow/distribution/not-there/1.0.0/1", "Workflow"),
        ("image/not-there/1.0.0/" + "9" * 5000, "Image"),
    ],
    ids=lambda value: value[:50],
)
def test_unknown_resources(client: Any, path: str, kind: str) -> None:
    refuses_all(client, kind, f"{BASE}:{path}")


@pytest.mark.parametrize("version", ["1.0.0", "1.0.x", "1.x.x", "x.x.x", None])
def test_only_builds_of_components_and_images_have_tags(
    client: Any, instance_profile: str, version: str | None
) -> None:
    arns = create_taggable(client, instance_profile)
    for kind in ("component", "image"):
        refuses_all(client, KINDS[kind], f"{BASE}:{kind}/web" + (f"/{version}" if version else ""))
        assert tags_of(client, arns[kind]) == {}


@pytest.mark.parametrize("path", ["web", "web/1.0.x", "web/x.x.x", "web/1.0.0/1", "web/2.0.0"])
def test_only_exact_versions_of_recipes_have_tags(client: Any, path: str) -> None:
    create_recipe(client, name="web")
    refuses_all(client, "ImageRecipe", f"{BASE}:image-recipe/{path}")


def test_what_amazon_publishes_cannot_be_tagged(client: Any) -> None:
    image = client.get_image(imageBuildVersionArn=f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x")["image"]["arn"]
    refuses_all(client, "Image", image)
    refuses_all(client, "Component", f"{MANAGED_BASE}:component/update-linux/1.0.2/1")


def test_resources_of_other_accounts_and_regions_are_not_found(client: Any) -> None:
    arn = create_distribution_configuration(client)
    refuses_all(client, KINDS["distribution-configuration"], arn.replace(ACCOUNT, "210987654321"))
    refuses_all(client, KINDS["distribution-configuration"], arn.replace(REGION, "eu-west-1"))
    refuses_all(client, KINDS["distribution-configuration"], arn.replace("arn:aws:", "arn:aws-cn:"))
    refuses_all(boto3.client("imagebuilder", region_name="eu-west-1"), KINDS["distribution-configuration"], arn)


def test_a_deleted_resource_has_no_tags_and_a_new_one_of_its_name_starts_without(client: Any) -> None:
    arn = create_distribution_configuration(client, tags={"Team": "a"})
    client.delete_distribution_configuration(distributionConfigurationArn=arn)
    refuses_all(client, KINDS["distribution-configuration"], arn)
    assert create_distribution_configuration(client) == arn
    assert tags_of(client, arn) == {}


@pytest.mark.parametrize(
    "arn",
    [
        "distribution-configuration/web",
        "arn:aws:ec2:us-east-1:123456789012:image/ami-0123456789abcdef0",
        f"{BASE}:distribution-configuration/Web",
        f"{BASE}:workflow/web/1.0.0/1",
        f"{BASE}:image/web/1.0",
        f"{BASE}:image/web/1.0.0/x",
        "arn:aws:imagebuilder:us-east-1:12345:image/web/1.0.0/1",
    ],
)
def test_what_is_no_arn_of_a_resource_is_refused(client: Any, arn: str) -> None:
    message = re.compile(
        r"The value supplied for parameter 'resourceArn' is not valid\. resourceArn must match pattern \S+"
    )
    with refused("InvalidParameterException", 400, message):
        client.list_tags_for_resource(resourceArn=arn)
    with refused("InvalidParameterException", 400, message):
        client.tag_resource(resourceArn=arn, tags={"a": "x"})
    with refused("InvalidParameterException", 400, message):
        client.untag_resource(resourceArn=arn, tagKeys=["a"])
