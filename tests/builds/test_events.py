"""Events of Image Builder on the default bus of EventBridge."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
import time_machine

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, create_distribution, create_pipeline
from ..conftest import ACCOUNT, REGION
from ..images import create_image, import_image, state_of
from ..schedules import DAY, create_scheduled
from .clocks import START
from .listeners import create_queue, create_rule, create_topic, lines_of, received, states_in, subscribe
from .workflow_runs import LAUNCH, WAIT, all_steps_of, build_with, create_workflow, executions_of, step

STATE_CHANGE = "EC2 Image Builder Image State Change"
ID = r"[0-9a-f]{8}-[0-9a-f-]{27}"
IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"

#: Every change of state that is announced of an image with tests and a distribution configuration.
ALL_CHANGES = [
    ("CREATING", "BUILDING"),
    ("BUILDING", "TESTING"),
    ("TESTING", "DISTRIBUTING"),
    ("DISTRIBUTING", "INTEGRATING"),
    ("INTEGRATING", "AVAILABLE"),
]


@pytest.fixture
def queue(build_parts: None) -> str:
    """The target of a rule for all events of Image Builder."""
    queue = create_queue()
    create_rule({"Arn": queue})
    return queue


def test_a_change_of_state(client: Any, queue: str) -> None:
    with time_machine.travel(START, tick=False):
        create_image(client)
        events = received(queue)
    event = events[-1]
    assert event == {
        "version": "0",
        "id": event["id"],
        "detail-type": STATE_CHANGE,
        "source": "aws.imagebuilder",
        "account": ACCOUNT,
        "time": "2026-03-01T12:00:00Z",
        "region": REGION,
        "resources": [IMAGE],
        "detail": {"previous-state": {"status": "TESTING"}, "state": {"status": "AVAILABLE"}},
    }
    assert len({event["id"] for event in events}) == len(events) == 3


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_all_changes_of_state(mocked: Control, client: Any, queue: str, progression: Any) -> None:
    distribution = create_distribution(client)
    with time_machine.travel(START, tick=False) as clock:
        mocked.progress(progression, seconds=10 if progression == "time" else None)
        arn = create_image(client, distributionConfigurationArn=distribution)
        for _ in range(6):
            clock.shift(10)
            if progression == "manual":
                state_of(client, arn)
        events = received(queue)
    assert states_in(events) == ALL_CHANGES
    passed = [(0 if progression == "immediate" else 10) * (number + 2) for number in range(len(events))]
    times = [START + timedelta(seconds=seconds) for seconds in passed]
    assert [event["time"] for event in events] == [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times]


def test_each_stage_is_told_of_when_it_comes(mocked: Control, client: Any, queue: str) -> None:
    mocked.progress("manual")
    arn = create_image(client)
    heard = []
    for _ in range(4):
        state_of(client, arn)
        heard.append(states_in(received(queue)))
    assert heard == [[], [("CREATING", "BUILDING")], [("BUILDING", "TESTING")], [("TESTING", "AVAILABLE")]]


def test_a_failure_and_a_retry(mocked: Control, client: Any, queue: str) -> None:
    mocked.fail_next_build("TESTING", reason="red")
    arn = create_image(client)
    failure = received(queue)[-1]
    assert failure["detail"] == {
        "previous-state": {"status": "TESTING"},
        "state": {"status": "FAILED", "reason": "red"},
    }
    client.retry_image(imageBuildVersionArn=arn)
    again, available = received(queue)
    assert again["detail"] == {
        "previous-state": {"status": "FAILED", "reason": "red"},
        "state": {"status": "TESTING"},
    }
    assert available["detail"]["state"] == {"status": "AVAILABLE"}


def test_a_cancelled_build(mocked: Control, client: Any, queue: str) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client)
    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert states_in(received(queue)) == [("PENDING", "CANCELLED")]


def test_an_import(client: Any, queue: str) -> None:
    import_image(client)
    assert states_in(received(queue)) == [("PENDING", "AVAILABLE")]


def test_a_step_that_waits(client: Any, queue: str) -> None:
    gate = create_workflow(client, "TEST", WAIT)
    arn = build_with(client, gate)
    (event,) = [each for each in received(queue) if each["detail-type"] != STATE_CHANGE]
    assert event["detail-type"] == "EC2 Image Builder Workflow Step Waiting"
    assert event["resources"] == [arn, gate]
    (execution,) = executions_of(client, arn)
    waits = all_steps_of(client, arn)["Wait"]
    assert event["time"] == f"{waits['startTime'].partition('.')[0]}Z"
    assert event["detail"] == {
        "workflow-execution-id": execution["workflowExecutionId"],
        "workflow-step-execution-id": waits["stepExecutionId"],
        "workflow-step-name": "Wait",
    }
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME"
    )
    assert states_in(received(queue)) == [("TESTING", "AVAILABLE")]


# ---- findings ----


@pytest.fixture
def inspector(mocked: Control) -> None:
    boto3.client("inspector2", region_name=REGION).enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])


def cves_in(events: list[Any]) -> list[Any]:
    return [event for event in events if event["detail-type"] == "EC2 Image Builder CVE Detected"]


SCANNING: dict[str, Any] = {"imageScanningConfiguration": {"imageScanningEnabled": True}}


def test_findings_are_told_of_when_the_tests_are_over(
    mocked: Control, client: Any, queue: str, inspector: None
) -> None:
    pipeline = create_pipeline(client, **SCANNING)
    mocked.progress("manual", times=100)
    arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
    mocked.advance(arn, to="TESTING")
    mocked.add_findings(arn, [{"severity": "HIGH"}, {"severity": "HIGH"}, {"severity": "LOW"}])
    assert cves_in(received(queue)) == []
    mocked.advance(arn, to="AVAILABLE")
    cve, change = received(queue)
    assert change["detail"]["state"] == {"status": "AVAILABLE"}
    assert cve["resources"] == [arn, pipeline]
    instance = json.loads(all_steps_of(client, arn)["LaunchTestInstance"]["outputs"])["instanceId"]
    assert cve["detail"] == {
        "resource-id": instance,
        "finding-severity-counts": {"all": 3, "critical": 0, "high": 2, "medium": 0},
    }


def test_findings_are_told_of_when_they_are_collected(
    mocked: Control, client: Any, queue: str, inspector: None
) -> None:
    """The image is still being tested."""
    mocked.find_vulnerabilities([{"severity": "CRITICAL"}])
    collect = step("Collect", "CollectImageScanFindings", {"instanceId.$": "$.stepOutputs.Launch.instanceId"})
    arn = build_with(client, create_workflow(client, "TEST", LAUNCH, collect, WAIT), **SCANNING)
    (cve,) = cves_in(received(queue))
    assert cve["detail"] == {
        "resource-id": json.loads(all_steps_of(client, arn)["Launch"]["outputs"])["instanceId"],
        "finding-severity-counts": {"all": 1, "critical": 1, "high": 0, "medium": 0},
    }
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME"
    )
    assert cves_in(received(queue)) == []


def test_a_scan_without_findings_is_not_told_of(mocked: Control, client: Any, queue: str, inspector: None) -> None:
    mocked.fail_scans()
    mocked.find_vulnerabilities([{"severity": "CRITICAL"}], match="other")
    for _ in range(2):
        create_image(client, **SCANNING)
    assert cves_in(received(queue)) == []


def test_findings_of_an_image_that_is_there(mocked: Control, client: Any, queue: str, inspector: None) -> None:
    arn = create_image(client, **SCANNING)
    assert cves_in(received(queue)) == []
    mocked.add_findings(arn, [{"severity": "CRITICAL"}])
    mocked.add_findings(arn, [{"severity": "MEDIUM"}])
    events = received(queue)
    assert [event["resources"] for event in events] == [[arn], [arn]]
    assert [event["detail"]["finding-severity-counts"]["all"] for event in events] == [1, 2]
    mocked.add_findings(arn, [])
    assert received(queue) == []


def test_a_disabled_pipeline(mocked: Control, client: Any, queue: str) -> None:
    with time_machine.travel(START, tick=False):
        pipeline = create_scheduled(client)
        for _ in range(5):
            mocked.fail_next_build(reason="The disk is full.")
        mocked.run_schedules(until=START + 9 * DAY)
        events = received(queue)
    *others, event = events
    assert {other["detail-type"] for other in others} == {STATE_CHANGE}
    assert others[-1]["detail"]["state"]["status"] == "FAILED"
    assert event["detail-type"] == "EC2 Image Builder Image Pipeline Automatically Disabled"
    assert (event["resources"], event["detail"]) == ([pipeline], {"consecutive-failures": "5"})
    assert event["time"] == "2026-03-06T02:00:00Z"


# ---- rules and targets ----


def test_only_what_the_pattern_matches(client: Any, build_parts: None) -> None:
    queue = create_queue()
    pattern = {"source": ["aws.imagebuilder"], "detail": {"state": {"status": ["AVAILABLE", "FAILED"]}}}
    create_rule({"Arn": queue}, pattern=json.dumps(pattern))
    create_image(client)
    assert states_in(received(queue)) == [("TESTING", "AVAILABLE")]


def test_a_rule_that_comes_later_or_is_disabled_hears_nothing(client: Any, build_parts: None) -> None:
    create_image(client)
    queue = create_queue()
    create_rule({"Arn": queue}, name="disabled", State="DISABLED")
    create_rule({"Arn": queue}, name="late")
    boto3.client("events", region_name=REGION).disable_rule(Name="late")
    create_image(client)
    assert received(queue) == []
    boto3.client("events", region_name=REGION).enable_rule(Name="late")
    assert received(queue) == []
    create_image(client)
    assert len(received(queue)) == 3


def test_a_target_that_is_gone_keeps_the_event_from_nobody(client: Any, build_parts: None) -> None:
    queue = create_queue()
    create_rule({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere"}, {"Arn": queue})
    create_rule({"Arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/unsupported"}, name="other")
    arn = create_image(client)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert len(received(queue)) == 3


def test_targets_other_than_queues(client: Any, build_parts: None) -> None:
    logs = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName="/events")
    topic, queue = create_topic(), create_queue()
    subscribe(topic, queue)
    create_rule({"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/events"}, {"Arn": topic})
    create_image(client)
    heard = [json.loads(envelope["Message"]) for envelope in received(queue)]
    assert states_in(heard) == [("CREATING", "BUILDING"), ("BUILDING", "TESTING"), ("TESTING", "AVAILABLE")]
    assert heard[0].keys() >= {"account", "time", "id"}
    streams = logs.describe_log_streams(logGroupName="/events")["logStreams"]
    written = [json.loads(line) for stream in streams for line in lines_of("/events", stream["logStreamName"])]
    assert sorted(event["id"] for event in written) == sorted(event["id"] for event in heard)


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_input_transformers(client: Any, build_parts: None, service: str) -> None:
    queue = create_queue()
    topic = create_topic()
    subscribe(topic, queue)
    transformer = {
        "InputPathsMap": {"image": "$.resources[0]", "status": "$.detail.state.status", "time": "$.time"},
        "InputTemplate": '{"what": "<image> is <status>"}',
    }
    create_rule({"Arn": queue if service == "sqs" else topic, "InputTransformer": transformer})
    create_image(client)
    heard = received(queue)[-1]
    if service == "sns":
        heard = json.loads(heard["Message"])
    assert heard == {"what": f"{IMAGE} is AVAILABLE"}


def test_archives(client: Any, build_parts: None) -> None:
    events = boto3.client("events", region_name=REGION)
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    events.create_archive(
        ArchiveName="all", EventSourceArn=bus, EventPattern=json.dumps({"source": ["aws.imagebuilder"]})
    )
    create_image(client)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 3


def test_nothing_is_imported_for_nobody(mocked: Control, client: Any, build_parts: None) -> None:
    """Where nobody uses them, neither EventBridge nor SNS nor CloudWatch Logs comes to life."""
    from moto.backends import get_backend

    create_image(client)
    for service in ("events", "sns", "logs"):
        backends: Any = get_backend(service)
        assert REGION not in list(backends[ACCOUNT])
