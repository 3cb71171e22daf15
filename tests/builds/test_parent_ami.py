"""AMIs as parent images: by id, or by a parameter that holds the id."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import PARENT_IMAGE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..refusals import invalid
from .parents import AMAZON, OTHER_ACCOUNT, UNUSABLE, Meaning, ami_of, meaning_of, platform_of


@pytest.fixture
def ec2(mocked: Control) -> Any:
    return boto3.client("ec2", region_name=REGION)


@pytest.fixture
def ssm(mocked: Control) -> Any:
    return boto3.client("ssm", region_name=REGION)


@pytest.fixture
def ami(ec2: Any) -> str:
    """An AMI of this account and Region."""
    ami_id: str = ec2.register_image(Name="golden", Architecture="x86_64")["ImageId"]
    return ami_id


def ami_in_moto(ami_id: str) -> Any:
    """What boto3 cannot change of an AMI."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[ACCOUNT][REGION].amis[ami_id]


# ---- AMIs ----


def test_an_own_ami(client: Any, ami: str) -> None:
    assert platform_of(client, ami) == "Linux"
    assert meaning_of(ami) == Meaning(ami, "Linux", None, ami, "CUSTOM")


@pytest.mark.motos_own_amis
def test_a_public_ami_of_amazon(client: Any, ec2: Any) -> None:
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    windows = next(image["ImageId"] for image in images if image.get("Platform") == "windows")
    linux = next(image["ImageId"] for image in images if "Platform" not in image)
    assert platform_of(client, windows) == "Windows"
    assert platform_of(client, linux) == "Linux"


def test_an_ami_for_macs(client: Any, ami: str) -> None:
    ami_in_moto(ami).architecture = "arm64_mac"
    assert platform_of(client, ami) == "macOS"


def test_an_unknown_ami_is_refused(client: Any) -> None:
    with invalid("parentImage", UNUSABLE):
        platform_of(client, "ami-0123456789abcdef0")


def test_an_ami_of_another_region_is_refused(client: Any, ami: str) -> None:
    elsewhere = boto3.client("imagebuilder", region_name="eu-west-1")
    with invalid("parentImage", UNUSABLE):
        platform_of(elsewhere, ami)


def test_a_deregistered_ami_is_refused(client: Any, ec2: Any, ami: str) -> None:
    ec2.deregister_image(ImageId=ami)
    with invalid("parentImage", UNUSABLE):
        platform_of(client, ami)


@pytest.mark.parametrize("state", ["disabled", "pending", "failed"])
def test_an_ami_that_is_not_available_is_refused(client: Any, ami: str, state: str) -> None:
    ami_in_moto(ami).state = state
    with invalid("parentImage", UNUSABLE):
        platform_of(client, ami)
    ami_in_moto(ami).state = "available"
    assert platform_of(client, ami) == "Linux"


