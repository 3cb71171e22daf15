"""Names become slugs, and ARNs are taken apart and put together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.arns import Arn, latest_version_references, slug

SHAPES: dict[str, Any] = Loader().load_service_model("imagebuilder", "service-2")["shapes"]
ANY_ARN = re.compile(SHAPES["ImageBuilderArn"]["pattern"])

#: The shape that the model has for the ARNs of a type, and whether they go on with a version and with a build.
TYPES = {
    "component": ("ComponentBuildVersionArn", True, True),
    "container-recipe": ("ContainerRecipeArn", True, False),
    "distribution-configuration": ("DistributionConfigurationArn", False, False),
    "image": ("ImageBuildVersionArn", True, True),
    "image-pipeline": ("ImagePipelineArn", False, False),
    "image-recipe": ("ImageRecipeArn", True, False),
    "infrastructure-configuration": ("InfrastructureConfigurationArn", False, False),
    "lifecycle-policy": ("LifecyclePolicyArn", False, False),
    "workflow/build": ("WorkflowBuildVersionArn", True, True),
    "workflow/distribution": ("WorkflowBuildVersionArn", True, True),
    "workflow/test": ("WorkflowBuildVersionArn", True, True),
}
REGIONS = {"us-east-1": "aws", "eu-west-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}

names = st.from_regex(SHAPES["ResourceName"]["pattern"], fullmatch=True)
nodes = st.integers(0, 2**30 - 1).map(str) | st.just("x")


@st.composite
def arns(draw: st.DrawFn) -> Arn:
    type_ = draw(st.sampled_from(sorted(TYPES)))
    region = draw(st.sampled_from(sorted(REGIONS)))
    owner = draw(st.sampled_from(["123456789012", "000000000000", "aws"]))
    version = draw(st.none() | st.tuples(nodes, nodes, nodes).map(".".join)) if TYPES[type_][1] else None
    build = draw(st.none() | st.integers(1)) if version is not None and TYPES[type_][2] else None
    return Arn(REGIONS[region], region, owner, type_, slug(draw(names)), version, build)


class TestSlug:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("MyBasicRecipe", "mybasicrecipe"),
            ("Web server_1", "web-server-1"),
            ("web-server-1", "web-server-1"),
            ("a  b", "a--b"),
            ("_a_", "-a-"),
            ("Ubuntu 22.04 (LTS)", "ubuntu-22-04--lts-"),
            ("Gr\u00fc\u00dfe", "gr--e"),
        ],
    )
    def test_is_in_lower_case_with_hyphens(self, name: str, text: str) -> None:
        assert slug(name) == text

    @given(names)
    def test_of_a_slug_is_itself(self, name: str) -> None:
        assert slug(slug(name)) == slug(name)

    @given(names)
    def test_does_not_mind_case_spaces_and_underscores(self, name: str) -> None:
        assert slug(name.upper()) == slug(name.replace("_", " ")) == slug(name.replace(" ", "-")) == slug(name)

    @given(names | st.text(min_size=1), st.sampled_from(sorted(TYPES)))
    def test_makes_an_arn_that_the_model_accepts(self, name: str, type_: str) -> None:
        shape_name, has_version, has_build = TYPES[type_]
        arn = Arn("aws", "us-east-1", "123456789012", type_, slug(name))
        if has_version:
            arn = arn.with_version("1.0.0", 1 if has_build else None)
        assert re.fullmatch(SHAPES[shape_name]["pattern"], str(arn))


class TestArn:
    @given(arns())
    def test_is_the_same_after_being_written_and_read(self, arn: Arn) -> None:
        assert Arn.parse(str(arn)) == arn
        assert ANY_ARN.fullmatch(str(arn))

    @given(st.from_regex(ANY_ARN, fullmatch=True))
    def test_that_the_model_accepts_is_read_and_written_unchanged(self, text: str) -> None:
        arn = Arn.parse(text)
        # A build number is a number; everything else keeps its spelling.
        builds = re.fullmatch(r"(?s)(.*/(?:x|[0-9]+)(?:\.(?:x|[0-9]+)){2}/)0*([0-9]+)", text)
        assert str(arn) == ("".join(builds.groups()) if builds else text)

    def test_has_parts(self) -> None:
        arn = Arn.parse("arn:aws-cn:imagebuilder:cn-north-1:aws:workflow/build/build-image/1.0.2/7")
        assert arn == Arn("aws-cn", "cn-north-1", "aws", "workflow/build", "build-image", "1.0.2", 7)
        assert arn.family == "arn:aws-cn:imagebuilder:cn-north-1:aws:workflow/build/build-image"
        assert str(arn.with_version("x.x.x")) == f"{arn.family}/x.x.x"
        assert str(arn.with_version("1.0.3", 1)) == f"{arn.family}/1.0.3/1"

    @pytest.mark.parametrize(
        ("type_", "kind"),
        [
            ("component", "Component"),
            ("container-recipe", "ContainerRecipe"),
            ("distribution-configuration", "DistributionConfiguration"),
            ("image", "Image"),
            ("image-pipeline", "ImagePipeline"),
            ("image-recipe", "ImageRecipe"),
            ("infrastructure-configuration", "InfrastructureConfiguration"),
            ("lifecycle-policy", "LifecyclePolicy"),
            ("workflow/build", "Workflow"),
            ("workflow/test", "Workflow"),
        ],
    )
    def test_has_the_kind_that_the_service_speaks_of(self, type_: str, kind: str) -> None:
        assert Arn("aws", "us-east-1", "123456789012", type_, "x").kind == kind

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "web",
            "arn:aws:ec2:us-east-1:123456789012:image/web",
            "arn:aws:imagebuilder:us-east-1:123456789012",
            "arn:aws:imagebuilder:us-east-1:123456789012:image",
            "arn:aws:imagebuilder:us-east-1:123456789012:volume/web",
            "arn:aws:imagebuilder:us-east-1:123456789012:workflow",
            "arn:aws:imagebuilder:us-east-1:123456789012:workflow/build",
            "arn:aws:imagebuilder:us-east-1:123456789012:image/web/1.0.0/1/1",
            "arn:aws:imagebuilder:us-east-1:123456789012:image/web/1.0.0/latest",
            "urn:aws:imagebuilder:us-east-1:123456789012:image/web",
        ],
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not an Image Builder ARN|invalid literal"):
            Arn.parse(text)


@pytest.mark.skipif("LatestVersionReferences" not in SHAPES, reason="the installed botocore is older than the shape")
def test_latest_version_references() -> None:
    family = "arn:aws:imagebuilder:us-east-1:123456789012:component/web"
    expected = {
        "latestVersionArn": f"{family}/x.x.x",
        "latestMajorVersionArn": f"{family}/1.x.x",
        "latestMinorVersionArn": f"{family}/1.2.x",
        "latestPatchVersionArn": f"{family}/1.2.3",
    }
    assert latest_version_references(Arn.parse(f"{family}/1.2.3/4")) == expected
    assert latest_version_references(Arn.parse(f"{family}/1.2.3")) == expected
    assert expected.keys() == SHAPES["LatestVersionReferences"]["members"].keys()


def test_latest_version_references_of_workflows() -> None:
    own = Arn.parse("arn:aws:imagebuilder:us-east-1:123456789012:workflow/test/gate/1.2.3/1")
    assert latest_version_references(own)["latestMinorVersionArn"] == f"{own.family}/1.2.x"
    of_amazon = Arn.parse("arn:aws:imagebuilder:us-east-1:aws:workflow/build/build-image/1.0.3/1")
    assert latest_version_references(of_amazon) == {"latestVersionArn": f"{of_amazon.family}/x.x.x"}
    component = Arn.parse("arn:aws:imagebuilder:us-east-1:aws:component/update-linux/1.0.2/1")
    assert len(latest_version_references(component)) == 4
