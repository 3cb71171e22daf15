"""Every error that the service answers with, and every sentence that it says.

A class per error code of the API model; the HTTP status is not written here but read from the model when the answer is
written (:func:`.api.write_error`). Raise the classes directly when the sentence stands alone, or through the functions
below when it follows one of the service's frames, so that each frame exists once.
"""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ImageBuilderException(ServiceException):
    """Base of all errors. ``code`` is the error shape's name, ``message`` the sentence of the answer.

    ``status`` is the HTTP status of a code that the model lacks.
    """

    code = "ClientException"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)


class AuthenticationError(ImageBuilderException):
    """IAM refuses a request before the service looks at it. These codes are the same in all services of AWS."""

    status = 403

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AccessDeniedException(ImageBuilderException):
    code = "AccessDeniedException"


class CallRateLimitExceededException(ImageBuilderException):
    code = "CallRateLimitExceededException"


class ClientException(ImageBuilderException):
    code = "ClientException"


class DryRunOperationException(ImageBuilderException):
    code = "DryRunOperationException"

    def __init__(self) -> None:
        super().__init__("Request would have succeeded")


class ForbiddenException(ImageBuilderException):
    code = "ForbiddenException"


class IdempotentParameterMismatchException(ImageBuilderException):
    code = "IdempotentParameterMismatchException"

    def __init__(self, client_token: str) -> None:
        super().__init__(
            f"The client token '{client_token}' was used before by this operation with other parameter values."
        )


class InvalidPaginationTokenException(ImageBuilderException):
    code = "InvalidPaginationTokenException"

    def __init__(self) -> None:
        super().__init__("The provided pagination token is not valid.")


class InvalidParameterCombinationException(ImageBuilderException):
    code = "InvalidParameterCombinationException"


class InvalidParameterException(ImageBuilderException):
    code = "InvalidParameterException"


class InvalidParameterValueException(ImageBuilderException):
    code = "InvalidParameterValueException"


class InvalidRequestException(ImageBuilderException):
    code = "InvalidRequestException"


class InvalidVersionNumberException(ImageBuilderException):
    code = "InvalidVersionNumberException"

    def __init__(self) -> None:
        super().__init__("The supplied semantic version does not follow the required format")


class ResourceAlreadyExistsException(ImageBuilderException):
    code = "ResourceAlreadyExistsException"

    def __init__(self, kind: str, arn: str) -> None:
        super().__init__(f"The following resource '{kind}' already exists: '{arn}'.")


class ResourceDependencyException(ImageBuilderException):
    code = "ResourceDependencyException"

    def __init__(self, sentence: str) -> None:
        super().__init__(f"Resource dependency error: {sentence}")

    @classmethod
    def depended_on(cls, arn: str) -> ResourceDependencyException:
        """The refusal to delete ``arn`` while another resource refers to it."""
        return cls(f"The resource ARN '{arn}' has other resources depended on it.")


class ResourceInUseException(ImageBuilderException):
    code = "ResourceInUseException"


class ResourceNotFoundException(ImageBuilderException):
    code = "ResourceNotFoundException"

    def __init__(self, kind: str, arn: str) -> None:
        super().__init__(f"The following required resource '{kind}' cannot be found: '{arn}'.")


class ServiceException_(ImageBuilderException):  # noqa: N801 - moto's base class has the name of the model's error
    code = "ServiceException"


class ServiceQuotaExceededException(ImageBuilderException):
    code = "ServiceQuotaExceededException"

    @classmethod
    def reached(cls, quota: str, limit: int) -> ServiceQuotaExceededException:
        """The refusal of one more than an account may have in a Region."""
        return cls(f"You have reached the limit of {limit} for the service quota '{quota}' in this account and Region.")


class ServiceUnavailableException(ImageBuilderException):
    code = "ServiceUnavailableException"


class TooManyRequestsException(ImageBuilderException):
    code = "TooManyRequestsException"


class OperationNotImplemented(ImageBuilderException):
    """The model knows the operation, this mock does not yet. Never a success, never a 5xx that a client would retry."""

    code = "OperationNotImplemented"

    def __init__(self, operation: str) -> None:
        super().__init__(f"mock_imagebuilder does not implement the operation {operation} yet.")


def not_valid(parameter: str, sentence: str) -> str:
    """The service's frame for a refused parameter. ``parameter`` is its path, such as ``distributions[0].region``."""
    return f"The value supplied for parameter '{parameter}' is not valid. {sentence}"


def invalid_value(parameter: str, sentence: str) -> InvalidParameterValueException:
    """A refused parameter value, in the service's frame."""
    return InvalidParameterValueException(not_valid(parameter, sentence))


def invalid_combination(parameter: str, sentence: str) -> InvalidParameterCombinationException:
    """A parameter that clashes with another one, in the service's frame."""
    return InvalidParameterCombinationException(not_valid(parameter, sentence))


def misplaced_wildcard(parameter: str) -> InvalidParameterValueException:
    """A reference with a number right of a wildcard, such as ``1.x.0``."""
    return invalid_value(parameter, "Every node right of a wildcard must be a wildcard too.")
