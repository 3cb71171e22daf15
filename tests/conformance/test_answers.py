"""The answers of a happy story have the model's shapes."""

from __future__ import annotations

import pytest

from .doors import Door
from .examples import arn, example_request
from .model import OPERATIONS, SHAPES, response_shape
from .output_shapes import faults
from .story import Story


def is_of_an_older_model(fault: str) -> bool:
    """Older models say of images that their versions end without a build, and of workflow builds that they are none."""
    wrong = (".version does not match", ".workflowSummaryList[0].arn does not match")
    return "VersionNumberWithBuild" not in SHAPES and any(text in fault for text in wrong)


def test_a_change_would_be_noticed(door: Door, story: Story) -> None:
    """What all the refusals rely on: the story can be read again, and reads otherwise after a change."""
    assert not story.has_changed()
    resource = {"resourceArn": arn("distribution-configuration/story-a")}
    assert door.perform("TagResource", {**resource, "tags": {"New": "1"}}).status == 200
    assert story.has_changed()
    assert door.perform("UntagResource", {**resource, "tagKeys": ["New"]}).status == 200
    assert story.has_changed()
    assert not story.has_changed()


@pytest.mark.parametrize("operation", OPERATIONS)
class TestAnswer:
    def test_is_a_success(self, door: Door, story: Story, operation: str) -> None:
        answers = story.answers.get(operation)
        if answers is None and operation in story.left_out:
            pytest.skip("an earlier step of the story was not answered")
        if answers is None:
            assert door.perform(operation, example_request(operation)).is_not_implemented, "the story does not tell it"
            return
        refused = [answer for answer in answers if answer.status != 200 and not answer.is_not_implemented]
        assert not refused

    def test_has_the_shape_of_the_model(self, door: Door, story: Story, operation: str) -> None:
        shape_name = response_shape(operation)
        for answer in story.answers.get(operation, []):
            if answer.status == 200:
                assert [fault for fault in faults(shape_name, answer.content) if not is_of_an_older_model(fault)] == []
                assert answer.headers["content-type"] == "application/json"
                assert "x-amzn-errortype" not in answer.headers
                # The id in the body is the one in the headers.
                if "requestId" in SHAPES[shape_name]["members"]:
                    assert answer.content["requestId"] == answer.headers["x-amzn-requestid"]
                else:
                    assert "requestId" not in answer.content