@pytest.mark.parametrize("permission", [{"UserId": ACCOUNT}, {"Group": "all"}])
def test_an_ami_of_another_account_has_to_be_shared(
    client: Any, ec2: Any, permission: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        ami = ec2.register_image(Name="theirs")["ImageId"]
        ec2.modify_image_attribute(ImageId=ami, LaunchPermission={"Add": [{"UserId": "111111111111"}]})
    with invalid("parentImage", UNUSABLE):
        platform_of(client, ami)
    with monkeypatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        ec2.modify_image_attribute(ImageId=ami, LaunchPermission={"Add": [permission]})
    assert platform_of(client, ami) == "Linux"


def test_the_ami_of_an_own_image_knows_its_operating_system(mocked: Control, client: Any, ec2: Any) -> None:
    image = mocked.make_image("golden", platform="Windows", os_version="Microsoft Windows 11")
    ami = ami_of(client, image)
    expected = Meaning(ami, "Windows", "Microsoft Windows 11", ami, "CUSTOM")
    assert meaning_of(ami) == expected
    # The same when somebody has looked at EC2.
    ec2.describe_images(ImageIds=[ami])
    assert meaning_of(ami) == expected
    assert platform_of(client, ami) == "Windows"


def test_the_ami_of_an_own_image_can_be_gone(mocked: Control, client: Any, ec2: Any) -> None:
    ami = ami_of(client, mocked.make_image("golden"))
    ami_in_moto(ami).state = "disabled"
    with invalid("parentImage", UNUSABLE):
        platform_of(client, ami)
    ec2.deregister_image(ImageId=ami)
    with invalid("parentImage", UNUSABLE):
        platform_of(client, ami)


def test_the_ami_of_an_image_of_amazon_knows_its_operating_system(client: Any) -> None:
    ami = ami_of(client, f"{AMAZON}/windows-server-2022-english-full-base-x86/x.x.x")
    assert platform_of(client, ami) == "Windows"
    assert meaning_of(ami) == Meaning(ami, "Windows", "Microsoft Windows Server 2022", ami, "CUSTOM")


def test_an_ami_that_another_account_builds_and_shares(
    client: Any, iam: Any, instance_profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    amis = []
    with monkeypatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", OTHER_ACCOUNT)
        iam.create_instance_profile(InstanceProfileName=instance_profile)
        infrastructure = create_infrastructure(client, instance_profile)
        recipe = client.create_image_recipe(name="theirs", semanticVersion="1.0.0", parentImage=PARENT_IMAGE)
        for name, permission in {"secret": {"userIds": ["111111111111"]}, "shared": {"userIds": [ACCOUNT]}}.items():
            settings = {"launchPermission": permission}
            distribution = client.create_distribution_configuration(
                name=name, distributions=[{"region": REGION, "amiDistributionConfiguration": settings}]
            )
            image = client.create_image(
                imageRecipeArn=recipe["imageRecipeArn"],
                infrastructureConfigurationArn=infrastructure,
                distributionConfigurationArn=distribution["distributionConfigurationArn"],
            )
            amis.append(ami_of(client, image["imageBuildVersionArn"]))
    secret, shared = amis
    with invalid("parentImage", UNUSABLE):
        platform_of(client, secret)
    assert platform_of(client, shared) == "Linux"


# ---- parameters ----


def put(ssm: Any, name: str, value: str, type_: str = "String") -> None:
    ssm.put_parameter(Name=name, Value=value, Type=type_, Overwrite=True)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("/golden/ami", "ssm:/golden/ami"),
        ("golden-ami", "ssm:golden-ami"),
        ("/golden/ami", f"ssm:arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/golden/ami"),
        ("golden-ami", f"ssm:arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/golden-ami"),
    ],
)
def test_a_parameter_with_an_ami_by_name_and_by_arn(client: Any, ssm: Any, ami: str, name: str, reference: str) -> None:
    put(ssm, name, ami)
    assert platform_of(client, reference) == "Linux"
    assert meaning_of(reference) == Meaning(ami, "Linux", None, ami, "CUSTOM")


@pytest.mark.motos_own_amis
@pytest.mark.parametrize("prefix", ["", f"arn:aws:ssm:{REGION}::parameter"])
def test_a_public_parameter(client: Any, prefix: str) -> None:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    assert platform_of(client, f"ssm:{prefix}{name}") == "Linux"


def test_a_parameter_means_its_newest_version_or_the_one_asked_for(mocked: Control, client: Any, ssm: Any) -> None:
    old, new = (ami_of(client, mocked.make_image("golden", version)) for version in ("1.0.0", "1.0.1"))
    put(ssm, "/golden/ami", old)
    put(ssm, "/golden/ami", new)
    ssm.label_parameter_version(Name="/golden/ami", ParameterVersion=1, Labels=["stable"])
    assert meaning_of("ssm:/golden/ami").ami_id == new
    assert meaning_of("ssm:/golden/ami:1").ami_id == old
    assert meaning_of("ssm:/golden/ami:stable").ami_id == old
    assert meaning_of(f"ssm:arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/golden/ami:1").ami_id == old


@pytest.mark.parametrize(
    "parameter",
    [
        "/golden/unknown",
        "/golden/ami:7",
        "/golden/ami:unlabelled",
        "",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/golden/unknown",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/golden/ami",
        f"arn:aws:ssm:{REGION}:{OTHER_ACCOUNT}:parameter/golden/ami",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/golden/ami",
        "arn:aws:ssm",
    ],
)
def test_an_unknown_parameter_is_refused(client: Any, ssm: Any, ami: str, parameter: str) -> None:
    put(ssm, "/golden/ami", ami)
    with invalid("parentImage", f"The SSM parameter '{parameter}' does not exist."):
        platform_of(client, f"ssm:{parameter}")


@pytest.mark.parametrize(("value", "type_"), [("golden", "String"), (PARENT_IMAGE, "String"), ("a", "StringList")])
def test_a_parameter_without_an_ami_is_refused(client: Any, ssm: Any, value: str, type_: str) -> None:
    put(ssm, "/golden/ami", value, type_)
    with invalid("parentImage", "The value of the SSM parameter '/golden/ami' is not an AMI ID."):
        platform_of(client, "ssm:/golden/ami")


def test_the_ami_in_a_parameter_has_to_exist(client: Any, ssm: Any) -> None:
    put(ssm, "/golden/ami", "ami-0123456789abcdef0")
    with invalid("parentImage", UNUSABLE):
        platform_of(client, "ssm:/golden/ami")
