"""The examples that the AWS CLI's help gives for EC2 Image Builder, run against the server.

Their text stays where it is installed. What an example presupposes is made first; the answer has to have the members
that the example shows, and the values that follow from the request.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .cli_examples import CliProcess, Example, examples_of, python_of, read_json
from .cli_stock import Stock, resources_in
from .conftest import REGION
from .served import Address
from .test_aws_cli import EXECUTABLE

#: Examples that the service refuses today: the error code, and why.
REFUSED = {
    "create-image-pipeline": ("InvalidParameterValueException", "a cron expression of five fields, refused since 2021"),
    "update-image-pipeline": ("InvalidParameterValueException", "a cron expression of five fields, refused since 2021"),
    "create-image-recipe": ("InvalidParameterValueException", "xxxx.x.x, which was a wildcard in 2019"),
    "get-image-recipe-policy": ("InvalidParameterValueException", "the ARN of a recipe with a build number"),
}
#: Examples with texts in which a quotation mark is missing or not escaped: the input, or the output.
NOT_JSON = {
    "tag-resource": "input",
    "get-component-policy": "output",
    "get-image-policy": "output",
    "get-image-recipe-policy": "output",
}
_OTHER_NAME = "is of a resource with another name, Region or build than in the command"
#: Members that an example shows and the service does not return, or not with this value, and why.
DIFFERENT = {
    "create-component": {"componentBuildVersionArn": _OTHER_NAME},
    "delete-image": {"imageBuildVersionArn": _OTHER_NAME},
    "delete-image-pipeline": {"imagePipelineArn": _OTHER_NAME},
    "delete-image-recipe": {"imageRecipeArn": _OTHER_NAME},
    "delete-infrastructure-configuration": {"infrastructureConfigurationArn": _OTHER_NAME},
    "put-image-recipe-policy": {"imageRecipeArn": _OTHER_NAME},
    "get-image": {"image.state.status": "is that of a build that has not ended"},
    "get-image-pipeline": {"imagePipeline.schedule.scheduleExpression": "has five fields, refused since 2021"},
    "list-image-build-versions": {
        "imageSummaryList[].outputResources.amis": "has AMIs of builds of 2020, and none of those that failed",
        "imageSummaryList[].state": "is that of builds which failed in 2020",
    },
    "list-image-pipeline-images": {"imagePipelineList": "is the answer of ListImagePipelines"},
    "list-image-recipes": {"imageRecipeSummaryList[].parentImage": "has versions that the catalogue has not"},
}
#: What is another one in every answer, or comes from elsewhere.
NOT_DETERMINED = {"requestId", "clientToken", "dateCreated", "dateUpdated"}


@cache
def installed() -> tuple[str | None, tuple[Example, ...]]:
    """The Python of the CLI, and its examples."""
    executable = os.environ.get(EXECUTABLE) or shutil.which("aws")
    python = python_of(executable) if executable else None
    return python, tuple(examples_of(python)) if python else ()


EXAMPLES = {example.name: example for example in installed()[1]}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProcess]:
    python = installed()[0]
    if not EXAMPLES or python is None:
        pytest.skip(f"no AWS CLI of version 1: there is none in PATH, and {EXECUTABLE} names none")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    process = CliProcess(
        python,
        {
            **kept,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        },
    )
    yield process
    process.close()


def shown_of_resources(example: Example) -> dict[str, dict[str, Any]]:
    """What the example shows of resources, and for what it does not show the others."""
    own = read_json(example.output_text)
    shown: dict[str, dict[str, Any]] = {}
    for answer in (own, *(read_json(EXAMPLES[name].output_text) for name in sorted(EXAMPLES))):
        for arn, members in resources_in(answer):
            shown[arn] = {**members, **shown.get(arn, {})}
    if example.arns and isinstance(own, dict) and own.keys() == {"tags"}:
        shown.setdefault(example.arns[0], {})["tags"] = own["tags"]
    return shown


def presupposed_by(example: Example) -> list[str]:
    """The ARNs of what has to be there: what the command names, and what it lists."""
    listed = [arn for arn, _ in resources_in(read_json(example.output_text))]
    named = [arn for arn in example.arns if not arn.endswith("/1") or ":image-recipe/" not in arn]
    return list(dict.fromkeys([*listed, *named])) if example.name.startswith("list-") else named


def run(cli: CliProcess, address: Address, example: Example, folder: Path) -> tuple[int, str, str]:
    stock = Stock(address, example.region, shown_of_resources(example))
    for arn in presupposed_by(example):
        stock.make(arn)
    words = list(example.words)
    if example.input_text is not None:
        text = example.input_text
        # The one slip in an input: a key without its second quotation mark.
        path = folder / "input.json"
        path.write_text(re.sub(r'^(\s*"\w+): "', r'\1": "', text, flags=re.MULTILINE))
        words = [re.sub(r"^file:.*", f"file://{path}", word) for word in words]
    options = ("--endpoint-url", address.url, "--region", example.region, "--output", "json")
    return cli.run(*options, "imagebuilder", *words)


def differences(shown: Any, found: Any, path: str = "") -> Iterator[str]:
    """The paths of what is shown and not found."""
    if isinstance(shown, dict) and isinstance(found, dict):
        for member, value in shown.items():
            inner = f"{path}.{member}".removeprefix(".")
            if member not in found:
                yield inner
            elif member not in NOT_DETERMINED:
                yield from differences(value, found[member], inner)
    elif isinstance(shown, list) and isinstance(found, list):
        for number, value in enumerate(shown):
            # Resources were not listed by name in 2020.
            same = [item for item in found if isinstance(value, dict) and value.get("arn", item) == item.get("arn")]
            yield from differences(value, (same or found[number:] or [None])[0], f"{path}[]")
    elif shown != found:
        yield path


def declared(path: str, name: str) -> str:
    """The entry of :data:`DIFFERENT` that a path belongs to, or the path itself."""
    return next((entry for entry in DIFFERENT.get(name, {}) if path.startswith(entry)), path)


@pytest.mark.parametrize("name", sorted(EXAMPLES) or ["none"])
def test_an_example(cli: CliProcess, address: Address, tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    status, output, errors = run(cli, address, example, tmp_path)
    if name in REFUSED:
        assert status != 0
        assert REFUSED[name][0] in errors
        return
    assert status == 0, errors
    assert (read_json(example.input_text) is None and example.input_text is not None) == (NOT_JSON.get(name) == "input")
    if example.output_text is None:
        assert output == ""
        return
    answer, shown = json.loads(output), read_json(example.output_text)
    assert (shown is None) == (NOT_JSON.get(name) == "output")
    if shown is not None:
        assert {declared(path, name) for path in differences(shown, answer)} == set(DIFFERENT.get(name, {}))
    else:
        assert answer.keys() >= {"policy"}


def test_what_is_said_of_examples_is_said_of_examples_that_exist(cli: CliProcess) -> None:
    """That each entry is true is shown by :func:`test_an_example`."""
    assert REFUSED.keys() | NOT_JSON.keys() | DIFFERENT.keys() <= EXAMPLES.keys()
    assert len(EXAMPLES) >= 38
