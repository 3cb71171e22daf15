"""Writes docs/coverage.md: what is there of each operation of the API, from the model, the code and the tests.

``python -m tests.coverage_page`` writes the page, ``--check`` fails when it is stale. The refusals come from a run of the
tests: ``python -m pytest -p tests.refusal_record --refusals build/check/refusals.json tests/resources tests/builds``.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mock_imagebuilder import imagebuilder_backends, mock_imagebuilder
from mock_imagebuilder.imagebuilder.api import Operation, load_model, operations
from mock_imagebuilder.imagebuilder.exceptions import InvalidParameterValueException
from mock_imagebuilder.imagebuilder.models import ImageBuilderBackend

from .conformance.examples import ACCOUNT, REGION, example_request
from .conformance.wrong_values import wrong_values

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage.md"
RECORD = ROOT / "build" / "check" / "refusals.json"

#: The families in the order of the page, by a word that their operations have in their names. The first match counts.
FAMILIES = {
    "Policies of resources": r"(Get|Put)\w+Policy$(?<!LifecyclePolicy)",
    "Lifecycle policies": r"Lifecycle|ResourceStateUpdate",
    "Workflows": r"Workflow",
    "Marketplace": r"Marketplace",
    "Tags": r"Tag|Untag",
    "Components": r"Component",
    "Container recipes": r"ContainerRecipe",
    "Image recipes": r"ImageRecipe",
    "Infrastructure configurations": r"InfrastructureConfiguration",
    "Distribution configurations": r"DistributionConfiguration",
    "Image pipelines": r"ImagePipeline",
    "Images": r"Image",
}

#: What an operation leaves outside of Image Builder.
EFFECTS = {
    "CreateImage": "EC2: AMIs, snapshots, tags, permissions; ECR: container images; S3: disk images",
    "StartImagePipelineExecution": "as CreateImage",
    "DistributeImage": "EC2: AMIs, snapshots, tags, permissions; S3: disk images",
    "ImportDiskImage": "EC2: AMI, snapshot, tags",
    "ImportVmImage": "EC2: AMI, snapshot",
    "StartResourceStateUpdate": "EC2: AMIs, snapshots; ECR: container images",
}

#: Where the rules of an operation are known from, strongest first: [R]ecorded answers of the service, its
#: [d]ocumentation, the API [m]odel, [i]nference.
SOURCES = {
    "CancelImageCreation": "rmi",
    "CancelLifecycleExecution": "rdmi",
    "CreateComponent": "rdmi",
    "CreateContainerRecipe": "rdmi",
    "CreateDistributionConfiguration": "rmi",
    "CreateImage": "rdmi",
    "CreateImagePipeline": "rdmi",
    "CreateImageRecipe": "rdmi",
    "CreateInfrastructureConfiguration": "rmi",
    "CreateLifecyclePolicy": "rdmi",
    "CreateWorkflow": "rdmi",
    "DeleteComponent": "rmi",
    "DeleteContainerRecipe": "m",
    "DeleteDistributionConfiguration": "mi",
    "DeleteImage": "rmi",
    "DeleteImagePipeline": "rmi",
    "DeleteImageRecipe": "rm",
    "DeleteInfrastructureConfiguration": "rm",
    "DeleteLifecyclePolicy": "rmi",
    "DeleteWorkflow": "rmi",
    "DistributeImage": "rdmi",
    "GetComponent": "rm",
    "GetComponentPolicy": "mi",
    "GetContainerRecipe": "rm",
    "GetContainerRecipePolicy": "rm",
    "GetDistributionConfiguration": "rm",
    "GetImage": "rdm",
    "GetImagePipeline": "rm",
    "GetImagePolicy": "m",
    "GetImageRecipe": "rm",
    "GetImageRecipePolicy": "m",
    "GetInfrastructureConfiguration": "rm",
    "GetLifecycleExecution": "rdm",
    "GetLifecyclePolicy": "rm",
    "GetMarketplaceResource": "m",
    "GetWorkflow": "rdm",
    "GetWorkflowExecution": "rm",
    "GetWorkflowStepExecution": "rm",
    "ImportComponent": "mi",
    "ImportDiskImage": "rdm",
    "ImportVmImage": "rmi",
    "ListComponentBuildVersions": "rdm",
    "ListComponents": "rdmi",
    "ListContainerRecipes": "rmi",
    "ListDistributionConfigurations": "mi",
    "ListImageBuildVersions": "rdm",
    "ListImagePackages": "rmi",
    "ListImagePipelineImages": "rmi",
    "ListImagePipelines": "rmi",
    "ListImageRecipes": "rmi",
    "ListImageScanFindingAggregations": "rm",
    "ListImageScanFindings": "rm",
    "ListImages": "rmi",
    "ListInfrastructureConfigurations": "rmi",
    "ListLifecycleExecutionResources": "rdmi",
    "ListLifecycleExecutions": "rmi",
    "ListLifecyclePolicies": "rmi",
    "ListTagsForResource": "rm",
    "ListWaitingWorkflowSteps": "rm",
    "ListWorkflowBuildVersions": "rmi",
    "ListWorkflowExecutions": "rdm",
    "ListWorkflowStepExecutions": "rdm",
    "ListWorkflows": "rmi",
    "PutComponentPolicy": "rm",
    "PutContainerRecipePolicy": "rm",
    "PutImagePolicy": "rm",
    "PutImageRecipePolicy": "rm",
    "RetryImage": "dmi",
    "SendWorkflowStepAction": "dm",
    "StartImagePipelineExecution": "rdmi",
    "StartResourceStateUpdate": "rdmi",
    "TagResource": "rmi",
    "UntagResource": "rm",
    "UpdateDistributionConfiguration": "rm",
    "UpdateImagePipeline": "rm",
    "UpdateInfrastructureConfiguration": "rm",
    "UpdateLifecyclePolicy": "mi",
}
_SOURCE_WORDS = {"r": "recorded", "d": "docs", "m": "model", "i": "inferred"}

_INTRODUCTION = """\
# Coverage

