"""The shipped catalogue: every name on record is there, and every entry keeps the service's rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.session import get_session

from mock_imagebuilder.imagebuilder import managed
from mock_imagebuilder.imagebuilder.arns import slug
from mock_imagebuilder.imagebuilder.documents.component import parameter_details, parse_component_document
from mock_imagebuilder.imagebuilder.managed.catalogue import Catalogue

from .frozen_names import (
    COMPONENTS,
    DISPLAY_NAMES,
    IMAGES,
    OTHERS_COMPONENTS,
    SEEN_BUILD_VERSIONS,
    WITHDRAWN_IMAGES,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(managed.__file__).parent
CATALOGUE = Catalogue("aws", "us-east-1")
MODEL = get_session().get_service_model("imagebuilder")
OWNER_WORDS = {"aws": "Amazon", "aws-marketplace": "AWSMarketplace", "third-party": "ThirdParty"}


def pattern(shape: str) -> re.Pattern[str]:
    return re.compile(MODEL.shape_for(shape).metadata["pattern"])


def records() -> list[dict[str, Any]]:
    return [*CATALOGUE.image_records(), *CATALOGUE.component_records()]


def misfits(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Where ``value`` has what the API model's ``shape`` does not allow in an answer."""
    if shape.type_name == "structure":
        for member, inner in value.items():
            if member not in shape.members:
                yield f"{path}.{member}: unknown"
            else:
                yield from misfits(shape.members[member], inner, f"{path}.{member}")
    elif shape.type_name == "list":
        for index, inner in enumerate(value):
            yield from misfits(shape.member, inner, f"{path}[{index}]")
    elif shape.type_name == "string":
        # The pattern of ComponentParameterType wants "String", its text and the documents say "string".
        rules = {} if shape.name == "ComponentParameterType" else shape.metadata
        if not isinstance(value, str) or not rules.get("min", 0) <= len(value) <= rules.get("max", len(value)):
            yield f"{path}: length or type of {value!r}"
        elif ("pattern" in rules and not re.search(rules["pattern"], value)) or value not in rules.get("enum", [value]):
            yield f"{path}: {value!r}"
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        yield f"{path}: {value!r}"


def test_every_image_on_record_is_there() -> None:
    assert set(CATALOGUE.images()) == IMAGES


def test_every_component_on_record_is_there() -> None:
    assert set(CATALOGUE.components()) == COMPONENTS | OTHERS_COMPONENTS.keys()
    owners = {name: component.arn_owner for name, component in CATALOGUE.components().items()}
    assert owners == dict.fromkeys(COMPONENTS, "aws") | OTHERS_COMPONENTS


@pytest.mark.parametrize("path", SEEN_BUILD_VERSIONS)
def test_every_version_on_record_resolves_and_is_marked_as_seen(path: str) -> None:
    kind, name, version, build = path.split("/")
    entries = CATALOGUE.images() if kind == "image" else CATALOGUE.components()
    found = [v for v in entries[name].versions if (v.version, v.build) == (version, int(build))]
    assert [v.seen for v in found] == [True]
    assert any(record["arn"].endswith(f":{path}") for record in records())


def test_only_withdrawn_images_are_deprecated() -> None:
    status = {record["arn"].split("/")[1]: record["state"] for record in CATALOGUE.image_records()}
    assert {name for name, state in status.items() if state == {"status": "DEPRECATED"}} == WITHDRAWN_IMAGES
    assert all(state == {"status": "AVAILABLE"} for name, state in status.items() if name not in WITHDRAWN_IMAGES)


@pytest.mark.parametrize(("name", "display_name"), DISPLAY_NAMES.items())
def test_images_are_named_in_their_display_form(name: str, display_name: str) -> None:
    assert CATALOGUE.images()[name].name == display_name


def test_names_of_amazons_components_are_their_slugs_but_for_two() -> None:
    differing = {c.slug: c.name for c in CATALOGUE.components().values() if c.owner == "Amazon" and c.name != c.slug}
    assert differing == {"php-8-2-linux": "php-8_2-linux", "putty": "PuTTY"}


def test_the_slug_follows_from_the_name() -> None:
    for record in records():
        assert record["arn"].split("/")[1] == slug(record["name"])


def test_arns_match_the_api_model() -> None:
    image, component = pattern("ImageBuildVersionArn"), pattern("ComponentBuildVersionArn")
    assert all(image.search(record["arn"]) for record in CATALOGUE.image_records())
    assert all(component.search(record["arn"]) for record in CATALOGUE.component_records())


