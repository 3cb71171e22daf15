"""The generator of docs/coverage.md. Whether the page itself is stale is a job of .ci/check.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mock_imagebuilder.imagebuilder.api import operations
from mock_imagebuilder.imagebuilder.models import ImageBuilderBackend

from . import coverage_page
from .coverage_page import EFFECTS, PAGE, SOURCES, documented_filters, filters_cell, page, without_refusals

REFUSALS = {"CreateComponent": ["ClientException", "InvalidParameterValueException"]}


def test_every_operation_is_on_the_page_once() -> None:
    lines = page(REFUSALS).splitlines()
    listed = [name for line in lines if line.startswith("| `") for name in re.findall(r"^\| `(\w+)`", line)]
    missing = [name for line in lines if line.startswith("Not implemented") for name in re.findall(r"`(\w+)`", line)]
    assert sorted(listed + missing) == sorted(operations())
    assert set(listed) == operations().keys() & ImageBuilderBackend.OPERATIONS.keys()


def test_the_refusals_are_those_that_were_recorded() -> None:
    (line,) = (line for line in page(REFUSALS).splitlines() if line.startswith("| `CreateComponent`"))
    assert line.split(" | ")[2] == "Client, InvalidParameterValue"


def test_every_row_says_how_much_is_validated_and_where_the_rules_are_known_from() -> None:
    columns = {"operation", "validated", "refused with", "filters", "pages", "effects", "known from"}
    lines = [line.strip("| ").split(" | ") for line in page(REFUSALS).splitlines() if line.startswith("| ")]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines if line[0].startswith("`")]
    assert set(lines[0]) == columns
    assert len(rows) == len(operations().keys() & ImageBuilderBackend.OPERATIONS.keys())
    assert not [row for row in rows if int(row["validated"]) == 0 or row["known from"] in ("", "-")]
    assert {row["operation"] for row in rows if row["pages"] == "yes"} == {
        f"`{operation.name}`"
        for operation in operations().values()
        if any(member.name == "nextToken" for member in operation.members)
    }


def test_an_operation_that_no_test_sees_refused_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = {name: ["ClientException"] for name in operations()}
    assert without_refusals(everything) == []
    record = tmp_path / "refusals.json"
    record.write_text(json.dumps({**everything, "GetImage": []}))
    monkeypatch.setattr("sys.argv", ["coverage_page", "--check", "--refusals", str(record)])
    with pytest.raises(SystemExit):
        coverage_page.main()
    assert "sees these operations refused: GetImage" in capsys.readouterr().err


def test_the_written_page_has_refusals_of_every_operation() -> None:
    header, *rows = (line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| "))
    column = header.index("refused with")
    unrefused = [row[0] for row in rows if row[0].startswith("| `") and row[column] == "-"]
    assert unrefused == []


def test_sources_and_effects_are_of_operations_that_exist() -> None:
    newest = set(operations()) | set(ImageBuilderBackend.OPERATIONS)
    if len(operations()) < len(SOURCES):
        pytest.skip("this botocore lacks operations of the newest one")
    assert SOURCES.keys() <= newest
    assert EFFECTS.keys() <= SOURCES.keys()


def test_an_operation_without_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SOURCES, "CreateComponent")
    with pytest.raises(LookupError, match="Say in SOURCES"):
        page(REFUSALS)


def test_filters_that_the_model_documents_and_the_code_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = operations()["ListImagePipelineImages"]
    assert documented_filters(operation) == ["name", "version"]
    assert filters_cell(operation) == "name, version"
    monkeypatch.setattr(coverage_page, "known_filters", lambda _operation: ["name"])
    assert filters_cell(operation) == "name; missing: version"
