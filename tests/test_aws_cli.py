"""The AWS CLI against the server. Needs an ``aws`` of its own environment: in PATH, or in MOCK_IMAGEBUILDER_AWS_CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.served import Address

EXECUTABLE = "MOCK_IMAGEBUILDER_AWS_CLI"
DISTRIBUTIONS = json.dumps(
    [{"region": REGION, "amiDistributionConfiguration": {"name": "golden {{ imagebuilder:buildDate }}"}}]
)


def run(executable: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the CLI with nothing of this process's Python or AWS environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    return subprocess.run(
        [executable, *words], env={**environment, **settings}, capture_output=True, text=True, check=False
    )


@cache
def reason_to_skip(executable: str | None) -> str | None:
    """Why there is no CLI to test with, if there is none."""
    if executable is None:
        return f"no `aws` in PATH, and {EXECUTABLE} is not set"
    # Prints the parameters of the command and sends nothing.
    skeleton = run(executable, "imagebuilder", "import-vm-image", "--generate-cli-skeleton")
    if skeleton.returncode != 0 or "vmImportTaskId" not in skeleton.stdout:
        return f"{Path(executable).name} has no commands for EC2 Image Builder"
    return None


class Cli:
    """``aws imagebuilder ...`` with a server's address."""

    def __init__(self, executable: str, url: str) -> None:
        self._executable = executable
        self._url = url

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(self._executable, "--endpoint-url", self._url, "--output", "json", "imagebuilder", *words)

    def answer(self, *words: str) -> Any:
        """The answer of a command that succeeds."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture
def cli(address: Address) -> Cli:
    executable = os.environ.get(EXECUTABLE) or shutil.which("aws")
    reason = reason_to_skip(executable)
    if executable is None or reason is not None:
        pytest.skip(reason or "")
    return Cli(executable, address.url)


def test_a_distribution_configuration(cli: Cli) -> None:
    arn = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/golden"
    created = cli.answer(
        "create-distribution-configuration", "--name", "golden", "--distributions", DISTRIBUTIONS, "--tags", "team=web"
    )
    assert created["distributionConfigurationArn"] == arn

    assert cli.run("tag-resource", "--resource-arn", arn, "--tags", "stage=test").returncode == 0
    tags = cli.answer("list-tags-for-resource", "--resource-arn", arn)["tags"]
    assert tags == {"team": "web", "stage": "test"}

    found = cli.answer("get-distribution-configuration", "--distribution-configuration-arn", arn)
    assert found["distributionConfiguration"]["name"] == "golden"
    assert found["distributionConfiguration"]["distributions"] == json.loads(DISTRIBUTIONS)

    listed = cli.answer("list-distribution-configurations", "--filters", "name=name,values=golden")
    (summary,) = listed["distributionConfigurationSummaryList"]
    assert (summary["arn"], summary["regions"], summary["tags"]) == (arn, [REGION], tags)


def test_pages(cli: Cli) -> None:
    """The CLI follows the tokens by itself."""
    for name in ("one", "two", "three"):
        cli.answer("create-distribution-configuration", "--name", name, "--distributions", DISTRIBUTIONS)
    listed = cli.answer("list-distribution-configurations", "--page-size", "1", "--max-items", "2")
    assert [entry["name"] for entry in listed["distributionConfigurationSummaryList"]] == ["one", "three"]
    rest = cli.answer("list-distribution-configurations", "--page-size", "1", "--starting-token", listed["NextToken"])
    assert [entry["name"] for entry in rest["distributionConfigurationSummaryList"]] == ["two"]


def test_an_error(cli: Cli) -> None:
    arn = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/golden"
    ended = cli.run("get-distribution-configuration", "--distribution-configuration-arn", arn)
    # 255 from version 1, 254 from version 2.
    assert ended.returncode in (254, 255)
    assert ended.stdout == ""
    assert (
        "An error occurred (ResourceNotFoundException) when calling the GetDistributionConfiguration operation: "
        f"The following required resource 'DistributionConfiguration' cannot be found: '{arn}'."
    ) in ended.stderr


def test_an_imported_image(cli: Cli) -> None:
    imported = cli.answer(
        "import-vm-image",
        *("--name", "web server"),
        *("--semantic-version", "1.0.0"),
        *("--platform", "Linux"),
        *("--vm-import-task-id", "import-ami-0123456789abcdef0"),
    )
    assert imported["imageArn"] == f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"
    image = cli.answer("get-image", "--image-build-version-arn", imported["imageArn"])["image"]
    assert image["name"] == "web server"
    assert image["state"] == {"status": "AVAILABLE"}
