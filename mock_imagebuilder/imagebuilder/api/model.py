"""The service model of the installed botocore."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader

Shape = Mapping[str, Any]


class ApiModel:
    """``service-2.json`` as botocore ships it, with the look-ups that the compilers need."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.operations: Mapping[str, Mapping[str, Any]] = document["operations"]
        self.shapes: Mapping[str, Shape] = document["shapes"]

    def shape(self, name: str) -> Shape:
        return self.shapes[name]

    def status_of(self, error_code: str) -> int | None:
        """The HTTP status of an error shape, or None if the model has no such error."""
        shape = self.shapes.get(error_code, {})
        if not shape.get("exception"):
            return None
        default = 500 if shape.get("fault") else 400
        return int(shape.get("error", {}).get("httpStatusCode", default))


@cache
def load_model() -> ApiModel:
    """The model of the installed botocore (or of the user's own ``~/.aws/models``, as botocore itself would find it)."""
    return ApiModel(Loader().load_service_model("imagebuilder", "service-2"))
