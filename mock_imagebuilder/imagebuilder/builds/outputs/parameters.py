"""Parameters in moto's Systems Manager."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException

from .outbox import Outbox, living_backend

_TYPE = "String"
_NAME = re.compile(r"/?[A-Za-z0-9_.-]+|(?:/[A-Za-z0-9_.-]+){1,15}")
_RESERVED = ("aws", "ssm")


class PutRefused(Exception):
    """Systems Manager would refuse the parameter; the text is its own."""


def put(outbox: Outbox, account_id: str, region: str, name: str, value: str, data_type: str, moment: datetime) -> None:
    """Create a parameter of the type String, or overwrite it.

    :param data_type: ``text`` or ``aws:ec2:image``.
    :raises PutRefused: the name is not one of a parameter, or a parameter of another type has it.
    """
    _check_name(name)
    ssm = living_backend("ssm", account_id, region)
    earlier = None if ssm is None else ssm.get_parameter(name)
    if earlier is not None and earlier.parameter_type != _TYPE:
        raise PutRefused(
            f"Parameter Store does not support changing a parameter type from {earlier.parameter_type} to {_TYPE}. "
            "You must create a new, unique parameter."
        )

    def effect(ssm: Any) -> None:
        parameter = ssm.put_parameter(
            name=name,
            description=None,
            value=value,
            parameter_type=_TYPE,
            allowed_pattern=None,
            keyid=None,
            overwrite=True,
            tags=[],
            data_type=data_type,
            tier=None,
            policies=None,
        )
        parameter.last_modified_date = moment.replace(tzinfo=None)

    try:
        outbox.post("ssm", account_id, region, effect)
    except ServiceException as error:
        raise PutRefused(error.message) from None


def _check_name(name: str) -> None:
    if "/" in name and not name.startswith("/"):
        raise PutRefused("Parameter name must be a fully qualified name.")
    if name.lower().startswith("/aws") and name.count("/") > 1:
        raise PutRefused(f"No access to reserved parameter name: {name}.")
    if name.lstrip("/").lower().startswith(_RESERVED):
        raise PutRefused('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).')
    if not _NAME.fullmatch(name):
        raise PutRefused(
            "Parameter name: if formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can "
            "be formed as a mix of letters, numbers and the following 3 symbols .-_"
        )
