"""Whether what a build leaves elsewhere waits for somebody to look there, or is there at once, nobody can tell.

Every story is told in several ways, with even chances and on one clock. What can be seen at the end has to be the same to
the letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import ndiff
from typing import Any

import pytest
import time_machine
from moto.ec2.models import ec2_backends

from mock_imagebuilder import imagebuilder_backends, mock_imagebuilder
from mock_imagebuilder.imagebuilder.api import operations

from .conftest import ACCOUNT, REGION
from .even_chance import apart, even_chance
from .observations import PLACES, SERVICES, image_builder, neighbours
from .outbox_stories import START, STORIES, Story, Telling, disks, distributed_again, distributed_builds

#: What the oldest botocore can't tell.
NEEDS: dict[Story, str] = {disks: "ImportDiskImage", distributed_again: "DistributeImage"}
DAY = 86_400.0


@contextmanager
def beginning(defers: bool, looks: bool) -> Iterator[Telling]:
    """
    :param looks: whether somebody looks at the neighbours wherever somebody might.
    """

    def look() -> None:
        if looks:
            # Builds that have something to do do it before anybody sees anything.
            imagebuilder_backends.let_time_pass()
            with apart("a look"):
                neighbours([service for service in SERVICES if service != "sqs"])

    clock = time_machine.travel(START, tick=False)
    with pytest.MonkeyPatch.context() as patched, clock as traveller, mock_imagebuilder() as control:
        # moto's Auto Scaling gives birth to an EC2 when it is reset, if a test before this one has used it.
        ec2_backends.clear()
        patched.setattr(imagebuilder_backends.outbox, "deferring", defers)
        with even_chance():
            yield Telling(control, look, traveller.shift)


def told(story: Story, *, defers: bool, looks: bool = False, backwards: bool = False) -> dict[str, str]:
    """Everything that can be seen a day after the end of a story, as text.

    :param backwards: look at the neighbours in another order.
    """
    with beginning(defers, looks) as telling:
        story(telling)
        telling.wait(DAY)
        order = list(SERVICES)
        seen = image_builder()
        with apart("the last look"):
            seen |= neighbours(order[::-1] if backwards else order)
        return as_text(seen)


def as_text(seen: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(what, sort_keys=True, indent=1, default=str) for name, what in seen.items()}


def differences(seen: dict[str, str], expected: dict[str, str]) -> list[str]:
    """The lines that are not the same, each after the name of where it was seen."""
    return [
        f"{name}: {line}"
        for name in sorted({*seen, *expected})
        for line in ndiff(expected.get(name, "").splitlines(), seen.get(name, "").splitlines())
        if line[0] in "+-"
    ]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_same_is_seen_with_and_without(story: Story) -> None:
    if NEEDS.get(story, "CreateImage") not in operations():
        pytest.skip("the installed botocore does not know the operation")
    at_once = told(story, defers=False)
    assert differences(told(story, defers=True), at_once) == []
    assert differences(told(story, defers=True, backwards=True), at_once) == []
    assert differences(told(story, defers=True, looks=True), at_once) == []


def test_the_stories_see_something() -> None:
    """The comparison above is not one of nothings."""
    outbox = imagebuilder_backends.outbox
    with beginning(defers=True, looks=False) as telling:
        distributed_builds(telling)
        assert [outbox.waits_for("ec2", *place) for place in PLACES] == [True, True, False, True]
        seen = neighbours()
        assert [len(seen[f"ec2 of {account} in {region}: own AMIs"]) for account, region in PLACES] == [2, 2, 0, 2]
        assert not any(outbox.waits_for(service, *place) for service in ("ec2", "logs") for place in PLACES)
        assert sum(name.startswith(f"s3 of {ACCOUNT} in {REGION}: s3://exports/disks") for name in seen) == 2
        assert all(any(name.startswith(service) for name in seen) for service in ("ec2", "kms", "logs", "s3", "ssm"))
        assert [
            image["state"]["status"]
            for name, image in image_builder().items()
            if name.endswith(("/1.0.0/1", "/1.0.0/2")) and "state" in image
        ] == ["AVAILABLE"] * 2


def test_a_mock_defers_by_default() -> None:
    assert imagebuilder_backends.outbox.deferring
