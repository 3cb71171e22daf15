"""Container recipes: what is kept of them, where the Dockerfile comes from, and what else has to exist."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from freezegun import freeze_time

from ..build_parts import MANAGED_BASE, UPDATE_LINUX
from ..conftest import ACCOUNT, REGION
from ..refusals import clashing, depended_on, invalid, not_found
from .components import create_component
from .container_recipes import ARN, DOCKERFILE, PARTS, ask, create, create_repository, delete, get, got, summaries
from .recipes import references

QUOTA = 65_536
_UNCHECKED = Config(parameter_validation=False)


@pytest.fixture(autouse=True)
def repository(client: Any) -> str:
    """The URI of the repository that the recipes of these tests name."""
    return create_repository()


# ---- create and get ----


def test_a_plain_recipe_is_answered_and_got_back(client: Any) -> None:
    with freeze_time("2026-09-09T19:30:21.183Z"):
        answer = ask(client, "My_App 1", "1.2.3", clientToken="token")
    latest = references(f"{ARN}my-app-1", "x.x.x", "1.x.x", "1.2.x", "1.2.3")
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "containerRecipeArn": f"{ARN}my-app-1/1.2.3",
        "latestVersionReferences": latest,
    }
    whole = got(client, f"{ARN}my-app-1/1.2.3")
    assert whole["latestVersionReferences"] == latest
    assert whole["containerRecipe"] == {
        "arn": f"{ARN}my-app-1/1.2.3",
        "containerType": "DOCKER",
        "name": "My_App 1",
        "platform": "Linux",
        "owner": ACCOUNT,
        "version": "1.2.3",
        "dockerfileTemplateData": DOCKERFILE,
        "encrypted": True,
        "parentImage": "amazonlinux:latest",
        "dateCreated": "2026-09-09T19:30:21.183Z",
        "tags": {},
        "targetRepository": {"service": "ECR", "repositoryName": "web"},
    }


FULL: dict[str, Any] = {
    "description": "A web server",
    "components": [{"componentArn": UPDATE_LINUX}],
    "instanceConfiguration": {
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 40, "volumeType": "gp3"}}]
    },
    "dockerfileTemplateData": "FROM {{{ imagebuilder:parentImage }}}\nRUN dnf -y update\n",
    "kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/recipes",
    "workingDirectory": "/var/build",
    "tags": {"Team": "web"},
}


def test_every_member_comes_back(client: Any) -> None:
    recipe = get(client, create(client, **FULL))
    assert {member: recipe[member] for member in FULL} == FULL


def test_overrides_decide_on_the_platform_and_are_not_shown(client: Any) -> None:
    overrides = {"platformOverride": "Windows", "imageOsVersionOverride": "Microsoft Windows Server 2022"}
    recipe = get(client, create(client, **overrides))
    assert recipe["platform"] == "Windows"
    assert overrides.keys().isdisjoint(recipe)


@pytest.mark.parametrize("member", ["containerType", "parentImage", "targetRepository"])
def test_what_a_recipe_cannot_do_without(client: Any, member: str) -> None:
    without = boto3.client("imagebuilder", region_name=REGION, config=_UNCHECKED)
    request: dict[str, Any] = {member: None}
    with invalid(member, f"{member} is required"):
        create(without, **request)
    assert summaries(client) == []


# ---- the Dockerfile template ----

TWO_WAYS = "You must specify either dockerfileTemplateData or a dockerfileTemplateUri"
BUCKET = "dockerfiles"


@pytest.fixture
def s3(client: Any) -> Any:
    """An S3 client, and a bucket."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def from_s3(client: Any, key: str, version: str = "1.0.x") -> str:
    return create(client, version=version, dockerfileTemplateData=None, dockerfileTemplateUri=f"s3://{BUCKET}/{key}")


