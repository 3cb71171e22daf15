"""Properties of templates, read as members of requests."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.cloudformation.properties import as_boolean, members_of
from mock_imagebuilder.imagebuilder.cloudformation.updates import follow_replacements, references


def read(operation: str, **properties: Any) -> tuple[dict[str, Any], list[str]]:
    rules: list[str] = []
    return members_of(operation, properties, rules), rules


@pytest.mark.parametrize(
    ("given", "member"),
    [("true", True), ("False", False), (True, True), (False, False), ("yes", "yes"), (1, 1), ([], []), (None, None)],
)
def test_booleans(given: object, member: object) -> None:
    assert as_boolean(given) is member or as_boolean(given) == member
    assert read("CreateImage", EnhancedImageMetadataEnabled=given)[0] == {"enhancedImageMetadataEnabled": member}


@pytest.mark.parametrize(
    ("given", "member"),
    [("90", 90), ("-1", -1), (90, 90), ("9.5", "9.5"), ("", ""), ("x", "x"), ("--1", "--1"), (1.5, 1.5), ("²", "²")],
)
def test_integers(given: object, member: object) -> None:
    assert read("CreateImage", ImageTestsConfiguration={"TimeoutMinutes": given})[0] == {
        "imageTestsConfiguration": {"timeoutMinutes": member}
    }


def test_an_integer_of_many_digits() -> None:
    members, _ = read("CreateImage", ImageTestsConfiguration={"TimeoutMinutes": "9" * 5000})
    assert members["imageTestsConfiguration"]["timeoutMinutes"] > 2**63


@pytest.mark.parametrize(("given", "member"), [(1, "1"), (1.5, "1.5"), (True, "true"), (False, "false"), ("x", "x")])
def test_strings(given: object, member: str) -> None:
    assert read("CreateComponent", Name=given)[0] == {"name": member}
    assert read("CreateComponent", Tags={1: given})[0] == {"tags": {"1": member}}
    assert read("CreateComponent", SupportedOsVersions=[given, None])[0] == {"supportedOsVersions": [member]}


def test_what_has_the_wrong_shape_is_left_to_the_service() -> None:
    wrong: dict[str, Any] = {"Tags": ["x"], "SupportedOsVersions": {"x": 1}, "Description": ["x"]}
    members, rules = read("CreateComponent", **wrong)
    assert members == {"tags": ["x"], "supportedOsVersions": {"x": 1}, "description": ["x"]}
    assert rules == []


class TestNames:
    def test_a_version_is_a_version(self) -> None:
        assert read("CreateComponent", Version="1.0.0") == ({"semanticVersion": "1.0.0"}, [])
        assert read("CreateComponent", SemanticVersion="1.0.0")[1] == [
            "#: extraneous key [SemanticVersion] is not permitted"
        ]

    def test_a_version_within_is_a_semantic_version(self) -> None:
        selection = {"Recipes": [{"Name": "web", "SemanticVersion": "1.0.0"}]}
        assert read("CreateLifecyclePolicy", ResourceSelection=selection) == (
            {"resourceSelection": {"recipes": [{"name": "web", "semanticVersion": "1.0.0"}]}},
            [],
        )

    @pytest.mark.parametrize("name", ["dryRun", "DryRun", "ClientToken", "clientToken", "name", "", "Nothing"])
    def test_of_no_property(self, name: str) -> None:
        assert read("CreateComponent", **{name: "x"}) == ({}, [f"#: extraneous key [{name}] is not permitted"])

    def test_of_no_property_within(self) -> None:
        members, rules = read(
            "CreateDistributionConfiguration",
            Distributions=[
                {"Region": "us-east-1", "S3ExportConfiguration": {}, "region": "x"},
                {"Region": "eu-west-1", "AmiDistributionConfiguration": {"LaunchPermission": {}, "AmiTag": {}}},
            ],
        )
        assert members == {
            "distributions": [{"region": "us-east-1"}, {"region": "eu-west-1", "amiDistributionConfiguration": {}}]
        }
        assert rules == [
            "#/Distributions/0: extraneous key [S3ExportConfiguration] is not permitted",
            "#/Distributions/0: extraneous key [region] is not permitted",
            "#/Distributions/1/AmiDistributionConfiguration: extraneous key [LaunchPermission] is not permitted",
            "#/Distributions/1/AmiDistributionConfiguration: extraneous key [AmiTag] is not permitted",
        ]

    @pytest.mark.parametrize("member", ["ImageScanningTypes", "ScanResultCondition"])
    def test_scans_have_fewer_settings(self, member: str) -> None:
        _, rules = read("CreateImage", ImageScanningConfiguration={"ImageScanningEnabled": "true", member: "x"})
        assert rules == [f"#/ImageScanningConfiguration: extraneous key [{member}] is not permitted"]

    def test_what_was_free_form_once_has_either_name(self) -> None:
        ami = {"name": "x", "LaunchPermissionConfiguration": {"userIds": ["210987654321"]}, "AmiTags": {"a": "b"}}
        other = {"launchPermission": {"UserIds": ["210987654321"]}}
        containers = {"targetRepository": {"service": "ECR", "RepositoryName": "web"}}
        members, rules = read(
            "CreateDistributionConfiguration",
            Distributions=[
                {"Region": "us-east-1", "AmiDistributionConfiguration": ami},
                {"Region": "eu-west-1", "AmiDistributionConfiguration": other},
                {"Region": "ap-south-1", "ContainerDistributionConfiguration": containers},
            ],
        )
        permission = {"launchPermission": {"userIds": ["210987654321"]}}
        assert [distribution.get("amiDistributionConfiguration") for distribution in members["distributions"]] == [
            {"name": "x", **permission, "amiTags": {"a": "b"}},
            permission,
            None,
        ]
        assert members["distributions"][2]["containerDistributionConfiguration"] == {
            "targetRepository": {"service": "ECR", "repositoryName": "web"}
        }
        assert rules == []


class TestFollowing:
    def thing(self, *names: str, type_: str = "AWS::ImageBuilder::ImagePipeline") -> dict[str, Any]:
        return {"Type": type_, "Properties": {"Of": [{"Ref": name} for name in names]}}

    @pytest.mark.parametrize(
        ("part", "names"),
        [
            ({"Ref": "A"}, {"A"}),
            ({"Fn::GetAtt": ["A", "Arn"]}, {"A"}),
            ({"Fn::GetAtt": "A.Arn"}, {"A"}),
            ({"Fn::Sub": "${A} and ${B.Arn} not ${!C}"}, {"A", "B"}),
            ({"Fn::Sub": ["${A} ${X}", {"X": {"Ref": "B"}}]}, {"A", "B", "X"}),
            ({"Fn::If": ["C", {"Ref": "A"}, [{"Ref": "B"}]]}, {"A", "B"}),
            ("Ref", set()),
            (None, set()),
            (7, set()),
        ],
    )
    def test_references(self, part: Any, names: set[str]) -> None:
        assert references(part) == names

    def test_nothing_of_ours_is_modified(self) -> None:
        resources = {"Queue": self.thing(type_="AWS::SQS::Queue"), "It": self.thing("Queue")}
        assert follow_replacements(resources, ["It"], ["Queue"]) == (["It"], ["Queue"])

    def test_one_after_the_other(self) -> None:
        resources = {"C": self.thing("B"), "B": self.thing("A"), "A": self.thing(), "D": self.thing()}
        assert follow_replacements(resources, [], ["A"]) == ([], ["A", "B", "C"])

    def test_what_is_new_comes_after(self) -> None:
        resources = {"New": self.thing("A"), "A": self.thing(), "Other": self.thing()}
        assert follow_replacements(resources, ["New", "Other"], ["A"]) == (["Other"], ["A", "New"])

    def test_resources_of_other_services_stay_where_they_are(self) -> None:
        resources = {"Queue": self.thing("A", type_="AWS::SQS::Queue"), "A": self.thing()}
        assert follow_replacements(resources, [], ["Queue", "A"]) == ([], ["Queue", "A"])

    def test_a_circle_ends(self) -> None:
        resources = {"A": self.thing("B"), "B": self.thing("A")}
        assert follow_replacements(resources, [], ["A"]) == ([], ["A", "B"])
