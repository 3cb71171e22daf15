"""Who listens to builds: queues behind topics of SNS and rules of EventBridge, and readers of logs."""

from __future__ import annotations

import json
from typing import Any

import boto3

from ..conftest import ACCOUNT, REGION
from ..images import client_of

SOURCE_PATTERN = json.dumps({"source": ["aws.imagebuilder"]})


def create_queue(name: str = "queue", region: str = REGION) -> str:
    """The ARN of a new queue."""
    boto3.client("sqs", region_name=region).create_queue(QueueName=name)
    return f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"


def received(queue_arn: str) -> list[Any]:
    """The bodies of all messages in a queue, oldest first; it is empty afterwards."""
    *_, region, _, name = queue_arn.split(":")
    sqs = client_of("sqs", region=region)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    bodies: list[Any] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def create_topic(name: str = "builds", region: str = REGION) -> str:
    """The ARN of a new topic."""
    return str(boto3.client("sns", region_name=region).create_topic(Name=name)["TopicArn"])


def subscribe(topic_arn: str, queue_arn: str) -> None:
    region = topic_arn.split(":")[3]
    boto3.client("sns", region_name=region).subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)


def create_rule(*targets: dict[str, Any], pattern: str = SOURCE_PATTERN, name: str = "rule", **members: Any) -> None:
    """A rule of the default bus, for all that Image Builder sends by default."""
    events = boto3.client("events", region_name=REGION)
    events.put_rule(Name=name, EventPattern=pattern, **members)
    events.put_targets(Rule=name, Targets=[{"Id": str(number), **target} for number, target in enumerate(targets)])


def states_in(events: list[Any]) -> list[tuple[str, str]]:
    """The previous and the new status of every event of a change of state."""
    return [
        (event["detail"]["previous-state"]["status"], event["detail"]["state"]["status"])
        for event in events
        if event["detail-type"] == "EC2 Image Builder Image State Change"
    ]


def log_of(group: str, stream: str = "1.0.0/1") -> list[Any]:
    """The events of a log stream, oldest first."""
    logs = client_of("logs")
    events: list[Any] = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    return events


def lines_of(group: str, stream: str = "1.0.0/1") -> list[str]:
    return [event["message"] for event in log_of(group, stream)]