<!-- Written by `python -m tests.coverage_page`. Do not edit. -->

{implemented} of the {total} operations of the API are implemented. An operation that is not answers with the error
`OperationNotImplemented` and HTTP status 400. Operations that a newer botocore adds do so too.

Every request is checked against the whole API model before anything else: required members, types, lengths, patterns,
enumerations, ranges, in nested structures too. The columns are:

* **validated**: the number of requests with one wrong value that tests make from the model and see refused.
* **refused with**: the error codes of rules beyond the model that tests assert, with HTTP status and the whole message.
* **filters**: the filter names of a list operation. All that AWS documents, unless some are named as missing.
* **pages**: whether the answer comes in pages with `nextToken`.
* **effects**: what the operation leaves in other services, where moto shows it.
* **known from**: where the rules come from, see the [fidelity page](fidelity.md).
"""
_HEADER = ("operation", "validated", "refused with", "filters", "pages", "effects", "known from")


def page(refusals: Mapping[str, list[str]]) -> str:
    """The whole page.

    :param refusals: error codes by operation, as :mod:`tests.refusal_record` writes them.
    """
    families: dict[str, list[Operation]] = {family: [] for family in FAMILIES}
    for operation in operations().values():
        families[family_of(operation.name)].append(operation)
    implemented = [name for name in operations() if is_implemented(name)]
    parts = [_INTRODUCTION.format(implemented=len(implemented), total=len(operations()))]
    for family in sorted(families):
        present = [operation for operation in families[family] if is_implemented(operation.name)]
        absent = [f"`{operation.name}`" for operation in families[family] if not is_implemented(operation.name)]
        parts.append(f"\n## {family}\n\n")
        if present:
            rows = [row(operation, refusals.get(operation.name, [])) for operation in present]
            parts += [_line(cells) for cells in (_HEADER, ["---"] * len(_HEADER), *rows)]
        if absent:
            parts.append(("\n" if present else "") + f"Not implemented: {', '.join(absent)}.\n")
    return "".join(parts)


def family_of(operation: str) -> str:
    return next(family for family, pattern in FAMILIES.items() if re.search(pattern, operation))


def is_implemented(operation: str) -> bool:
    return operation in ImageBuilderBackend.OPERATIONS


def row(operation: Operation, codes: list[str]) -> list[str]:
    if operation.name not in SOURCES:
        raise LookupError(f"Say in SOURCES of {__file__} where the rules of {operation.name} are known from.")
    short = [code.removesuffix("Exception") for code in codes]
    return [
        f"`{operation.name}`",
        str(validated(operation.name)),
        ", ".join(short) or "-",
        filters_cell(operation),
        "yes" if any(member.name == "nextToken" for member in operation.members) else "-",
        EFFECTS.get(operation.name, "-"),
        ", ".join(_SOURCE_WORDS[letter] for letter in SOURCES[operation.name]),
    ]


def validated(operation: str) -> int:
    """How many requests the conformance tests see refused for a value that breaks the model."""
    return sum(map(len, wrong_values(operation).values()))


def without_refusals(refusals: Mapping[str, list[str]]) -> list[str]:
    """The implemented operations of which no test has seen a refusal beyond the model."""
    return [name for name in operations() if is_implemented(name) and not refusals.get(name)]


def filters_cell(operation: Operation) -> str:
    documented, known = documented_filters(operation), known_filters(operation)
    missing = [name for name in documented if name not in known]
    if not documented and not known:
        return "-"
    cell = ", ".join(known)
    return f"{cell}; missing: {', '.join(missing)}" if missing else cell


def documented_filters(operation: Operation) -> list[str]:
    """The filter names in the model's text, which sets names as code."""
    shape = load_model().shape(load_model().operations[operation.name]["input"]["shape"])
    text = shape["members"].get("filters", {}).get("documentation", "")
    return sorted(re.findall(r"<code>(\w+)</code>", text))


def known_filters(operation: Operation) -> list[str]:
    """The filter names in the sentence with which the operation refuses another one."""
    if not any(member.name == "filters" for member in operation.members):
        return []
    request: dict[str, Any] = {**example_request(operation.name), "filters": [{"name": "unknown"}]}
    with mock_imagebuilder():
        try:
            imagebuilder_backends[ACCOUNT][REGION].perform(operation, request)
        except InvalidParameterValueException as error:
            return error.message.partition("Valid filter names are: ")[2].rstrip(".").split(", ")
    raise AssertionError(f"{operation.name} takes a filter that does not exist")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.coverage_page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the page is stale")
    parser.add_argument("--refusals", type=Path, default=RECORD, help="what the tests have recorded")
    arguments = parser.parse_args()
    if not arguments.refusals.exists():
        parser.error(f"there is no {arguments.refusals}: run the tests with --refusals first, see --help")
    refusals = json.loads(arguments.refusals.read_text())
    if missing := without_refusals(refusals):
        parser.error(f"no test in tests/resources or tests/builds sees these operations refused: {', '.join(missing)}")
    new = page(refusals)
    old = PAGE.read_text() if PAGE.exists() else ""
    if not arguments.check:
        PAGE.write_text(new)
        return 0
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "docs/coverage.md", "now"))
    if new != old:
        sys.stdout.write("\ndocs/coverage.md is stale. Write it again with: python -m tests.coverage_page\n")
    return int(new != old)


if __name__ == "__main__":
    sys.exit(main())
