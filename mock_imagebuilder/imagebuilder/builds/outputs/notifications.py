"""Messages on topics of moto's SNS, from where its subscribers get them, and invocations of functions of moto's Lambda."""

from __future__ import annotations

import sys
from contextlib import suppress

from moto.utilities.utils import get_partition

from .outbox import living_backend


class CallRefused(Exception):
    """The service does not take the message; ``code`` and text are its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def publish(topic_arn: str, text: str) -> None:
    """Publish a message without a subject and without attributes.

    :raises CallRefused: there is no such topic, or it is a FIFO topic.
    """
    *_, region, account_id, _ = topic_arn.split(":")
    sns = living_backend("sns", account_id, region)
    if sns is None or topic_arn not in sns.topics:
        raise CallRefused("NotFound", "Topic does not exist")
    # The names of FIFO topics end like this; those of other topics can't have a dot.
    if topic_arn.endswith(".fifo"):
        raise CallRefused(
            "InvalidParameter", "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
        )
    # Who publishes never hears of what goes wrong at a subscriber.
    with suppress(Exception):
        sns.publish(text, arn=topic_arn, message_attributes={})


def invoke(account_id: str, region: str, function: str, text: str) -> None:
    """Invoke a function asynchronously: its result is nobody's concern.

    It is moto's Lambda without Docker that does it (``mock_aws(config={"lambda": {"use_docker": False}})``). moto's
    Lambda with Docker would run the function while the caller holds the service's lock, and need a daemon: it is not asked.

    :param function: a name or an ARN.
    :raises CallRefused: there is no such function.
    """
    # Without Docker too, it is this module that has the functions' class.
    if "moto.awslambda.models" not in sys.modules:
        raise _no_function(account_id, region, function)
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda.utils import get_backend
    from moto.core.config import default_user_config

    backend = get_backend(account_id, region)
    try:
        backend.get_function(function)
    except UnknownFunctionException:
        raise _no_function(account_id, region, function) from None
    if default_user_config.get("lambda", {}).get("use_docker", True) is False:
        backend.invoke(function, None, text, {"x-amz-invocation-type": "Event"}, {})


def _no_function(account_id: str, region: str, function: str) -> CallRefused:
    arn = f"arn:{get_partition(region)}:lambda:{region}:{account_id}:function:{function}"
    return CallRefused(
        "ResourceNotFoundException", f"Function not found: {function if function.startswith('arn:') else arn}"
    )
