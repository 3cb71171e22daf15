"""The whole life of every kind of build: the same states, events, workflows and outputs however time passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from mock_imagebuilder import Control

from ..images import get_image, state_of
from .clocks import Clock, time_machine_clock
from .kinds import KINDS, arrange, everything_left, regions_of_outputs, runs_of, step_statuses_of
from .listeners import create_queue, create_rule, create_topic, received, states_in, subscribe

#: What there is afterwards: AMIs and container images in both Regions, and parameters.
LEFT = {
    "AMI": (1, 0, 0, 0, 0),
    "AMI, not tested": (1, 0, 0, 0, 0),
    "AMI, distributed": (1, 1, 0, 0, 1),
    "AMI, not tested, distributed": (1, 1, 0, 0, 1),
    "AMI, distributed by a workflow": (1, 1, 0, 0, 1),
    "container": (0, 0, 1, 0, 0),
    "container, not tested": (0, 0, 1, 0, 0),
    "container, distributed": (0, 0, 1, 1, 0),
    "import of a machine": (1, 0, 0, 0, 0),
    "import of a disk": (1, 0, 0, 0, 0),
    "distribution": (1, 1, 0, 0, 1),
}
BUILD_STEPS = [
    ("LaunchBuildInstance", "COMPLETED"),
    ("ApplyBuildComponents", "COMPLETED"),
    ("InventoryCollection", "COMPLETED"),
    ("RunSanitizeScript", "COMPLETED"),
    ("RunSysPrepScript", "SKIPPED"),
    ("CreateOutputAMI", "COMPLETED"),
    ("TerminateBuildInstance", "COMPLETED"),
]
TEST_STEPS = [
    ("LaunchTestInstance", "COMPLETED"),
    ("CollectImageScanFindings", "SKIPPED"),
    ("ApplyTestComponents", "SKIPPED"),
    ("TerminateTestInstance", "COMPLETED"),
]


@pytest.fixture
def clock(mocked: Control) -> Iterator[Clock]:
    with time_machine_clock() as moves:
        yield moves


@pytest.fixture
def heard(client: Any, instance_profile: str, clock: Clock) -> tuple[str, str]:
    """The queues that hear of events and of messages to the topic."""
    events, messages, topic = create_queue("events"), create_queue("messages"), create_topic()
    create_rule({"Arn": events})
    subscribe(topic, messages)
    arrange(client, instance_profile, topic)
    return events, messages


def live(client: Any, mocked: Control, clock: Clock, name: str, progression: Any) -> tuple[str, list[str]]:
    """Let a build of a kind run to its end.

    :returns: its ARN, and its status whenever somebody looks: once in each stage, if that can be.
    """
    kind = KINDS[name]
    if not kind.is_known:
        pytest.skip("the installed botocore does not know the operation")
    mocked.progress(progression, seconds=60 if progression == "time" else None)
    arn = kind.begin(client)
    seen = []
    for _ in kind.stages:
        if progression == "time":
            seen.append(state_of(client, arn)["status"])
        clock(60)
        if progression == "manual":
            seen.append(state_of(client, arn)["status"])
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    return arn, seen


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
@pytest.mark.parametrize("name", KINDS)
def test_the_life_of_a_build(
    client: Any, mocked: Control, clock: Clock, heard: tuple[str, str], name: str, progression: Any
) -> None:
    kind = KINDS[name]
    arn, seen = live(client, mocked, clock, name, progression)

    if progression == "time":
        assert seen == [*kind.stages]
    elif progression == "manual":
        assert seen == [*kind.stages[1:], "AVAILABLE"]
    events, messages = heard
    assert states_in(received(events)) == kind.changes("AVAILABLE")
    assert [message["arn"] for message in map(text_of, received(messages))] == ([arn] if kind.has_topic else [])

    assert runs_of(client, arn) == [(type_, "COMPLETED", False) for type_ in kind.workflows.values()]
    assert regions_of_outputs(client, arn) == kind.leaves_before("AVAILABLE")
    assert everything_left() == LEFT[name]


@pytest.mark.parametrize("name", KINDS)
def test_the_outputs_do_not_depend_on_how_time_passes(
    client: Any, mocked: Control, clock: Clock, heard: tuple[str, str], name: str
) -> None:
    outputs = []
    for progression in ("immediate", "manual", "time"):
        arn, _ = live(client, mocked, clock, name, progression)
        outputs.append(outputs_without_ids(get_image(client, arn)))
        mocked.progress("immediate")
    assert outputs[0]
    assert outputs[0] == outputs[1] == outputs[2]


def test_the_steps_of_an_ami(client: Any, mocked: Control, clock: Clock, heard: tuple[str, str]) -> None:
    for progression in ("immediate", "manual", "time"):
        arn, _ = live(client, mocked, clock, "AMI", progression)
        assert step_statuses_of(client, arn) == [BUILD_STEPS, TEST_STEPS]


def text_of(notification: Any) -> Any:
    return json.loads(notification["Message"])


def outputs_without_ids(image: Any) -> list[Any]:
    """An image's output resources without what is each image's own: ids, its build number, and when it was created."""
    number = image["version"].rpartition("/")[2]
    named = datetime.fromisoformat(image["dateCreated"].replace("Z", "+00:00")) + timedelta(seconds=2)
    outputs = image["outputResources"]
    for ami in outputs.get("amis", ()):
        assert ami.pop("image").startswith("ami-")
        ami["name"] = ami["name"].replace(f"{named:%Y-%m-%dT%H-%M-%S.%f}Z", "(created)")
    for container in outputs.get("containers", ()):
        container["imageUris"] = [uri.removesuffix(f"-{number}") for uri in container["imageUris"]]
    return [entry for entries in outputs.values() for entry in entries]
