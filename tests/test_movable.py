"""The service is shaped like a service of moto: as ``moto/imagebuilder`` in a moto of its own it works without us."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import moto
import pytest

import mock_imagebuilder

SERVICE = Path(mock_imagebuilder.__file__).parent / "imagebuilder"
MOTO = Path(moto.__file__).parent

#: What somebody who adds a service to moto writes into its list.
PATTERN = (
    "\nbackend_url_patterns.append(\n"
    '    ("imagebuilder", re.compile(r"https?://imagebuilder(?:-fips)?\\.([a-z0-9-]+)\\."))\n'
    ")\n"
)

STORY = """
import sys

sys.modules["mock_imagebuilder"] = None  # importing it is an error from here on

import boto3
import moto
from moto import mock_aws

assert moto.__file__.startswith(sys.argv[1]), moto.__file__


@mock_aws
def story():
    imagebuilder = boto3.client("imagebuilder", region_name="eu-west-1")
    arn = imagebuilder.create_distribution_configuration(
        name="Everywhere",
        distributions=[{"region": "eu-west-1", "amiDistributionConfiguration": {}}],
        tags={"Team": "a"},
    )["distributionConfigurationArn"]
    (listed,) = imagebuilder.list_distribution_configurations()["distributionConfigurationSummaryList"]
    got = imagebuilder.get_distribution_configuration(distributionConfigurationArn=arn)["distributionConfiguration"]
    assert listed["arn"] == got["arn"] == arn
    try:
        imagebuilder.get_distribution_configuration(distributionConfigurationArn=arn + "-2")
    except imagebuilder.exceptions.ResourceNotFoundException as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404

    image = imagebuilder.import_vm_image(
        name="base", semanticVersion="1.0.0", platform="Linux", vmImportTaskId="import-ami-0123456789abcdef0"
    )["imageArn"]
    (ami,) = imagebuilder.get_image(imageBuildVersionArn=image)["image"]["outputResources"]["amis"]
    ec2 = boto3.client("ec2", region_name="eu-west-1")
    (found,) = ec2.describe_images(Owners=["self"])["Images"]
    assert found["ImageId"] == ami["image"]

    tagging = boto3.client("resourcegroupstaggingapi", region_name="eu-west-1")
    (mapping,) = tagging.get_resources(ResourceTypeFilters=["imagebuilder"])["ResourceTagMappingList"]
    assert mapping == {"ResourceARN": arn, "Tags": [{"Key": "Team", "Value": "a"}]}


story()
print("the end")
"""


def moto_with_the_service(folder: Path) -> None:
    """A moto in this folder: the installed one with the service in it. What is not changed is linked, not copied."""
    copy = folder / "moto"
    copy.mkdir()
    for entry in MOTO.iterdir():
        if entry.is_dir():
            (copy / entry.name).symlink_to(entry, target_is_directory=True)
        else:
            shutil.copy(entry, copy / entry.name)
    shutil.copytree(SERVICE, copy / "imagebuilder", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "backend_index.py").open("a") as index:
        index.write(PATTERN)


@pytest.mark.skipif(
    not (MOTO / "core" / "resource_tagging.py").exists(), reason="this moto lacks what the service needs of the newest"
)
def test_the_service_works_inside_moto(tmp_path: Path) -> None:
    moto_with_the_service(tmp_path)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "MOTO_"))},
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", STORY, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "the end\n"), ended.stderr


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file: how many folders it goes up (0: absolute), and the name of the module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


FILES = sorted(path.relative_to(SERVICE).as_posix() for path in SERVICE.rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_the_service_reaches_out_of_its_folder(name: str) -> None:
    depth = name.count("/") + 1
    for level, module in imports_of(SERVICE / name):
        assert level > 0 or module.split(".")[0] != "mock_imagebuilder", f"{name} imports {module}"
        assert level <= depth, f"{name} goes {level} folders up"


#: What the service may import besides itself and Python's own modules: what moto itself requires, and werkzeug with it.
REQUIRED_BY_MOTO = {"boto3", "botocore", "cryptography", "moto", "requests", "responses", "werkzeug"}
BESIDES = {
    "types_boto3_imagebuilder",  # only while types are checked
    "yaml",
}


def test_the_service_needs_little_besides_moto() -> None:
    tops = {module.split(".")[0] for name in FILES for level, module in imports_of(SERVICE / name) if level == 0}
    assert tops - set(sys.stdlib_module_names) <= REQUIRED_BY_MOTO | BESIDES
