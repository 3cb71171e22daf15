"""The examples that all cases are made from are valid themselves."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from mock_imagebuilder.imagebuilder import api

from .doors import Request
from .examples import EXAMPLES, example, example_request
from .model import OPERATIONS, SHAPES, input_shapes

PATTERNED = sorted(name for name in input_shapes() if "pattern" in SHAPES[name])


@pytest.mark.parametrize("shape_name", PATTERNED)
def test_a_text_matches_its_pattern_and_length(shape_name: str) -> None:
    shape = SHAPES[shape_name]
    text = example(shape_name)
    assert re.fullmatch(shape["pattern"], text)
    assert shape.get("min", 0) <= len(text) <= shape.get("max", 10**6)


@pytest.mark.parametrize("shape_name", EXAMPLES)
def test_no_example_is_left_over(shape_name: str) -> None:
    if shape_name not in SHAPES:
        pytest.skip("the installed botocore is older than the shape")
    assert shape_name in PATTERNED


@pytest.mark.parametrize("full", [False, True], ids=["required members", "all members"])
@pytest.mark.parametrize("operation", OPERATIONS)
class TestRequest:
    def test_botocore_would_send_it(self, operation: str, full: bool) -> None:
        shape = _service_model().operation_model(operation).input_shape
        assert ParamValidator().validate(example_request(operation, full), shape).generate_report() == ""

    def test_the_mock_reads_all_of_it(self, operation: str, full: bool) -> None:
        values = example_request(operation, full)
        request = Request.of(operation, values)
        path, _, query = request.path.partition("?")
        meant, parameters = api.route(request.method, path)
        assert meant.name == operation
        read: dict[str, Any] = api.read_request(meant, parameters, query, request.body)
        assert _with_dates_as_numbers(read) == values


def _service_model() -> Any:
    return botocore.session.get_session().get_service_model("imagebuilder")


def _with_dates_as_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_dates_as_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_dates_as_numbers(item) for item in value]
    return value.timestamp() if hasattr(value, "timestamp") else value
