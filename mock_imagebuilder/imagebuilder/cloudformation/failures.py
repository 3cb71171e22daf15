"""What CloudFormation says when a resource cannot be handled.

moto's CloudFormation has no rollback: what would fail a stack's operation in AWS is the answer to the call that began it.
"""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random

from ..exceptions import ImageBuilderException

#: CloudFormation's handler error codes for the error codes of the service.
_HANDLER_CODES: Mapping[str, str] = {
    "AccessDeniedException": "AccessDenied",
    "CallRateLimitExceededException": "Throttling",
    "ForbiddenException": "AccessDenied",
    "ResourceAlreadyExistsException": "AlreadyExists",
    "ResourceDependencyException": "ResourceConflict",
    "ResourceInUseException": "ResourceConflict",
    "ResourceNotFoundException": "NotFound",
    "ServiceException": "GeneralServiceException",
    "ServiceQuotaExceededException": "ServiceLimitExceeded",
    "ServiceUnavailableException": "ServiceInternalError",
    "TooManyRequestsException": "Throttling",
}


class StackFailure(ServiceException):
    """The answer of CloudFormation: ``ValidationError``, 400."""

    code = "ValidationError"

    def __init__(self, message: str) -> None:
        super().__init__("".join(map(_in_xml, message)))


def _in_xml(character: str) -> str:
    """moto writes answers in XML, which has no control characters and no halves of surrogate pairs."""
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape").decode()


class HandlerFailure(StackFailure):
    """The handler of a resource has failed."""

    def __init__(self, message: str, handler_code: str) -> None:
        token = mock_random.uuid4()
        super().__init__(
            f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {handler_code})'
        )

    @classmethod
    def of(cls, error: ImageBuilderException, type_name: str, identifier: str) -> HandlerFailure:
        """:param identifier: of the resource that is handled: its ARN, or its name while it has none."""
        code = _HANDLER_CODES.get(error.code, "InvalidRequest")
        if code == "AlreadyExists":
            return cls(f"Resource of type '{type_name}' with identifier '{identifier}' already exists.", code)
        return cls(str(error.message), code)


class PropertiesRefused(StackFailure):
    """The properties of a resource do not have the form that its type has."""

    def __init__(self, logical_id: str, rules: list[str]) -> None:
        super().__init__("\n".join([f"Properties validation failed for resource {logical_id} with message:", *rules]))


def extraneous(path: str, name: str) -> str:
    """The rule that a property breaks that its type does not have."""
    return f"{path}: extraneous key [{name}] is not permitted"


def not_an_object(path: str, value: object) -> str:
    """The rule that a property breaks that should have properties itself."""
    found = {list: "JSONArray", str: "String", bool: "Boolean", int: "Integer"}.get(type(value), "Number")
    return f"{path}: expected type: JSONObject, found: {found}"


class TypeChangeRefused(StackFailure):
    """An update gives a resource another type."""

    def __init__(self, logical_id: str) -> None:
        super().__init__(
            "Update of resource type is not permitted. "
            f"The new template modifies resource type of the following resources: [{logical_id}]"
        )
