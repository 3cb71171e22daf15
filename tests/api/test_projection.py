"""Projection: an answer shows of a record what its shape has, and nothing else."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder import api
from mock_imagebuilder.imagebuilder.api.projection import compile_projector

CONFIGURATION: dict[str, Any] = {
    "arn": "arn:aws:imagebuilder:us-east-1:123456789012:distribution-configuration/web",
    "name": "Web",
    "description": None,
    "distributions": [
        {"region": "us-east-1", "amiDistributionConfiguration": {"name": "web", "unknown": 1}, "secret": "x"},
        {"region": "eu-west-1", "licenseConfigurationArns": ["a", "b"]},
    ],
    "timeoutMinutes": 720,
    "dateCreated": "2026-01-01T00:00:00.000Z",
    "tags": {},
    "internal": "never shown",
}


def project(shape_name: str, record: dict[str, Any]) -> Any:
    return compile_projector(api.load_model(), shape_name)(record)


def test_members_of_the_shape_are_shown_deeply_and_others_are_not() -> None:
    assert project("DistributionConfiguration", CONFIGURATION) == {
        "arn": CONFIGURATION["arn"],
        "name": "Web",
        "distributions": [
            {"region": "us-east-1", "amiDistributionConfiguration": {"name": "web"}},
            {"region": "eu-west-1", "licenseConfigurationArns": ["a", "b"]},
        ],
        "timeoutMinutes": 720,
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "tags": {},
    }


def test_a_summary_is_another_projection_of_the_same_record() -> None:
    assert project("DistributionConfigurationSummary", CONFIGURATION) == {
        "arn": CONFIGURATION["arn"],
        "name": "Web",
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "tags": {},
    }


@pytest.mark.parametrize(
    ("shape_name", "record"),
    [
        ("LaunchTemplateConfiguration", {"setDefaultVersion": False}),
        ("WorkflowExecutionMetadata", {"totalStepCount": 0}),
        ("ComponentState", {"reason": ""}),
        ("DistributionConfiguration", {"distributions": [], "tags": {}}),
    ],
)
def test_what_is_false_but_present_is_shown(shape_name: str, record: dict[str, Any]) -> None:
    assert project(shape_name, record) == record


def test_none_is_absent_at_every_depth() -> None:
    record = {"name": None, "distributions": [{"region": "x", "amiDistributionConfiguration": {"kmsKeyId": None}}]}
    assert project("DistributionConfiguration", record) == {
        "distributions": [{"region": "x", "amiDistributionConfiguration": {}}]
    }


def test_structures_of_an_answer_are_new_ones() -> None:
    record = {"distributions": [{"region": "x"}], "tags": {"Team": "A"}}
    shown = project("DistributionConfiguration", record)
    shown["distributions"][0]["region"] = "y"
    shown["distributions"].append({})
    shown["name"] = "z"
    assert record == {"distributions": [{"region": "x"}], "tags": {"Team": "A"}}


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (datetime(2026, 1, 1, tzinfo=timezone.utc), 1767225600.0),
        (datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=timezone.utc), 1767225600.123),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc), -1.0),
    ],
)
def test_timestamps_are_seconds_with_milliseconds(moment: datetime, seconds: float) -> None:
    assert project("ImageSummary", {"deprecationTime": moment}) == {"deprecationTime": seconds}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)


@given(
    unknown=st.dictionaries(st.text(), json_values, max_size=4),
    name=st.text(),
    arns=st.none() | st.lists(st.text(), max_size=3),
)
def test_whatever_else_a_record_holds_is_not_shown(unknown: dict[str, Any], name: str, arns: list[str] | None) -> None:
    members = api.load_model().shape("Distribution")["members"]
    own = {"region": name, "licenseConfigurationArns": arns}
    record = {key: value for key, value in unknown.items() if key not in members} | own
    expected = {key: value for key, value in own.items() if value is not None}
    assert project("Distribution", record) == expected
