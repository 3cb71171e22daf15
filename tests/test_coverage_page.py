"""The generator of docs/coverage.md. Whether the page itself is stale is a job of .ci/check.py."""

from __future__ import annotations

import re

import pytest

from mock_imagebuilder.imagebuilder.api import operations
from mock_imagebuilder.imagebuilder.models import ImageBuilderBackend

from . import coverage_page
from .coverage_page import EFFECTS, SOURCES, documented_filters, filters_cell, page

REFUSALS = {"CreateComponent": ["ClientException", "InvalidParameterValueException"]}


def test_every_operation_is_on_the_page_once() -> None:
    lines = page(REFUSALS).splitlines()
    listed = [name for line in lines if line.startswith("| `") for name in re.findall(r"^\| `(\w+)`", line)]
    missing = [name for line in lines if line.startswith("Not implemented") for name in re.findall(r"`(\w+)`", line)]
    assert sorted(listed + missing) == sorted(operations())
    assert set(listed) == operations().keys() & ImageBuilderBackend.OPERATIONS.keys()


def test_the_refusals_are_those_that_were_recorded() -> None:
    (line,) = (line for line in page(REFUSALS).splitlines() if line.startswith("| `CreateComponent`"))
    assert line.split(" | ")[1] == "Client, InvalidParameterValue"


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
