"""The service's frames for refusals, ready to be used as ``with``."""

from __future__ import annotations

from contextlib import AbstractContextManager

from .errors import refused

WILDCARD_NOT_LAST = "Every node right of a wildcard must be a wildcard too."


def invalid(parameter: str, sentence: str) -> AbstractContextManager[None]:
    """A value of this parameter is refused."""
    return refused("InvalidParameterValueException", 400, _frame(parameter, sentence))


def clashing(parameter: str, sentence: str) -> AbstractContextManager[None]:
    """The parameter clashes with another one, or lacks its companion."""
    return refused("InvalidParameterCombinationException", 400, _frame(parameter, sentence))


def not_found(kind: str, arn: str) -> AbstractContextManager[None]:
    return refused(
        "ResourceNotFoundException", 404, f"The following required resource '{kind}' cannot be found: '{arn}'."
    )


def already_there(kind: str, arn: str) -> AbstractContextManager[None]:
    return refused("ResourceAlreadyExistsException", 400, f"The following resource '{kind}' already exists: '{arn}'.")


def depended_on(arn: str) -> AbstractContextManager[None]:
    return refused(
        "ResourceDependencyException",
        400,
        f"Resource dependency error: The resource ARN '{arn}' has other resources depended on it.",
    )


def dry_run() -> AbstractContextManager[None]:
    """What a dry run ends with when the request is all right."""
    return refused("DryRunOperationException", 412, "Request would have succeeded")


def _frame(parameter: str, sentence: str) -> str:
    return f"The value supplied for parameter '{parameter}' is not valid. {sentence}"
