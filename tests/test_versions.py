"""Semantic versions: their order, wildcards in references, and the next version of a recipe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.versions import MAX_NODE, Version, VersionPattern, next_version

SHAPES: dict[str, Any] = Loader().load_service_model("imagebuilder", "service-2")["shapes"]

nodes = st.integers(0, 12) | st.integers(0, MAX_NODE)
versions = st.builds(Version, nodes, nodes, nodes)
some_versions = st.sets(st.builds(Version, *[st.integers(0, 3)] * 3), max_size=12)


class TestVersion:
    @given(versions)
    def test_is_the_same_after_being_written_and_read(self, version: Version) -> None:
        assert Version.parse(str(version)) == version
        assert re.fullmatch(SHAPES["VersionNumber"]["pattern"], str(version))

    @given(version=versions, zeros=st.tuples(*[st.integers(0, 3)] * 3))
    def test_does_not_mind_leading_zeros(self, version: Version, zeros: tuple[int, int, int]) -> None:
        text = ".".join("0" * count + str(node) for node, count in zip(version, zeros, strict=True))
        assert Version.parse(text) == version

    @pytest.mark.parametrize(
        ("lower", "higher"),
        [("1.9.0", "1.10.0"), ("0.0.9", "0.1.0"), ("2.99.99", "10.0.0"), ("1.0.0", "1.0.1073741823")],
    )
    def test_is_ordered_by_number(self, lower: str, higher: str) -> None:
        assert Version.parse(lower) < Version.parse(higher)

    @pytest.mark.parametrize("text", ["0.0.0", "1073741823.1073741823.1073741823", "2019.12.03"])
    def test_nodes_are_from_0_to_2_to_the_30_less_1(self, text: str) -> None:
        assert Version.parse(text)

    @pytest.mark.parametrize(
        "text", ["1073741824.0.0", "0.0.1073741824", "0." + "9" * 5000 + ".0", "1" + "0" * 11 + ".0.0"]
    )
    def test_a_node_can_be_too_large(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is greater than 1073741823$"):
            Version.parse(text)

    @pytest.mark.parametrize(
        "text",
        ["", "1", "1.0", "1.0.0.0", "1.0.x", "x.x.x", "1.0.-1", "v1.0.0", "1.0.0\n", "1.0.\u0661", " 1.0.0", "1..0"],
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"^not a semantic version: "):
            Version.parse(text)


class TestVersionPattern:
    @pytest.mark.parametrize(
        ("text", "latest"),
        [
            ("x.x.x", "2.2.4"),
            ("1.x.x", "1.7.8"),
            ("1.6.x", "1.6.8"),
            ("1.6.8", "1.6.8"),
            ("01.06.08", "1.6.8"),
            ("2.2.4", "2.2.4"),
            ("2.x.x", "2.2.4"),
            ("3.x.x", None),
            ("1.8.x", None),
            ("1.6.9", None),
        ],
    )
    def test_selects_as_the_user_guides_example_does(self, text: str, latest: str | None) -> None:
        present = [Version(2, 2, 4), Version(1, 7, 8), Version(1, 6, 8)]
        found = VersionPattern(text).latest(present)
        assert (None if found is None else str(found)) == latest

    @pytest.mark.parametrize("text", ["x.2.x", "1.x.8", "x.0.0", "x.x.1", "x.1.x"])
    def test_a_number_right_of_a_wildcard_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"^every node right of a wildcard must be a wildcard: "):
            VersionPattern(text)

    @pytest.mark.parametrize("text", ["", "x", "x.x", "1.0", "X.x.x", "*.x.x", "1.0.0.0", "xx.x.x", "1.0.x\n"])
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"^not a semantic version: "):
            VersionPattern(text)

    @pytest.mark.parametrize(
        ("text", "is_exact"), [("1.0.0", True), ("1.0.x", False), ("1.x.x", False), ("x.x.x", False)]
    )
    def test_knows_whether_it_is_exact(self, text: str, is_exact: bool) -> None:
        assert VersionPattern(text).is_exact is is_exact

    @given(present=some_versions, exact=st.tuples(*[st.integers(0, 3)] * 3), wildcards=st.integers(0, 3))
    def test_is_the_highest_of_what_a_regular_expression_finds(
        self, present: set[Version], exact: tuple[int, int, int], wildcards: int
    ) -> None:
        texts = [str(node) for node in exact[: 3 - wildcards]] + ["x"] * wildcards
        pattern = VersionPattern(".".join(texts))
        expression = re.compile(r"\.".join("[0-9]+" if text == "x" else text for text in texts))
        matching = [version for version in present if expression.fullmatch(str(version))]
        assert pattern.latest(present) == max(matching, default=None)
        assert {version for version in present if pattern.matches(version)} == set(matching)


class TestNextVersion:
    @pytest.mark.parametrize(
        ("text", "sequence"),
        [
            ("1.0.x", ["1.0.1", "1.0.2", "1.0.3"]),
            ("1.x.0", ["1.1.0", "1.2.0", "1.3.0"]),
            ("x.0.0", ["1.0.0", "2.0.0", "3.0.0"]),
        ],
    )
    def test_counts_as_the_user_guides_sequences_do(self, text: str, sequence: list[str]) -> None:
        taken: list[Version] = []
        for expected in sequence:
            taken.append(next_version(text, taken))
            assert str(taken[-1]) == expected

    @pytest.mark.parametrize(
        ("text", "taken", "expected"),
        [
            ("1.0.0", ["1.0.0"], "1.0.0"),
            ("01.0.0", [], "1.0.0"),
            ("1.0.x", ["1.0.0"], "1.0.1"),
            ("1.0.x", ["1.0.7", "1.0.2"], "1.0.8"),
            ("1.0.x", ["1.1.9", "2.0.9"], "1.0.1"),
            ("01.0.x", ["1.0.4"], "1.0.5"),
            ("x.2.3", ["9.2.3", "10.2.4"], "10.2.3"),
        ],
    )
    def test_is_one_more_than_the_highest_in_its_place(self, text: str, taken: list[str], expected: str) -> None:
        assert str(next_version(text, map(Version.parse, taken))) == expected

    @given(taken=some_versions, exact=st.tuples(*[st.integers(0, 3)] * 3), place=st.integers(0, 2))
    def test_is_free_and_higher_than_all_in_its_line(
        self, taken: set[Version], exact: tuple[int, int, int], place: int
    ) -> None:
        texts = [str(node) for node in exact]
        texts[place] = "x"
        version = next_version(".".join(texts), taken)
        assert version not in taken
        assert all(version[i] == exact[i] for i in range(3) if i != place)
        in_line = {other[place] for other in taken if all(other[i] == exact[i] for i in range(3) if i != place)}
        assert version[place] == max({0, *in_line}) + 1

    @pytest.mark.parametrize(
        ("text", "taken", "message"),
        [
            ("x.x.0", [], "more than one wildcard"),
            ("x.x.x", [], "more than one wildcard"),
            ("1.0", [], "not a semantic version"),
            ("1.0.y", [], "not a semantic version"),
            ("1.0.x\n", [], "not a semantic version"),
            ("1073741824.0.0", [], "is greater than 1073741823"),
            ("1073741824.0.x", [], "is greater than 1073741823"),
            ("1.0.x", [Version(1, 0, MAX_NODE)], "is greater than 1073741823"),
        ],
    )
    def test_refused(self, text: str, taken: list[Version], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            next_version(text, taken)