def test_a_template_is_given_in_one_way(client: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Dockerfile", Body=b"FROM scratch")
    for given in (
        {"dockerfileTemplateData": None},
        {"dockerfileTemplateUri": f"s3://{BUCKET}/Dockerfile"},
    ):
        with invalid("dockerfileTemplateData", TWO_WAYS):
            create(client, **given)
    assert summaries(client) == []


@pytest.mark.parametrize("template", ["FROM scratch", "# nothing but a comment", " "])
def test_a_template_needs_no_placeholder(client: Any, template: str) -> None:
    recipe = get(client, create(client, components=[{"componentArn": UPDATE_LINUX}], dockerfileTemplateData=template))
    assert recipe["dockerfileTemplateData"] == template


@pytest.mark.parametrize(("template", "is_accepted"), [("x" * 16_000, True), ("x" * 16_001, False)])
def test_an_inline_template_has_a_longest_length(client: Any, template: str, is_accepted: bool) -> None:
    if is_accepted:
        assert get(client, create(client, dockerfileTemplateData=template))["dockerfileTemplateData"] == template
        return
    with invalid("dockerfileTemplateData", "dockerfileTemplateData must have between 1 and 16000 characters"):
        create(client, dockerfileTemplateData=template)


def test_a_template_in_s3_is_read_once(client: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="web/Dockerfile", Body="FROM grün\n".encode())
    recipe = get(client, from_s3(client, "web/Dockerfile"))
    assert recipe["dockerfileTemplateData"] == "FROM grün\n"
    assert "dockerfileTemplateUri" not in recipe
    s3.put_object(Bucket=BUCKET, Key="web/Dockerfile", Body=b"FROM blue\n")
    assert get(client, recipe["arn"])["dockerfileTemplateData"] == "FROM grün\n"
    assert get(client, from_s3(client, "web/Dockerfile"))["dockerfileTemplateData"] == "FROM blue\n"


@pytest.mark.parametrize("uri", ["", "s3://", "s3://bucket", "s3:///key", "https://bucket.s3.amazonaws.com/key"])
def test_another_form_of_uri_is_refused(client: Any, uri: str) -> None:
    with invalid("dockerfileTemplateUri", "Invalid S3 URI"):
        create(client, dockerfileTemplateData=None, dockerfileTemplateUri=uri)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("missing", "cannot be read: The specified key does not exist."),
        ("empty", "is not a Dockerfile template."),
        ("zero", "is not a Dockerfile template."),
        ("latin", "is not UTF-8 text."),
        ("large", "has 65537 bytes. A document can have at most 65536 bytes."),
    ],
)
def test_a_template_in_s3_can_be_read(client: Any, s3: Any, key: str, sentence: str) -> None:
    objects = {
        "empty": b"",
        "zero": b"FROM scratch\0",
        "latin": "FROM grün".encode("latin-1"),
        "large": b"#" * (QUOTA + 1),
        "fits": b"#" * QUOTA,
    }
    for name, body in objects.items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)
    with invalid("dockerfileTemplateUri", f"The object at 's3://{BUCKET}/{key}' {sentence}"):
        from_s3(client, key)
    assert summaries(client) == []
    from_s3(client, "fits")


# ---- components ----


def test_components_keep_their_order_their_arns_and_their_parameters(client: Any) -> None:
    components = [
        {
            "componentArn": f"{MANAGED_BASE}:component/stig-build-linux/x.x.x",
            "parameters": [{"name": "Level", "value": ["High"]}],
        },
        {"componentArn": UPDATE_LINUX},
    ]
    assert get(client, create(client, components=components))["components"] == components


@pytest.mark.parametrize("is_known", [True, False])
def test_components_exist(client: Any, is_known: bool) -> None:
    arn = UPDATE_LINUX if is_known else f"{MANAGED_BASE}:component/update-nothing/x.x.x"
    if is_known:
        create(client, components=[{"componentArn": arn}])
        return
    with not_found("Component", arn):
        create(client, components=[{"componentArn": arn}])


def test_components_are_for_the_platform(client: Any) -> None:
    with invalid("components[0].componentArn", "Component ARN does not match the Parent Image Platform"):
        create(client, components=[{"componentArn": f"{MANAGED_BASE}:component/update-windows/x.x.x"}])


def test_parameters_are_the_components(client: Any) -> None:
    entry = {"componentArn": UPDATE_LINUX, "parameters": [{"name": "Nothing", "value": ["x"]}]}
    sentence = "The following parameters are not defined in the provided component: Nothing"
    with clashing("components[0].parameters", sentence):
        create(client, components=[entry])


@pytest.mark.parametrize(("version", "is_needed"), [("1.0.0/1", True), ("1.x.x", True), ("x.x.x", False)])
def test_a_component_that_a_recipe_needs_cannot_be_deleted(client: Any, version: str, is_needed: bool) -> None:
    build = create_component(client)
    create_component(client, semanticVersion="2.0.0")
    recipe = create(client, components=[{"componentArn": build.removesuffix("1.0.0/1") + version}])
    if is_needed:
        with depended_on(build):
            client.delete_component(componentBuildVersionArn=build)
        delete(client, recipe)
    client.delete_component(componentBuildVersionArn=build)


