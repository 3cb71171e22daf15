"""Handles incoming imagebuilder requests, invokes the backend, returns responses.

Two doors lead into one hall. :func:`answer` is the hall: from a request in plain parts to status, headers and body.
:class:`ImageBuilderResponse` is moto's door: it finds out account and Region and enforces IAM as moto does for its own
services. The other door is the short way of in-process requests, which calls :func:`answer` directly.
"""

from __future__ import annotations

import re
from typing import Any, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.moto_api._internal import mock_random

from . import api
from .exceptions import ImageBuilderException, InvalidRequestException
from .models import ImageBuilderBackend, imagebuilder_backends

_REGION_OF_HOST = re.compile(r"https?://imagebuilder(?:-fips)?\.([a-z0-9-]+)\.[a-z]")
_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/,\s]+/[^/,\s]+/([^/,\s]+)/imagebuilder/")


def region_of_url(url: str) -> str | None:
    """The Region in a host of the service, such as ``imagebuilder-fips.us-east-1.amazonaws.com``."""
    match = _REGION_OF_HOST.match(url)
    return match.group(1) if match else None


def new_request_id() -> str:
    """A UUID of version 4 from moto's seedable random, in a third of the time that its ``uuid4`` takes."""
    digits = f"{mock_random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def answer(
    method: str, path: str, query: str, body: bytes | str | None, account_id: str, region: str
) -> tuple[int, dict[str, str], str]:
    """Answer one request.

    :param path: the path of the URL, percent-encoded as it came.
    :returns: status, headers and body. Whatever is wrong with the request is answered, never raised.
    """
    request_id = new_request_id()
    try:
        operation, parameters = api.route(method, path)
        imagebuilder_backends.steering.raise_operation_failure(operation.name)
        request = api.read_request(operation, parameters, query, body)
        result = _backend(account_id, region).perform(operation, request)
        return api.success_answer(operation, result, request_id)
    except ServiceException as error:
        return api.error_answer(error, request_id)


def _backend(account_id: str, region: str) -> ImageBuilderBackend:
    try:
        return imagebuilder_backends.of(account_id, region)
    except KeyError:
        raise InvalidRequestException(
            f"The Region '{region}' does not exist. MOTO_ALLOW_NONEXISTENT_REGION=true allows any name."
        ) from None


class ImageBuilderResponse(BaseResponse):
    """moto's door."""

    def __init__(self) -> None:
        super().__init__(service_name="imagebuilder")

    def setup_class(self, request: Any, full_url: Any = None, headers: Any = None, use_raw_body: Any = True) -> None:
        # The body stays bytes: moto would decode it, and fail on bytes that are not UTF-8.
        super().setup_class(request, full_url, headers, use_raw_body=use_raw_body)

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        scope = _CREDENTIAL_SCOPE.search(request.headers.get("Authorization", ""))
        region = region_of_url(full_url) or (scope.group(1) if scope else None)
        return region or self.default_region

    def call_action(self) -> TYPE_RESPONSE:
        try:
            self._authenticate_and_authorize_action(cast("type", _iam_request))
        except ImageBuilderException as error:
            return self._with_date(api.error_answer(error, new_request_id()))
        return self._with_date(
            answer(
                self.method,
                self.raw_path,
                self.parsed_url.query,
                self.body,
                self.current_account,
                self.region,
            )
        )

    def _get_action(self) -> str:
        operation, _ = api.route(self.method, self.raw_path)
        return operation.name

    def _with_date(self, response: tuple[int, dict[str, str], str]) -> TYPE_RESPONSE:
        status, headers, body = response
        return status, {**self.response_headers, **headers}, body


def _iam_request(**request: Any) -> Any:
    """Called by moto as if it were its class, if IAM is to be enforced."""
    from .authorization import ImageBuilderIAMRequest

    return ImageBuilderIAMRequest(**request)
