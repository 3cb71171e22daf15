"""Pages: whatever comes and goes between two of them, what stays is seen exactly once."""

from __future__ import annotations

import base64
from bisect import insort
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder import api
from mock_imagebuilder.imagebuilder.exceptions import InvalidPaginationTokenException
from mock_imagebuilder.imagebuilder.store import Index

SCOPE = ("ListImages", "123456789012", "us-east-1")
REQUEST: dict[str, Any] = {"owner": "Self", "filters": [{"name": "name", "values": ["web*"]}]}


def next_page(index: Index[str, int], request: dict[str, Any], size: int) -> tuple[list[int], str | None]:
    """A page as a list operation makes it."""
    rows: Iterator[tuple[Any, int]] = index.after(api.read_token(SCOPE, request))  # type: ignore[arg-type]
    page = api.Page.take(rows, size)
    return page.rows, None if page.last_key is None else api.write_token(SCOPE, request, page.last_key)


changes = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=6)


@given(start=st.sets(st.integers(0, 40)), between=st.lists(changes, max_size=12), size=st.integers(1, 7))
def test_what_stays_is_seen_exactly_once(start: set[int], between: list[list[tuple[bool, int]]], size: int) -> None:
    index: Index[str, int] = Index()
    for number in start:
        index.add(f"{number:02}", number)
    present, always = set(start), set(start)
    seen: list[int] = []
    request, pauses = dict(REQUEST), iter(between)
    while True:
        rows, token = next_page(index, request, size)
        assert len(rows) <= size
        seen += rows
        if token is None:
            break
        request["nextToken"] = token
        for is_added, number in next(pauses, []):
            if is_added and number not in present:
                index.add(f"{number:02}", number)
                present.add(number)
            elif not is_added and number in present:
                index.remove(f"{number:02}")
                present.discard(number)
                always.discard(number)
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen))
    assert always <= set(seen)


@given(numbers=st.sets(st.integers()), before=st.none() | st.integers(), size=st.integers(1, 5))
def test_newest_first_is_the_same_backwards(numbers: set[int], before: int | None, size: int) -> None:
    index: Index[int, int] = Index()
    for number in numbers:
        index.add(number, number)
    key: Any = before
    seen: list[int] = []
    while True:
        page = api.Page.take(index.before(key), size)
        seen += page.rows
        if page.last_key is None:
            break
        key = page.last_key
    expected: list[int] = []
    for number in numbers:
        if before is None or number < before:
            insort(expected, number)
    assert seen == expected[::-1]


class TestPage:
    @pytest.mark.parametrize(
        ("count", "size", "rows", "last_key"),
        [(0, 3, [], None), (2, 3, [0, 1], None), (3, 3, [0, 1, 2], None), (4, 3, [0, 1, 2], 2), (4, 1, [0], 0)],
    )
    def test_is_the_last_one_when_nothing_follows(self, count: int, size: int, rows: list[int], last_key: Any) -> None:
        page = api.Page.take(iter([(number, number) for number in range(count)]), size)
        assert (page.rows, page.last_key) == (rows, last_key)

    def test_can_be_short_or_empty_and_still_have_a_successor(self) -> None:
        rows = [(number, number) for number in range(6)]
        page = api.Page.take(iter(rows), 3, lambda number: number > 3)
        assert (page.rows, page.last_key) == ([], 2)
        page = api.Page.take(iter(rows[3:]), 3, lambda number: number > 3)
        assert (page.rows, page.last_key) == ([4, 5], None)

    def test_looks_at_no_more_rows_than_it_needs(self) -> None:
        rows = iter([(number, number) for number in range(1000)])
        api.Page.take(rows, 25)
        assert next(rows) == (26, 26)

    @pytest.mark.parametrize(("request_", "size"), [({}, 25), ({"maxResults": 1}, 1), ({"maxResults": 100}, 100)])
    def test_has_the_size_that_is_asked_for(self, request_: dict[str, Any], size: int) -> None:
        assert api.page_size(request_) == size


class TestToken:
    @given(st.text() | st.integers())
    @example("#")
    @example("#1")
    @example("=")
    def test_leads_on_after_its_key(self, key: str | int) -> None:
        token = api.write_token(SCOPE, REQUEST, key)
        assert api.read_token(SCOPE, {**REQUEST, "nextToken": token}) == key
        assert 1 <= len(token) <= api.load_model().shape("PaginationToken")["max"]

    def test_is_absent_on_the_first_page(self) -> None:
        assert api.read_token(SCOPE, REQUEST) is None

    def test_does_not_mind_another_page_size(self) -> None:
        token = api.write_token(SCOPE, {**REQUEST, "maxResults": 5}, "a")
        assert api.read_token(SCOPE, {**REQUEST, "maxResults": 7, "nextToken": token}) == "a"

    def test_says_nothing_about_its_key_to_the_eye(self) -> None:
        token = api.write_token(SCOPE, REQUEST, "arn:aws:imagebuilder")
        assert "imagebuilder" not in token

    @pytest.mark.parametrize(
        ("scope", "request_"),
        [
            (("ListComponents", *SCOPE[1:]), REQUEST),
            ((SCOPE[0], "999999999999", SCOPE[2]), REQUEST),
            ((*SCOPE[:2], "eu-west-1"), REQUEST),
            (SCOPE, {}),
            (SCOPE, {**REQUEST, "owner": "Amazon"}),
            (SCOPE, {**REQUEST, "byName": True}),
            (SCOPE, {**REQUEST, "filters": [{"name": "name", "values": ["web"]}]}),
            (SCOPE, {**REQUEST, "filters": []}),
        ],
        ids=["operation", "account", "Region", "no filter", "owner", "another member", "filter value", "empty filter"],
    )
    def test_is_refused_elsewhere(self, scope: tuple[str, ...], request_: dict[str, Any]) -> None:
        token = api.write_token(SCOPE, REQUEST, "a")
        with pytest.raises(InvalidPaginationTokenException) as raised:
            api.read_token(scope, {**request_, "nextToken": token})
        assert raised.value.message == "The provided pagination token is not valid."

    @given(st.text(min_size=1) | st.binary(min_size=1).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
    def test_that_nobody_gave_is_refused(self, token: str) -> None:
        with pytest.raises(InvalidPaginationTokenException):
            api.read_token(SCOPE, {**REQUEST, "nextToken": token})

    @given(position=st.integers(0, 200), change=st.integers(1, 255), key=st.text())
    def test_that_was_altered_is_refused(self, position: int, change: int, key: str) -> None:
        raw = bytearray(base64.urlsafe_b64decode(api.write_token(SCOPE, REQUEST, key)))
        raw[position % len(raw)] ^= change
        with pytest.raises(InvalidPaginationTokenException):
            api.read_token(SCOPE, {**REQUEST, "nextToken": base64.urlsafe_b64encode(raw).decode()})

    def test_is_bound_to_dates_as_well(self) -> None:
        """No list has a timestamp among its parameters today; one that gets it would go on working."""
        assert not [
            name
            for name, operation in api.operations().items()
            if name.startswith("List")
            for member in operation.members
            if "timestamp" in api.load_model().shape(_shape_of(name, member.name))["type"]
        ]


def _shape_of(operation: str, member: str) -> str:
    model = api.load_model()
    return str(model.shape(model.operations[operation]["input"]["shape"])["members"][member]["shape"])