# ---- the build instance ----


def test_an_instance_can_be_described_by_its_volumes_alone(client: Any) -> None:
    configurations: list[dict[str, Any]] = [{}, {"blockDeviceMappings": []}]
    for number, configuration in enumerate(configurations):
        recipe = get(client, create(client, f"web {number}", instanceConfiguration=configuration))
        assert recipe["instanceConfiguration"] == configuration


def test_the_volumes_of_the_instance_follow_the_rules_of_mappings(client: Any) -> None:
    path = "instanceConfiguration.blockDeviceMappings"
    mapping = {"deviceName": "/dev/xvda", "ebs": {"volumeType": "io1"}}
    with clashing(f"{path}[0].ebs.iops", "The volume type io1 requires iops."):
        create(client, instanceConfiguration={"blockDeviceMappings": [mapping]})
    with invalid(path, "The device '/dev/xvda' can appear at most once in the block device mappings."):
        create(client, instanceConfiguration={"blockDeviceMappings": [{"deviceName": "/dev/xvda"}] * 2})
    assert summaries(client) == []


@pytest.fixture
def ami(client: Any) -> str:
    """The id of an AMI of the account, and an SSM parameter ``/hosts/docker`` that holds it."""
    image = boto3.client("ec2", region_name=REGION).register_image(Name="docker-host", RootDeviceName="/dev/xvda")
    ssm = boto3.client("ssm", region_name=REGION)
    ssm.put_parameter(Name="/hosts/docker", Value=image["ImageId"], Type="String")
    ssm.put_parameter(Name="/hosts/none", Value="none", Type="String")
    return str(image["ImageId"])


def test_the_image_of_the_instance_is_an_ami(client: Any, ami: str) -> None:
    parameter_arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/hosts/docker"
    for image in (ami, "ssm:/hosts/docker", f"ssm:{parameter_arn}"):
        recipe = get(client, create(client, version="1.0.x", instanceConfiguration={"image": image}))
        assert recipe["instanceConfiguration"] == {"image": image}


@pytest.mark.usefixtures("ami")
@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("ami-00000000000000000", "You are not authorized to use the provided image."),
        ("ssm:/hosts/gone", "The SSM parameter '/hosts/gone' does not exist."),
        ("ssm:/hosts/none", "The value of the SSM parameter '/hosts/none' is not an AMI ID."),
        *(
            (other, "The image must be an AMI ID, or an SSM parameter prefixed by ssm: that holds one.")
            for other in (
                "/hosts/docker",
                "amazonlinux:latest",
                f"arn:aws:ec2:{REGION}::image/ami-00000000000000000",
                f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x",
                "722e1255-be34-4bbe-9ce6-80634c9d01f7",
            )
        ),
    ],
)
def test_other_images_of_the_instance_are_refused(client: Any, image: str, sentence: str) -> None:
    with invalid("instanceConfiguration.image", sentence):
        create(client, instanceConfiguration={"image": image})
    assert summaries(client) == []


# ---- the target repository ----


@pytest.mark.parametrize("name", ["mail", "web/nginx", "elsewhere", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web"])
def test_the_target_repository_exists(client: Any, name: str) -> None:
    create_repository("elsewhere", "eu-west-1")
    sentence = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'."
    with invalid("targetRepository.repositoryName", sentence):
        create(client, targetRepository={"service": "ECR", "repositoryName": name})
    assert summaries(client) == []


def test_a_repository_can_have_a_namespace(client: Any) -> None:
    create_repository("team-a/web")
    target = {"service": "ECR", "repositoryName": "team-a/web"}
    assert get(client, create(client, targetRepository=target))["targetRepository"] == target


def test_ecr_is_the_only_service(client: Any) -> None:
    target = {"service": "HUB", "repositoryName": "web"}
    with invalid("targetRepository.service", "targetRepository.service must be one of: ECR"):
        create(client, targetRepository=target)


def test_where_nobody_has_used_ecr_there_is_no_repository(client: Any) -> None:
    elsewhere = boto3.client("imagebuilder", region_name="eu-west-1")
    sentence = f"The repository with name 'web' does not exist in the registry with id '{ACCOUNT}'."
    with invalid("targetRepository.repositoryName", sentence):
        elsewhere.create_container_recipe(name="web", semanticVersion="1.0.0", **PARTS)
    create_repository("web", "eu-west-1")
    assert create(elsewhere) == f"{ARN}web/1.0.0".replace(REGION, "eu-west-1")
