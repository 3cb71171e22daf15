"""Documents of components and workflows: sent inline as ``data``, or in S3 at ``uri``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException

from ..builds.outputs.outbox import backend_of
from ..documents.yaml_loader import MAX_DOCUMENT_BYTES
from ..exceptions import InvalidParameterValueException, invalid_combination, invalid_value

_URI = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def read_document(request: Mapping[str, Any], account_id: str, partition: str) -> str:
    """The text of the document that a create request gives, in one of the two ways.

    :raises InvalidParameterCombinationException: not exactly one of ``data`` and ``uri``.
    :raises InvalidParameterValueException: the document at ``uri`` cannot be read.
    """
    if "data" in request and "uri" in request:
        raise invalid_combination("uri", "You can specify either data or uri, but not both.")
    if "uri" in request:
        return read_s3_document(request["uri"], "uri", MAX_DOCUMENT_BYTES, account_id, partition)
    if "data" not in request:
        raise invalid_combination("data", "You must specify either data or uri.")
    data: str = request["data"]
    return data


def read_s3_document(uri: str, parameter: str, max_bytes: int, account_id: str, partition: str) -> str:
    """The text of the object at ``s3://bucket/key``, as moto's S3 has it now.

    :param parameter: the request's parameter that holds the URI, for the error's sentence.
    :param max_bytes: the service's quota for such a document.
    :raises InvalidParameterValueException: the URI has another form, its object cannot be read by this account, is larger
        than ``max_bytes`` or is not UTF-8.
    """
    content: bytes = find_s3_object(uri, parameter, account_id, partition).value
    if len(content) > max_bytes:
        raise invalid_value(
            parameter, f"The object at '{uri}' has {len(content)} bytes. A document can have at most {max_bytes} bytes."
        )
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise invalid_value(parameter, f"The object at '{uri}' is not UTF-8 text.") from None


def find_s3_object(uri: str, parameter: str, account_id: str, partition: str) -> Any:
    """moto's object at ``s3://bucket/key``.

    :param parameter: the request's parameter that holds the URI, for the error's sentence.
    :raises InvalidParameterValueException: the URI has another form, or its object cannot be read by this account.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise invalid_value(parameter, "Invalid S3 URI")
    bucket, key = match.groups()
    s3 = backend_of("s3", account_id, partition)
    try:
        found: Any = s3.get_object(bucket, key)
    except ServiceException as error:
        raise _unreadable(parameter, uri, error.message) from None
    if found is None:
        raise _unreadable(parameter, uri, "The specified key does not exist.")
    return found


def _unreadable(parameter: str, uri: str, reason: str) -> InvalidParameterValueException:
    return invalid_value(parameter, f"The object at '{uri}' cannot be read: {reason.rstrip('.')}.")
