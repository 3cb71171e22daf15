"""EC2's errors of these actions. The codes are EC2's; see the page on fidelity for the texts that are not known."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from moto.ec2.exceptions import EC2ClientError


def invalid_parameter(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameter", message)


def missing(parameter: str) -> EC2ClientError:
    return EC2ClientError("MissingParameter", f"The request must contain the parameter {parameter}")


def invalid_value(parameter: str, value: Any, rule: str = "") -> EC2ClientError:
    """:param rule: what a value has to be, in a sentence."""
    message = f"Value ({value}) for parameter {parameter} is invalid. {rule}"
    return EC2ClientError("InvalidParameterValue", message.strip())


def not_one_of(parameter: str, value: Any, values: Collection[str]) -> EC2ClientError:
    return invalid_value(parameter, value, f"Valid values: {', '.join(values)}.")


def combination(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterCombination", message)


def malformed_id(code: str, task_id: str, prefix: str) -> EC2ClientError:
    return EC2ClientError(code, f'Invalid id: "{task_id}" (expecting "{prefix}...")')


def no_snapshot(snapshot_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def other_request(token: str) -> EC2ClientError:
    return EC2ClientError(
        "IdempotentParameterMismatch",
        f"The client token '{token}' was used before by this operation with other parameter values.",
    )
