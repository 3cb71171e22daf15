"""How a test says that the service refuses something."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

#: The operations that have been refused, with the error codes. Read by :mod:`tests.refusal_record`.
seen: defaultdict[str, set[str]] = defaultdict(set)


@contextmanager
def refused(code: str, status: int, message: str | re.Pattern[str]) -> Iterator[None]:
    """The block ends with this error of the service: its code, its HTTP status and its whole message.

    ``message`` may be a compiled pattern, which then has to match the whole message.
    """
    with pytest.raises(ClientError) as raised:
        yield
    error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert error["Code"] == code, error
    assert metadata["HTTPStatusCode"] == status
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == code
    if isinstance(message, re.Pattern):
        assert message.fullmatch(error["Message"]), error["Message"]
    else:
        assert error["Message"] == message
    seen[raised.value.operation_name].add(code)
