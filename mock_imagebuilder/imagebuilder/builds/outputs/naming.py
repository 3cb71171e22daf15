"""The names, descriptions and tags of output AMIs, with their placeholders.

Forms seen in answers of the service: ``buildDate`` is the image's ``dateCreated`` with hyphens for colons and milliseconds,
the default name carries microseconds of about two seconds later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .outbox import backend_of

if TYPE_CHECKING:
    from ...resources.image import Image

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z]+):([^{}]+?)\s*\}\}")
_DATE_PATTERN = re.compile(r"yyyy|yy|MM|dd|HH|mm|ss|SSS")
_SECONDS_TO_NAME = 2


@dataclass(frozen=True)
class BuildNames:
    """What the placeholders of one image build version stand for."""

    image_name: str
    build_number: int
    created: datetime
    read_parameter: Callable[[str], str]

    @property
    def build_date(self) -> str:
        return f"{self.created:%Y-%m-%dT%H-%M-%S}.{self.created.microsecond // 1000:03d}Z"

    @property
    def default_ami_name(self) -> str:
        """``my-image 2023-05-17T21-17-23.099935Z``"""
        return f"{self.image_name} {self.created + timedelta(seconds=_SECONDS_TO_NAME):%Y-%m-%dT%H-%M-%S.%f}Z"

    def fill(self, text: str) -> str:
        """``text`` with ``{{ imagebuilder:buildDate }}``, ``{{ imagebuilder:buildDate:yyyyMMdd }}``,
        ``{{ imagebuilder:buildVersion }}`` and ``{{ ssm:name }}`` replaced; what is none of them stays as it is.

        :raises LookupError: the SSM parameter does not exist.
        """
        return _PLACEHOLDER.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        namespace, variable = match.groups()
        if namespace == "ssm":
            return self.read_parameter(variable)
        if namespace == "imagebuilder":
            if variable == "buildDate":
                return self.build_date
            if variable == "buildVersion":
                return str(self.build_number)
            if variable.startswith("buildDate:"):
                return _DATE_PATTERN.sub(self._date_part, variable.removeprefix("buildDate:"))
        return match.group(0)

    def _date_part(self, match: re.Match[str]) -> str:
        created = self.created
        parts = {
            "yyyy": f"{created:%Y}",
            "yy": f"{created:%y}",
            "MM": f"{created:%m}",
            "dd": f"{created:%d}",
            "HH": f"{created:%H}",
            "mm": f"{created:%M}",
            "ss": f"{created:%S}",
            "SSS": f"{created.microsecond // 1000:03d}",
        }
        return parts[match.group(0)]


def names_of(image: Image) -> BuildNames:
    """What the placeholders in names and tags stand for in this image."""
    backend = image.backend

    def read_parameter(name: str) -> str:
        from moto.ssm.exceptions import ParameterVersionNotFound

        try:
            parameter = backend_of("ssm", backend.account_id, backend.region_name).get_parameter(name)
        except ParameterVersionNotFound:
            parameter = None
        if parameter is None:
            raise LookupError(f"The SSM parameter '{name}' does not exist.")
        return str(parameter.value)

    return BuildNames(image.name, image.build_number, image.created, read_parameter)