def test_build_versions_and_ami_names_are_unique() -> None:
    arns = [record["arn"] for record in records()]
    assert len(set(arns)) == len(arns)
    amis = [ami for record in CATALOGUE.image_records() if (ami := CATALOGUE.managed_ami(record))]
    assert len({ami.image_id for ami in amis}) == len(amis)
    assert len({(ami.owner_id, ami.name) for ami in amis}) == len(amis)


def test_records_have_only_what_the_api_model_knows() -> None:
    found: list[str] = []
    for record in CATALOGUE.image_records():
        assert record.pop("owner") in ("Amazon", "AWSMarketplace")  # a member of the lists' shapes only
        found += misfits(MODEL.shape_for("Image"), record, record["arn"])
    for record in CATALOGUE.component_records():
        found += misfits(MODEL.shape_for("Component"), record, record["arn"])
    assert found == []


def test_the_owner_word_belongs_to_the_arn() -> None:
    for record in CATALOGUE.component_records():
        assert record["owner"] == OWNER_WORDS[record["arn"].split(":")[4]]


def test_types_of_components_follow_their_names() -> None:
    for record in CATALOGUE.component_records():
        name = record["arn"].split("/")[1]
        is_test = name.startswith("validate-") or "-test" in name
        assert record["type"] == ("TEST" if is_test else "BUILD"), name


def test_platforms_follow_the_names() -> None:
    for entry in (*CATALOGUE.images().values(), *CATALOGUE.components().values()):
        words = set(entry.slug.split("-"))
        if "windows" in words and "linux" not in words:
            assert entry.platform == "Windows", entry.slug
        if "linux" in words or "ubuntu" in words:
            assert entry.platform == "Linux", entry.slug
        assert (entry.platform == "macOS") == ("macos" in words), entry.slug


def test_documents_parse_and_agree_with_their_component() -> None:
    for record in CATALOGUE.component_records():
        if record.get("obfuscate"):
            assert "data" not in record
            continue
        document = parse_component_document(record["data"], record["platform"])
        assert document.name == record["name"]
        assert [phase.name for phase in document.phases] == [record["type"].lower()]
        assert document.type == record["type"]
        assert parameter_details(document) == record.get("parameters", [])
        assert yaml.safe_load(record["data"])["phases"][0]["steps"]
        assert 1 <= len(record["data"]) <= 16000


def test_parameters_on_record() -> None:
    latest = {record["name"]: record for record in CATALOGUE.component_records()}
    assert latest["stig-build-linux"]["parameters"] == [
        {"name": "Level", "type": "string", "defaultValue": ["High"]},
        {"name": "InstallPackages", "type": "string", "defaultValue": ["No"]},
        {"name": "SetDoDConsentBanner", "type": "string", "defaultValue": ["No"]},
    ]
    distributor = {parameter["name"]: parameter for parameter in latest["distributor-package-windows"]["parameters"]}
    assert distributor.keys() == {"Action", "PackageName", "PackageVersion", "AdditionalArguments"}
    assert distributor["Action"]["defaultValue"] == ["Install"]
    assert "defaultValue" not in distributor["PackageName"]
    assert [parameter["name"] for parameter in latest["aws-vss-components-windows"]["parameters"]] == ["PackageVersion"]
    assert [parameter["name"] for parameter in latest["eni-attachment-test-linux"]["parameters"]] == ["WorkingPath"]
    assert "parameters" not in latest["update-linux"]


def test_versions_that_were_chosen_say_so() -> None:
    for entry in (*CATALOGUE.images().values(), *CATALOGUE.components().values()):
        assert entry.source
        chosen = [version for version in entry.versions if not version.seen]
        # One chosen version stands in where none is on record, never beside recorded ones.
        assert len(chosen) in (0, 1), entry.slug
        assert not chosen or len(entry.versions) == 1, entry.slug
        assert all(version.date_created.endswith("T00:00:00.000Z") for version in chosen)


def test_versions_of_images_are_their_dates() -> None:
    for image in CATALOGUE.images().values():
        for version in image.versions:
            year, month, day = version.version.split(".")
            assert version.date_created == f"{int(year):04}-{int(month):02}-{int(day):02}T00:00:00.000Z"


@pytest.mark.parametrize(("file", "kind"), [("images.json", "images"), ("components.json", "components")])
def test_the_files_have_one_entry_a_line(file: str, kind: str) -> None:
    lines = (DATA / file).read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["{", f'  "{kind}": [']
    assert lines[-2:] == ["  ]", "}"]
    slugs = [json.loads(line.strip().removesuffix(","))["slug"] for line in lines[2:-2]]
    assert len(slugs) == len(set(slugs)) == len(IMAGES if kind == "images" else COMPONENTS | OTHERS_COMPONENTS.keys())
