"""Reads a document that a request gives as an S3 URI instead of sending it inline."""

from __future__ import annotations

import re
from typing import Any

from moto.core.exceptions import ServiceException

from ..builds.outputs.outbox import backend_of
from ..exceptions import InvalidParameterValueException, invalid_value

_URI = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def read_s3_document(uri: str, parameter: str, max_bytes: int, account_id: str, partition: str) -> str:
    """The text of the object at ``s3://bucket/key``, as moto's S3 has it now.

    :param parameter: the request's parameter that holds the URI, for the error's sentence.
    :param max_bytes: the service's quota for such a document.
    :raises InvalidParameterValueException: the URI has another form, its object cannot be read by this account, is larger
        than ``max_bytes`` or is not UTF-8.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise invalid_value(parameter, "The URI must have the form s3://bucket/key.")
    bucket, key = match.groups()
    s3 = backend_of("s3", account_id, partition)
    try:
        found: Any = s3.get_object(bucket, key)
    except ServiceException as error:
        raise _unreadable(parameter, uri, error.message) from None
    if found is None:
        raise _unreadable(parameter, uri, "The specified key does not exist.")
    content: bytes = found.value
    if len(content) > max_bytes:
        raise invalid_value(
            parameter, f"The object at '{uri}' has {len(content)} bytes. A document can have at most {max_bytes} bytes."
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise invalid_value(parameter, f"The object at '{uri}' is not UTF-8 text.") from None


def _unreadable(parameter: str, uri: str, reason: str) -> InvalidParameterValueException:
    return invalid_value(parameter, f"The object at '{uri}' cannot be read: {reason.rstrip('.')}.")
