"""What an operation takes and gives is in its signature: mypy checks every member that is read against AWS's model."""

from __future__ import annotations

import pytest

from mock_imagebuilder.imagebuilder.models import ImageBuilderBackend


@pytest.mark.parametrize(("operation", "handler"), sorted(ImageBuilderBackend.OPERATIONS.items()))
def test_an_operation_takes_the_request_of_its_name_and_gives_an_answer(operation: str, handler: object) -> None:
    assert handler.__annotations__ == {"request": f"{operation}RequestTypeDef", "return": "Answer"}
