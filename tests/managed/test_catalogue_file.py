"""A user's catalogue file: what is taken, and how a mistake in it is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mock_imagebuilder.imagebuilder.managed.catalogue import (
    Catalogue,
    ComponentParameter,
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ManagedWorkflow,
    ProductCode,
    load_catalogue_file,
)

if TYPE_CHECKING:
    from pathlib import Path

VERSION = {"version": "2025.11.1", "dateCreated": "2025-11-01T00:00:00.000Z"}
IMAGE: dict[str, Any] = {
    "slug": "team-base-x86",
    "name": "Team Base x86",
    "platform": "Linux",
    "type": "AMI",
    "versions": [VERSION],
}
COMPONENT: dict[str, Any] = {
    "slug": "team-setup",
    "name": "team-setup",
    "platform": "Linux",
    "type": "BUILD",
    "versions": [VERSION],
}
DOCUMENT = "schemaVersion: 1.0\nsteps: [{name: Wait, action: WaitForAction}]\n"
WORKFLOW: dict[str, Any] = {
    "slug": "team-gate",
    "name": "Team Gate",
    "type": "TEST",
    "data": DOCUMENT,
    "versions": [VERSION],
}
ABSENT = object()


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "catalogue.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def changed(entry: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in {**entry, **changes}.items() if value is not ABSENT}


def test_the_smallest_entries(tmp_path: Path) -> None:
    version = ManagedVersion("2025.11.1", "2025-11-01T00:00:00.000Z", build=1, seen=False)
    document = {"workflows": [WORKFLOW], "components": [COMPONENT], "images": [IMAGE]}
    assert load_catalogue_file(written(tmp_path, document)) == [
        ManagedImage("Team Base x86", "team-base-x86", "Linux", "AMI", (version,)),
        ManagedComponent("team-setup", "team-setup", "Linux", "BUILD", (version,)),
        ManagedWorkflow("Team Gate", "team-gate", "TEST", (version,), DOCUMENT),
    ]


@pytest.mark.parametrize("document", [{}, {"images": []}, {"components": []}])
def test_a_file_may_lack_either_list(tmp_path: Path, document: dict[str, Any]) -> None:
    assert load_catalogue_file(str(written(tmp_path, document))) == []


def test_every_member_of_an_image(tmp_path: Path) -> None:
    entry = {
        **IMAGE,
        "owner": "AWSMarketplace",
        "osVersion": "Team OS 1",
        "architecture": "arm64",
        "amiOwner": "canonical",
        "amiName": "team/{slug} {major}-{minor:02}-{patch:02}.{build}",
        "rootDevice": "/dev/sda1",
        "containerUri": "team:{version}",
        "withdrawn": True,
        "source": "our wiki",
        "versions": [{**VERSION, "build": 3, "seen": True}],
    }
    [image] = load_catalogue_file(written(tmp_path, {"images": [entry]}))
    assert image == ManagedImage(
        "Team Base x86",
        "team-base-x86",
        "Linux",
        "AMI",
        (ManagedVersion("2025.11.1", "2025-11-01T00:00:00.000Z", build=3, seen=True),),
        os_version="Team OS 1",
        owner="AWSMarketplace",
        architecture="arm64",
        ami_owner="canonical",
        ami_name="team/{slug} {major}-{minor:02}-{patch:02}.{build}",
        root_device="/dev/sda1",
        container_uri="team:{version}",
        withdrawn=True,
        source="our wiki",
    )
    catalogue = Catalogue("aws", "us-east-1", [image])
    [record] = [record for record in catalogue.image_records() if record["name"] == "Team Base x86"]
    assert record["state"] == {"status": "DEPRECATED"}
    assert record["outputResources"]["amis"][0]["name"] == "team/team-base-x86 2025-11-01.3"


def test_every_member_of_a_component(tmp_path: Path) -> None:
    entry = {
        **COMPONENT,
        "owner": "ThirdParty",
        "description": "Sets up.",
        "publisher": "Team",
        "obfuscate": True,
        "data": "schemaVersion: 1.0\n",
        "withdrawn": True,
        "source": "our wiki",
        "supportedOsVersions": ["Ubuntu 24"],
        "parameters": [
            {
                "name": "Mode",
                "type": "string",
                "defaultValue": ["a"],
                "allowedValues": ["a", "b"],
                "description": "How.",
            }
        ],
        "productCodes": [{"productCodeId": "abc123", "productCodeType": "marketplace"}],
    }
    assert load_catalogue_file(written(tmp_path, {"components": [entry]})) == [
        ManagedComponent(
            "team-setup",
            "team-setup",
            "Linux",
            "BUILD",
            (ManagedVersion("2025.11.1", "2025-11-01T00:00:00.000Z"),),
            description="Sets up.",
            owner="ThirdParty",
            publisher="Team",
            obfuscate=True,
            parameters=(ComponentParameter("Mode", "string", ("a",), ("a", "b"), "How."),),
            supported_os_versions=("Ubuntu 24",),
            product_codes=(ProductCode("abc123"),),
            data="schemaVersion: 1.0\n",
            withdrawn=True,
            source="our wiki",
        )
    ]


def test_every_member_of_a_workflow(tmp_path: Path) -> None:
    entry = {**WORKFLOW, "description": "Waits.", "source": "our wiki", "versions": [{**VERSION, "build": 2}]}
    [workflow] = load_catalogue_file(written(tmp_path, {"workflows": [entry]}))
    assert workflow == ManagedWorkflow(
        "Team Gate",
        "team-gate",
        "TEST",
        (ManagedVersion("2025.11.1", "2025-11-01T00:00:00.000Z", build=2),),
        DOCUMENT,
        description="Waits.",
        source="our wiki",
    )


WORKFLOW_LABEL = "workflows[0]: workflow 'test/team-gate'"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slug": ABSENT}, "workflows[0] (Team Gate): 'slug' is missing"),
        ({"type": ABSENT}, "workflows[0] (team-gate): 'type' is missing"),
        ({"data": ABSENT}, "workflows[0] (team-gate): 'data' is missing"),
        ({"slug": "gate"}, "workflow 'test/gate': 'slug' must be 'team-gate', the lower-case hyphenated form of"),
        ({"name": "no.dots"}, f"{WORKFLOW_LABEL}: 'name' must be 3 to 128 letters, digits, '-', '_' and inner spaces"),
        ({"type": "test"}, f"{WORKFLOW_LABEL}: 'type' must be one of BUILD, TEST, DISTRIBUTION, not 'test'"),
        ({"versions": []}, f"{WORKFLOW_LABEL}: 'versions' must list at least one version"),
        ({"versions": [VERSION, VERSION]}, f"{WORKFLOW_LABEL}: 'versions' lists the same version and build twice"),
        ({"description": ""}, f"{WORKFLOW_LABEL}: 'description' must have 1 to 1024 characters"),
        ({"platform": "Linux"}, "workflows[0] (team-gate): unknown member 'platform'"),
        ({"data": ""}, f"{WORKFLOW_LABEL}: 'data' is no workflow document: The document must be a map."),
        (
            {"data": "schemaVersion: 1.0\nsteps: [{name: Copy, action: DistributeImage}]\n"},
            f"{WORKFLOW_LABEL}: 'data' is no workflow document: Parsing step 'Copy' failed. Error: Unsupported action "
            "DistributeImage for workflow type TEST.",
        ),
    ],
)
def test_mistakes_in_a_workflow(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {"workflows": [changed(WORKFLOW, changes)]})
    with pytest.raises(ValueError, match=re.escape(message)) as refusal:
        load_catalogue_file(path)
    assert str(refusal.value).startswith(f"{path}: workflows[0]")


IMAGE_LABEL = "images[0]: image 'team-base-x86'"
COMPONENT_LABEL = "components[0]: component 'team-setup'"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slug": ABSENT}, "images[0] (Team Base x86): 'slug' is missing"),
        ({"name": ABSENT}, "images[0] (team-base-x86): 'name' is missing"),
        ({"platform": ABSENT}, "images[0] (team-base-x86): 'platform' is missing"),
        ({"type": ABSENT}, "images[0] (team-base-x86): 'type' is missing"),
        ({"versions": ABSENT}, f"{IMAGE_LABEL}: 'versions' must list at least one version"),
        ({"versions": []}, f"{IMAGE_LABEL}: 'versions' must list at least one version"),
        ({"versions": VERSION}, "images[0] (team-base-x86): 'versions' must be a list, not {"),
        ({"versions": ["1.0.0"]}, "images[0] (team-base-x86): versions[0] must be an object"),
        ({"versions": [VERSION, VERSION]}, f"{IMAGE_LABEL}: 'versions' lists the same version and build twice"),
        (
            {"versions": [VERSION, {**VERSION, "version": "2025.11.01"}]},
            f"{IMAGE_LABEL}: 'versions' lists the same version and build twice",
        ),
        ({"name": 5}, "images[0] (team-base-x86): 'name' must be a string, not 5"),
        ({"name": "no.dots"}, f"{IMAGE_LABEL}: 'name' must be 3 to 128 letters, digits, '-', '_' and inner spaces"),
        ({"slug": "team-base"}, "image 'team-base': 'slug' must be 'team-base-x86', the lower-case hyphenated form of"),
        ({"platform": "linux"}, f"{IMAGE_LABEL}: 'platform' must be one of Linux, Windows, macOS, not 'linux'"),
        ({"type": "BUILD"}, f"{IMAGE_LABEL}: 'type' must be one of AMI, DOCKER, not 'BUILD'"),
        ({"owner": "Self"}, f"{IMAGE_LABEL}: 'owner' must be one of Amazon, AWSMarketplace, ThirdParty, not 'Self'"),
        ({"owner": "ThirdParty"}, f"{IMAGE_LABEL}: 'owner' must be one of Amazon, AWSMarketplace, not 'ThirdParty'"),
        ({"osVersion": ""}, f"{IMAGE_LABEL}: 'osVersion' must not be empty"),
        ({"architecture": "x86"}, f"{IMAGE_LABEL}: 'architecture' must be one of x86_64, arm64, i386, x86_64_mac, "),
        ({"amiOwner": "someone"}, f"{IMAGE_LABEL}: 'amiOwner' must be an account id or one of amazon-linux, "),
        ({"amiName": "no"}, f"{IMAGE_LABEL}: 'amiName' gives 'no', which is no AMI name to EC2"),
        ({"amiName": "team-{date}"}, f"{IMAGE_LABEL}: 'amiName' has a placeholder that cannot be filled: 'date'"),
        ({"amiName": "team-{"}, f"{IMAGE_LABEL}: 'amiName' has a placeholder that cannot be filled: "),
        ({"amiName": "team-{0}"}, f"{IMAGE_LABEL}: 'amiName' has a placeholder that cannot be filled: "),
        ({"amiName": "team-{slug.x}"}, f"{IMAGE_LABEL}: 'amiName' has a placeholder that cannot be filled: "),
        ({"containerUri": ""}, f"{IMAGE_LABEL}: 'containerUri' must not be empty"),
        ({"containerUri": "{x}"}, f"{IMAGE_LABEL}: 'containerUri' has a placeholder that cannot be filled: 'x'"),
        ({"withdrawn": "yes"}, "images[0] (team-base-x86): 'withdrawn' must be true or false, not \"yes\""),
        ({"osversion": "x"}, "images[0] (team-base-x86): unknown member 'osversion'"),
        ({"parameters": []}, "images[0] (team-base-x86): unknown member 'parameters'"),
    ],
)
def test_mistakes_in_an_image(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {"images": [changed(IMAGE, changes)]})
    with pytest.raises(ValueError, match=re.escape(message)) as refusal:
        load_catalogue_file(path)
    assert str(refusal.value).startswith(f"{path}: images[0]")


VERSION_LABEL = "components[0] (team-setup): versions[0]"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": ABSENT}, f"{VERSION_LABEL}: 'version' is missing"),
        ({"dateCreated": ABSENT}, f"{VERSION_LABEL}: 'dateCreated' is missing"),
        ({"version": "1.0"}, f"{VERSION_LABEL}: version '1.0': 'version' is not a semantic version: '1.0'"),
        ({"version": "1.0.x"}, f"{VERSION_LABEL}: version '1.0.x': 'version' is not a semantic version"),
        ({"build": 0}, f"{VERSION_LABEL}: version '2025.11.1': 'build' must be 1 or greater, not 0"),
        ({"build": True}, f"{VERSION_LABEL}: 'build' must be a whole number, not true"),
        ({"build": "1"}, f"{VERSION_LABEL}: 'build' must be a whole number, not \"1\""),
        ({"seen": 1}, f"{VERSION_LABEL}: 'seen' must be true or false, not 1"),
        (
            {"dateCreated": "2025-11-01"},
            f"{VERSION_LABEL}: version '2025.11.1': 'dateCreated' must be like 2025-10-15T",
        ),
        ({"dateCreated": "2025-11-01T00:00:00Z"}, "'dateCreated' must be like 2025-10-15T00:00:00.000Z, in UTC"),
        ({"dateCreated": "2025-13-01T00:00:00.000Z"}, "'dateCreated' must be like 2025-10-15T00:00:00.000Z, in UTC"),
        ({"date": "2025"}, f"{VERSION_LABEL}: unknown member 'date'"),
    ],
)
def test_mistakes_in_a_version(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {"components": [{**COMPONENT, "versions": [changed(VERSION, changes)]}]})
    with pytest.raises(ValueError, match=re.escape(message)):
        load_catalogue_file(path)


PARAMETER_LABEL = "components[0] (team-setup): parameters[0]"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "AMI"}, f"{COMPONENT_LABEL}: 'type' must be one of BUILD, TEST, not 'AMI'"),
        ({"owner": "Shared"}, f"{COMPONENT_LABEL}: 'owner' must be one of Amazon, AWSMarketplace, ThirdParty"),
        ({"description": ""}, f"{COMPONENT_LABEL}: 'description' must have 1 to 1024 characters"),
        ({"description": "x" * 1025}, f"{COMPONENT_LABEL}: 'description' must have 1 to 1024 characters"),
        ({"publisher": ""}, f"{COMPONENT_LABEL}: 'publisher' must have 1 to 1024 characters"),
        ({"data": ""}, f"{COMPONENT_LABEL}: 'data' must not be empty"),
        ({"supportedOsVersions": ["a"] * 26}, f"{COMPONENT_LABEL}: 'supportedOsVersions' must be up to 25 names"),
        ({"supportedOsVersions": [""]}, f"{COMPONENT_LABEL}: 'supportedOsVersions' must be up to 25 names"),
        ({"supportedOsVersions": [1]}, "components[0] (team-setup): 'supportedOsVersions' must be a list of strings"),
        ({"parameters": [{}]}, f"{PARAMETER_LABEL}: 'name' is missing"),
        ({"parameters": [{"name": ""}]}, f"{PARAMETER_LABEL}: parameter '': 'name' must have 1 to 256 characters"),
        (
            {"parameters": [{"name": "A", "type": "integer"}]},
            f"{PARAMETER_LABEL}: parameter 'A': 'type' must be string",
        ),
        (
            {"parameters": [{"name": "A", "defaultValue": ["c"], "allowedValues": ["a", "b"]}]},
            "parameter 'A': 'defaultValue' must be one of a, b, not 'c'",
        ),
        (
            {"parameters": [{"name": "A"}, {"name": "A"}]},
            f"{COMPONENT_LABEL}: 'parameters' names the same parameter twice",
        ),
        ({"parameters": [{"name": "A", "description": ""}]}, "parameter 'A': 'description' must have 1 to 1024"),
        ({"productCodes": ["abc"]}, "components[0] (team-setup): productCodes[0] must be an object"),
        (
            {"productCodes": [{"productCodeId": "a-b", "productCodeType": "marketplace"}]},
            "product code 'a-b': 'productCodeId' must be 1 to 25 letters and digits",
        ),
        (
            {"productCodes": [{"productCodeId": "ab", "productCodeType": "other"}]},
            "product code 'ab': 'productCodeType' must be one of marketplace, not 'other'",
        ),
        ({"amiName": "x"}, "components[0] (team-setup): unknown member 'amiName'"),
    ],
)
def test_mistakes_in_a_component(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {"components": [changed(COMPONENT, changes)]})
    with pytest.raises(ValueError, match=re.escape(message)):
        load_catalogue_file(path)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not a JSON text: "),
        ("[]", "must be a JSON object with 'images', 'components' and 'workflows'"),
        ({"image": []}, "unknown member 'image'; a catalogue file has 'images', 'components' and 'workflows'"),
        ({"images": {}}, "'images' must be a list"),
        ({"components": "x"}, "'components' must be a list"),
        ({"workflows": {}}, "'workflows' must be a list"),
        ({"images": [[]]}, "images[0] must be an object"),
        ({"images": [IMAGE, {**IMAGE, "type": 1}]}, "images[1] (team-base-x86): 'type' must be a string, not 1"),
    ],
)
def test_files_of_another_form(tmp_path: Path, document: object, message: str) -> None:
    path = written(tmp_path, document)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")):
        load_catalogue_file(path)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="not a JSON text"):
        load_catalogue_file(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_catalogue_file(tmp_path / "missing.json")
