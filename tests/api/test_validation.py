"""Validation: what the model says about a value is checked, with the service's sentence, and the rest is let through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder import api
from mock_imagebuilder.imagebuilder.api.validation import Refusal, compile_reader
from mock_imagebuilder.imagebuilder.exceptions import (
    ClientException,
    InvalidParameterException,
    InvalidParameterValueException,
)

ARN = "arn:aws:imagebuilder:us-east-1:123456789012:image/web/1.0.0/1"

#: A model as botocore would load it, with one shape for each thing that a shape can say.
SHAPES: dict[str, dict[str, Any]] = {
    "Text": {"type": "string"},
    "Short": {"type": "string", "min": 2, "max": 4},
    "Long": {"type": "string", "min": 3},
    "Brief": {"type": "string", "max": 3},
    "Empty": {"type": "string", "min": 0, "max": 0},
    "Name": {"type": "string", "pattern": "^[a-z]+$"},
    "Either": {"type": "string", "pattern": "on|off"},
    "Color": {"type": "string", "enum": ["RED", "GREEN"]},
    "Count": {"type": "integer", "min": 1, "max": 10},
    "Whole": {"type": "integer"},
    "Large": {"type": "long", "min": 1},
    "Share": {"type": "double", "min": 0},
    "Float": {"type": "float", "max": 1.5},
    "Flag": {"type": "boolean"},
    "Date": {"type": "timestamp"},
    "Names": {"type": "list", "member": {"shape": "Name"}, "min": 1, "max": 2},
    "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Brief"}, "min": 1, "max": 2},
    "Inner": {
        "type": "structure",
        "required": ["name"],
        "members": {"name": {"shape": "Name"}, "tags": {"shape": "Tags"}},
    },
    "Inners": {"type": "list", "member": {"shape": "Inner"}},
    "Outer": {"type": "structure", "members": {"inner": {"shape": "Inner"}, "inners": {"shape": "Inners"}}},
}
MODEL = api.ApiModel({"operations": {}, "shapes": SHAPES})


def read(shape_name: str, value: Any) -> Any:
    return compile_reader(MODEL, shape_name)(value, "value")


@pytest.mark.parametrize(
    ("shape_name", "value"),
    [
        ("Text", ""),
        ("Text", "\U0001f600\0\n"),
        ("Short", "ab"),
        ("Short", "abcd"),
        ("Short", "\U0001f600\U0001f600"),
        ("Long", "x" * 5000),
        ("Brief", ""),
        ("Empty", ""),
        ("Name", "web"),
        ("Either", "off"),
        ("Color", "GREEN"),
        ("Count", 1),
        ("Count", 10),
        ("Whole", -(2**31)),
        ("Whole", 2**31 - 1),
        ("Large", 2**63 - 1),
        ("Share", 0),
        ("Share", 0.5),
        ("Float", -1e300),
        ("Flag", False),
        ("Names", ["a", "b"]),
        ("Tags", {"a": "", "b": "xyz"}),
        ("Inners", []),
        ("Inners", [{"name": "a"}, {"name": "b", "tags": {"a": "1"}}]),
        ("Outer", {}),
    ],
)
def test_accepted_as_it_is(shape_name: str, value: Any) -> None:
    assert read(shape_name, value) == value


@pytest.mark.parametrize(
    ("shape_name", "value", "path", "rule"),
    [
        ("Text", 1, "value", "must be a string"),
        ("Text", True, "value", "must be a string"),
        ("Text", ["a"], "value", "must be a string"),
        ("Text", "a\ud800", "value", "must be valid Unicode text"),
        ("Short", "a", "value", "must have between 2 and 4 characters"),
        ("Short", "abcde", "value", "must have between 2 and 4 characters"),
        ("Long", "ab", "value", "must have at least 3 characters"),
        ("Brief", "abcd", "value", "must have at most 3 characters"),
        ("Empty", "a", "value", "must have between 0 and 0 characters"),
        ("Name", "", "value", "must match pattern ^[a-z]+$"),
        ("Name", "Web", "value", "must match pattern ^[a-z]+$"),
        ("Name", "web\n", "value", "must match pattern ^[a-z]+$"),
        ("Either", "onoff", "value", "must match pattern on|off"),
        ("Either", "only", "value", "must match pattern on|off"),
        ("Color", "red", "value", "must be one of: RED, GREEN"),
        ("Count", 0, "value", "must be between 1 and 10"),
        ("Count", 11, "value", "must be between 1 and 10"),
        ("Count", "1", "value", "must be an integer"),
        ("Count", 1.0, "value", "must be an integer"),
        ("Count", True, "value", "must be an integer"),
        ("Whole", 2**31, "value", "must be an integer of 32 bits"),
        ("Whole", -(2**31) - 1, "value", "must be an integer of 32 bits"),
        ("Large", 2**63, "value", "must be an integer of 64 bits"),
        ("Large", 0, "value", "must be at least 1"),
        ("Share", -0.1, "value", "must be at least 0"),
        ("Share", "1", "value", "must be a number"),
        ("Share", False, "value", "must be a number"),
        ("Share", float("inf"), "value", "must be a number"),
        ("Share", 10**400, "value", "must be a number"),
        ("Float", 1.6, "value", "must be at most 1.5"),
        ("Flag", "true", "value", "must be a boolean"),
        ("Flag", 0, "value", "must be a boolean"),
        ("Date", "2026-01-01T00:00:00Z", "value", "must be a timestamp in seconds since 1970"),
        ("Date", True, "value", "must be a timestamp in seconds since 1970"),
        ("Date", 1e300, "value", "must be a timestamp in seconds since 1970"),
        ("Date", 10**400, "value", "must be a timestamp in seconds since 1970"),
        ("Date", float("inf"), "value", "must be a timestamp in seconds since 1970"),
        ("Names", "a", "value", "must be a list"),
        ("Names", {}, "value", "must be a list"),
        ("Names", [], "value", "must have between 1 and 2 entries"),
        ("Names", ["a", "b", "c"], "value", "must have between 1 and 2 entries"),
        ("Names", ["a", None], "value[1]", "must not be null"),
        ("Names", ["a", "B"], "value[1]", "must match pattern ^[a-z]+$"),
        ("Tags", [], "value", "must be an object"),
        ("Tags", {"a": "", "b": "", "c": ""}, "value", "must have between 1 and 2 entries"),
        ("Tags", {"A": ""}, "value", "must match pattern ^[a-z]+$"),
        ("Tags", {"a": "abcd"}, "value.a", "must have at most 3 characters"),
        ("Tags", {"a": 1}, "value.a", "must be a string"),
        ("Inner", [], "value", "must be an object"),
        ("Inner", {}, "value.name", "is required"),
        ("Inner", {"name": None}, "value.name", "is required"),
        ("Inner", {"name": "A"}, "value.name", "must match pattern ^[a-z]+$"),
        ("Inners", [{"name": "a"}, {}], "value[1].name", "is required"),
        ("Outer", {"inner": {}}, "value.inner.name", "is required"),
        (
            "Outer",
            {"inners": [{"name": "a", "tags": {"b": "long"}}]},
            "value.inners[0].tags.b",
            "must have at most 3 characters",
        ),
    ],
)
def test_refused(shape_name: str, value: Any, path: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read(shape_name, value)
    assert (refusal.value.path, refusal.value.rule) == (path, rule)


class TestAbsence:
    def test_null_is_an_absent_member(self) -> None:
        assert read("Outer", {"inner": None, "inners": None}) == {}

    def test_null_is_an_absent_entry_of_a_map(self) -> None:
        assert read("Tags", {"a": None, "b": "x"}) == {"b": "x"}

    def test_an_empty_map_is_an_absent_member(self) -> None:
        assert read("Tags", {}) is None
        assert read("Tags", {"a": None}) is None
        assert read("Inner", {"name": "a", "tags": {}}) == {"name": "a"}

    def test_a_structure_without_members_is_there(self) -> None:
        assert read("Inners", [{"name": "a"}]) == [{"name": "a"}]
        assert read("Outer", {"inner": {"name": "a"}, "other": {}}) == {"inner": {"name": "a"}}

    def test_what_the_shape_lacks_is_dropped(self) -> None:
        assert read("Inner", {"name": "a", "unknown": {"deep": [1]}, "NAME": "b"}) == {"name": "a"}


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (1767225600.5, datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=timezone.utc)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_timestamps_are_read_as_moments_in_utc(seconds: float, moment: datetime) -> None:
    assert read("Date", seconds) == moment
    assert read("Date", seconds).tzinfo is timezone.utc


def send(operation: str, body: Any = None, query: str = "", path: Mapping[str, str] | None = None) -> dict[str, Any]:
    raw = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
    return api.read_request(api.operations()[operation], path or {}, query, raw)


class TestRequest:
    def test_members_come_from_the_body(self) -> None:
        body = {"imageBuildVersionArn": ARN, "clientToken": "t", "unknown": 1}
        assert send("CancelImageCreation", body) == {"imageBuildVersionArn": ARN, "clientToken": "t"}

    @pytest.mark.parametrize("encode", [json.dumps, lambda body: json.dumps(body).encode()], ids=["text", "bytes"])
    def test_the_body_is_text_or_bytes(self, encode: Any) -> None:
        body = encode({"imageBuildVersionArn": ARN, "clientToken": "\u00e9\u4f60"})
        assert send("CancelImageCreation", body)["clientToken"] == "\u00e9\u4f60"

    @pytest.mark.parametrize("body", [None, b"", "", b"{}", b'{"maxResults": null}'])
    def test_the_body_can_be_missing_where_nothing_is_required(self, body: Any) -> None:
        assert send("ListImages", body) == {}

    def test_members_come_from_the_query_decoded(self) -> None:
        query = f"x=1&imageBuildVersionArn={ARN.replace(':', '%3A').replace('/', '%2F')}&y"
        assert send("GetImage", query=query) == {"imageBuildVersionArn": ARN}

    def test_a_body_is_not_looked_at_where_the_operation_has_none(self) -> None:
        assert send("GetImage", b"\xff", f"imageBuildVersionArn={ARN}") == {"imageBuildVersionArn": ARN}

    @pytest.mark.parametrize(
        ("query", "keys"),
        [
            ("tagKeys=a&tagKeys=b", ["a", "b"]),
            ("tagKeys=a%2Fb", ["a/b"]),
            ("tagKeys=a%2Bb", ["a+b"]),
            ("tagKeys=a&tagKeys=%00", None),
        ],
    )
    def test_lists_in_the_query_are_repeated(self, query: str, keys: list[str] | None) -> None:
        if keys is None:
            with pytest.raises(InvalidParameterException):
                send("UntagResource", query=query, path={"resourceArn": ARN})
        else:
            assert send("UntagResource", query=query, path={"resourceArn": ARN}) == {
                "resourceArn": ARN,
                "tagKeys": keys,
            }

    def test_members_come_from_the_path_and_the_body(self) -> None:
        body = {"tags": {"Team": "A"}, "resourceArn": "not this one"}
        assert send("TagResource", body, path={"resourceArn": ARN}) == {"resourceArn": ARN, "tags": {"Team": "A"}}

    def test_no_tags_can_be_an_empty_object(self) -> None:
        body = {"imageBuildVersionArn": ARN, "clientToken": "t"}
        assert send("CancelImageCreation", body) == body
        configuration = {"name": "web", "distributions": [], "clientToken": "t", "tags": {}}
        assert "tags" not in send("CreateDistributionConfiguration", configuration)

    def test_an_empty_structure_is_not_an_absent_one(self) -> None:
        body = {
            "name": "web",
            "executionRole": "role",
            "resourceType": "AMI_IMAGE",
            "policyDetails": [{"action": {"type": "DELETE"}, "filter": {"type": "COUNT", "value": 1}}],
            "resourceSelection": {},
            "clientToken": "t",
        }
        assert send("CreateLifecyclePolicy", body)["resourceSelection"] == {}


class TestRefusedRequest:
    @pytest.mark.parametrize(
        ("operation", "body", "message"),
        [
            (
                "CancelImageCreation",
                {"clientToken": "t"},
                "The value supplied for parameter 'imageBuildVersionArn' is not valid. imageBuildVersionArn is required",
            ),
            (
                "CreateDistributionConfiguration",
                {"name": "web", "distributions": [{"region": "x"}, {}], "clientToken": "t"},
                "The value supplied for parameter 'distributions[1].region' is not valid. "
                "distributions[1].region is required",
            ),
            (
                "ListImages",
                {"maxResults": 0},
                "The value supplied for parameter 'maxResults' is not valid. maxResults must be between "
                f"1 and {api.load_model().shape('RestrictedInteger')['max']}",
            ),
        ],
    )
    def test_says_which_parameter_and_why(self, operation: str, body: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidParameterValueException) as raised:
            send(operation, body)
        assert raised.value.message == message

    def test_the_operations_on_tags_have_a_code_of_their_own(self) -> None:
        with pytest.raises(InvalidParameterException) as raised:
            send("TagResource", {"tags": {}}, path={"resourceArn": ARN})
        assert raised.value.message == "The value supplied for parameter 'tags' is not valid. tags is required"

    @pytest.mark.parametrize("query", ["", "imageBuildVersionArn=", "imageBuildVersionArn", "imagebuildversionarn=x"])
    def test_a_parameter_of_the_query_is_missing_or_empty(self, query: str) -> None:
        with pytest.raises(InvalidParameterValueException):
            send("GetImage", query=query)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("{", "The body of the request is not valid JSON."),
            ('{"maxResults": NaN}', "The body of the request is not valid JSON."),
            (b"\xff", "The body of the request is not valid JSON."),
            ("{}".encode("utf-16"), "The body of the request is not valid JSON."),
            ("[" * 100_000, "The body of the request is not valid JSON."),
            ("9" * 5000, "The body of the request is not valid JSON."),
            ("[]", "The body of the request is not a JSON object."),
            ("null", "The body of the request is not a JSON object."),
        ],
    )
    def test_the_body_is_no_json_object(self, body: bytes | str, message: str) -> None:
        with pytest.raises(ClientException) as raised:
            send("ListImages", body)
        assert raised.value.message == message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)
members = st.sampled_from(["name", "description", "distributions", "tags", "clientToken", "dryRun", "other"])


@given(st.dictionaries(members, json_values))
def test_any_json_is_read_or_refused_and_never_fails(body: dict[str, Any]) -> None:
    try:
        request = send("CreateDistributionConfiguration", body)
    except (InvalidParameterValueException, ClientException):
        return
    assert request.keys() <= {"name", "description", "distributions", "tags", "clientToken", "dryRun"}
    assert {"name", "distributions", "clientToken"} <= request.keys()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_never_fail(body: bytes) -> None:
    try:
        send("ListImages", body)
    except (InvalidParameterValueException, ClientException):
        return
