"""Collections of resources, each against a slow and obvious model of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.arns import Arn, slug
from mock_imagebuilder.imagebuilder.exceptions import ResourceNotFoundException
from mock_imagebuilder.imagebuilder.store import Index, NameFilter, Store, VersionedStore
from mock_imagebuilder.imagebuilder.versions import Version

PIPELINES = Arn("aws", "us-east-1", "123456789012", "image-pipeline", "")
IMAGES = Arn("aws", "us-east-1", "123456789012", "image", "")
RECIPES = Arn("aws", "us-east-1", "123456789012", "image-recipe", "")


@dataclass(frozen=True)
class Row:
    """The least that a store holds."""

    arn: str
    name: str


def pipeline(name: str) -> Row:
    return Row(str(PIPELINES) + slug(name), name)


def image(name: str, version: str, build: int) -> Row:
    return Row(f"{IMAGES}{slug(name)}/{version}/{build}", name)


# Names that fall together as slugs, begin with each other, and sort around "-" and "/".
names = st.sampled_from(
    ["web", "Web", "web 1", "web_1", "web-1", "web1", "web-10", "we", "webber", "a web", "zz", "WEB 1 x", "db", "d-b"]
)
filters = st.sampled_from(
    ["web", "Web", "web*", "Web*", "*web*", "*eb*", "*", "**", "*b", "w*b", "web 1", "web_1*", "WEB*", "zz", "nothing*"]
)


class TestIndex:
    @given(
        steps=st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=40),
        key=st.none() | st.integers(-1, 21),
        low=st.integers(-1, 21),
        high=st.integers(-1, 21),
    )
    def test_walks_in_order_from_anywhere(
        self, steps: list[tuple[bool, int]], key: int | None, low: int, high: int
    ) -> None:
        index: Index[int, str] = Index()
        naive: dict[int, str] = {}
        for number, (is_added, each) in enumerate(steps):
            if is_added:
                index.add(each, str(number))
                naive[each] = str(number)
            elif each in naive:
                assert index.remove(each) == naive.pop(each)
        rows = sorted(naive.items())
        assert len(index) == len(rows)
        assert list(index.after(key)) == [row for row in rows if key is None or row[0] > key]
        assert list(index.before(key)) == [row for row in reversed(rows) if key is None or row[0] < key]
        assert list(index.between(low, high, key)) == [
            row for row in rows if low <= row[0] < high and (key is None or row[0] > key)
        ]
        assert all((each in index) == (each in naive) and index.get(each) == naive.get(each) for each in range(21))

    def test_what_is_not_there_cannot_be_removed(self) -> None:
        with pytest.raises(KeyError):
            Index[str, str]().remove("a")


class TestNameFilter:
    @pytest.mark.parametrize(
        ("text", "accepted", "refused"),
        [
            ("web", ["web"], ["Web", "web 1", "a web", ""]),
            ("web*", ["web", "web 1", "webber"], ["Web", "a web"]),
            ("*web*", ["web", "a web", "webber"], ["Web", "we"]),
            ("*", ["", "web"], []),
            ("**", ["", "web"], []),
            ("*web", ["*web"], ["web", "a web"]),
            ("w*b", ["w*b"], ["web"]),
            ("web_1*", ["web_1", "web_10"], ["web 1", "web-1"]),
        ],
    )
    def test_accepts(self, text: str, accepted: list[str], refused: list[str]) -> None:
        assert [name for name in accepted + refused if NameFilter(text).accepts(name)] == accepted


class TestStore:
    @given(
        present=st.lists(names, max_size=14), values=st.none() | st.lists(filters, max_size=3), after=st.none() | names
    )
    def test_rows_are_those_of_a_scan_in_arn_order(
        self, present: list[str], values: list[str] | None, after: str | None
    ) -> None:
        store: Store[Row] = Store(PIPELINES)
        naive: dict[str, Row] = {}
        for name in present:
            store.add(pipeline(name))
            naive[pipeline(name).arn] = pipeline(name)
        key = None if after is None else pipeline(after).arn
        expected = [
            (arn, row)
            for arn, row in sorted(naive.items())
            if (key is None or arn > key)
            and (values is None or any(NameFilter(value).accepts(row.name) for value in values))
        ]
        assert list(store.rows(key, values)) == expected
        assert list(store) == [row for _, row in sorted(naive.items())]
        assert len(store) == len(naive)

    def test_finds_by_arn(self) -> None:
        store: Store[Row] = Store(PIPELINES)
        row = pipeline("Web 1")
        store.add(row)
        assert store.get(row.arn) is store.find(row.arn) is row
        assert store.remove(row.arn) is row
        assert store.find(row.arn) is None

    @pytest.mark.parametrize("act", [Store.get, Store.remove])
    def test_what_is_not_there_is_named(self, act: Callable[[Store[Row], str], Row]) -> None:
        store: Store[Row] = Store(PIPELINES)
        with pytest.raises(ResourceNotFoundException) as raised:
            act(store, "arn:gone")
        assert raised.value.message == "The following required resource 'ImagePipeline' cannot be found: 'arn:gone'."


some_versions = st.sampled_from(["0.0.1", "1.0.0", "1.0.2", "1.0.10", "1.9.0", "1.10.0", "2.0.0", "10.0.0"])
#: Add a build of a name and version, or remove one of the builds that are there.
steps = st.lists(st.tuples(names, some_versions) | st.integers(0, 50), max_size=30)


def is_build_of(row: Row, family: str, version: str) -> bool:
    """Whether the row is a build of a version, or of one of those that a version with wildcards means."""
    arn = Arn.parse(row.arn)
    nodes = zip(version.split("."), str(arn.version).split("."), strict=True)
    return arn.slug == family and all(wanted in ("x", node) for wanted, node in nodes)


class Naive:
    """What a versioned store should be: a list in order of creation."""

    def __init__(self, commands: list[tuple[str, str] | int]) -> None:
        self.store: VersionedStore[Row] = VersionedStore(IMAGES)
        self.rows: list[Row] = []
        self.given: set[str] = set()
        for command in commands:
            if isinstance(command, int):
                if self.rows:
                    row = self.rows.pop(command % len(self.rows))
                    assert self.store.remove(row.arn) is row
            else:
                self._add(*command)

    def _add(self, name: str, version: str) -> None:
        build = self.store.next_build(Arn.parse(f"{IMAGES}{slug(name)}/{version}"))
        row = image(name, version, build)
        assert row.arn not in self.given, "a build number was given twice"
        assert all(
            Arn.parse(arn).build != build for arn in self.given if arn.rpartition("/")[0] == row.arn.rpartition("/")[0]
        )
        self.given.add(row.arn)
        self.store.add(row)
        self.rows.append(row)

    def versions(self) -> dict[str, list[Row]]:
        """The builds by version ARN, in ARN order."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.arn.rpartition("/")[0], []).append(row)
        return dict(sorted(found.items()))


class TestVersionedStore:
    @given(steps)
    def test_holds_what_was_added_and_not_removed(self, commands: list[tuple[str, str] | int]) -> None:
        naive = Naive(commands)
        assert list(naive.store) == naive.rows
        assert len(naive.store) == len(naive.rows)
        assert all(naive.store.get(row.arn) is naive.store.find(row.arn) is row for row in naive.rows)
        assert all(naive.store.find(arn) is None for arn in naive.given - {row.arn for row in naive.rows})

    @given(steps)
    def test_build_numbers_count_up_and_are_not_given_again(self, commands: list[tuple[str, str] | int]) -> None:
        naive = Naive(commands)
        highest: dict[str, int] = {}
        for arn in naive.given:
            version, _, build = arn.rpartition("/")
            highest[version] = max(highest.get(version, 0), int(build))
        for version, build_number in highest.items():
            assert naive.store.next_build(Arn.parse(version)) == build_number + 1

    @given(steps, st.none() | some_versions | st.sampled_from(["x.x.x", "1.x.x", "1.0.x", "3.x.x"]), names)
    def test_builds_are_listed_newest_first(
        self, commands: list[tuple[str, str] | int], version: str | None, name: str
    ) -> None:
        naive = Naive(commands)
        version_arn = None if version is None else Arn.parse(f"{IMAGES}{slug(name)}/{version}")
        expected = list(reversed(naive.rows))
        if version is not None:
            expected = [row for row in expected if is_build_of(row, slug(name), version)]
        rows = list(naive.store.build_rows(None, version_arn))
        assert [row for _, row in rows] == expected
        for number, (key, _) in enumerate(rows):
            assert list(naive.store.build_rows(key, version_arn)) == rows[number + 1 :]

    @given(steps, st.none() | st.lists(filters, max_size=3))
    def test_versions_are_listed_in_arn_order(
        self, commands: list[tuple[str, str] | int], values: list[str] | None
    ) -> None:
        naive = Naive(commands)
        rows = list(naive.store.version_rows(None, values))
        expected = {}
        for arn, builds in naive.versions().items():
            # A version has the name that its first build was created with.
            entry = naive.store.entry_of(Arn.parse(arn))
            assert entry is not None
            if values is None or any(NameFilter(value).accepts(entry.name) for value in values):
                expected[arn] = builds
        assert {key: entry.builds for key, entry in rows} == expected
        assert [key for key, _ in rows] == list(expected)
        assert all(entry.newest is expected[key][-1] and str(entry.arn) == key for key, entry in rows)
        for number, (key, _) in enumerate(rows):
            assert list(naive.store.version_rows(key, values)) == rows[number + 1 :]

    @given(steps, st.none() | st.lists(filters, max_size=3))
    def test_by_name_the_highest_version_is_listed(
        self, commands: list[tuple[str, str] | int], values: list[str] | None
    ) -> None:
        naive = Naive(commands)
        highest: dict[str, Version] = {}
        for arn in naive.versions():
            family, _, version = arn.rpartition("/")
            highest[family] = max(highest.get(family, Version(0, 0, 0)), Version.parse(version))
        accepted = {
            (key, str(entry.arn))
            for key, entry in naive.store.name_rows(None)
            if values is None or any(NameFilter(value).accepts(entry.name) for value in values)
        }
        assert {key: Version.parse(str(entry.arn.version)) for key, entry in naive.store.name_rows(None)} == highest
        rows = list(naive.store.name_rows(None, values))
        assert [(key, str(entry.arn)) for key, entry in rows] == sorted(accepted, key=lambda row: row[0] + "/")
        for number, (key, _) in enumerate(rows):
            assert list(naive.store.name_rows(key, values)) == rows[number + 1 :]

    @given(
        steps, names, st.sampled_from(["x.x.x", "1.x.x", "1.0.x", "1.0.2", "2.x.x", "01.0.x", "3.x.x"]), st.booleans()
    )
    def test_a_reference_means_the_newest_accepted_build_of_the_highest_version(
        self, commands: list[tuple[str, str] | int], name: str, version: str, only_even: bool
    ) -> None:
        naive = Naive(commands)

        def accepts(row: Row) -> bool:
            return not only_even or int(row.arn.rpartition("/")[2]) % 2 == 0

        wanted = [None if node == "x" else int(node) for node in version.split(".")]
        candidates = []
        for row in filter(accepts, naive.rows):
            arn = Arn.parse(row.arn)
            numbers = tuple(map(int, str(arn.version).split(".")))
            matches = all(want in (None, number) for want, number in zip(wanted, numbers, strict=True))
            if arn.slug == slug(name) and matches:
                candidates.append((numbers, arn.build, row))
        expected = max(candidates, key=lambda each: each[:2], default=(None, None, None))[2]
        reference = Arn.parse(f"{IMAGES}{slug(name)}/{version}")
        assert naive.store.resolve(reference, accepts if only_even else None) == expected

    @given(steps)
    def test_a_build_arn_means_that_build(self, commands: list[tuple[str, str] | int]) -> None:
        naive = Naive(commands)
        for arn in naive.given:
            there = next((row for row in naive.rows if row.arn == arn), None)
            assert naive.store.resolve(Arn.parse(arn)) == there
            assert naive.store.resolve(Arn.parse(arn), lambda row: False) is None

    @pytest.mark.parametrize("version", ["x.0.0", "1.x.0"])
    def test_a_reference_has_its_wildcards_at_the_end(self, version: str) -> None:
        store: VersionedStore[Row] = VersionedStore(IMAGES)
        for find in (store.resolve, lambda arn: store.build_rows(None, arn)):
            with pytest.raises(ValueError, match="every node right of a wildcard"):
                find(Arn.parse(f"{IMAGES}web/{version}"))


class TestVersionedStoreWithSeveralTypes:
    """Workflows: their ARNs have a type in front of the name, and a name can be there in all of them."""

    BASES = tuple(Arn("aws", "us-east-1", "123456789012", f"workflow/{type_}", "") for type_ in ("build", "test"))

    @given(st.lists(st.tuples(st.sampled_from(BASES), names), unique_by=lambda each: (each[0], slug(each[1]))))
    def test_names_are_found_in_all_types(self, given: list[tuple[Arn, str]]) -> None:
        store: VersionedStore[Row] = VersionedStore(*self.BASES)
        for base, name in given:
            store.add(Row(f"{base}{slug(name)}/1.0.0/1", name))
        assert store.kind == "Workflow"
        for text in ("web", "Web*", "*eb*", "nothing"):
            expected = sorted(f"{base}{slug(name)}/1.0.0" for base, name in given if NameFilter(text).accepts(name))
            rows = list(store.version_rows(None, [text]))
            assert [key for key, _ in rows] == expected
            for number, (key, _) in enumerate(rows):
                assert list(store.version_rows(key, [text])) == rows[number + 1 :]
            assert [f"{key}/1.0.0" for key, _ in store.name_rows(None, [text])] == expected


class TestVersionedStoreWithoutBuilds:
    """Recipes: one resource per version, whose ARN has no build number."""

    def store(self, *versions: str) -> VersionedStore[Row]:
        store: VersionedStore[Row] = VersionedStore(RECIPES)
        for version in versions:
            store.add(Row(f"{RECIPES}web/{version}", "Web"))
        return store

    def test_versions_are_found_and_resolved(self) -> None:
        store = self.store("1.0.0", "1.10.0", "1.9.0")
        found = store.resolve(Arn.parse(f"{RECIPES}web/1.x.x"))
        assert found is store.get(f"{RECIPES}web/1.10.0")
        assert store.versions_of(f"{RECIPES}web").keys() == {Version(1, 0, 0), Version(1, 10, 0), Version(1, 9, 0)}
        assert store.versions_of(f"{RECIPES}db") == {}

    def test_a_version_is_known_however_its_numbers_are_written(self) -> None:
        store = self.store("2019.12.03")
        for spelling in ("2019.12.03", "2019.12.3", "02019.12.3"):
            entry = store.entry_of(Arn.parse(f"{RECIPES}web/{spelling}"))
            assert entry is not None
            assert str(entry.arn) == f"{RECIPES}web/2019.12.03"
        assert [key for key, _ in store.version_rows(None)] == [f"{RECIPES}web/2019.12.03"]

    def test_a_change_is_seen(self) -> None:
        store = self.store("1.0.0")
        seen = [store.changes]
        store.add(Row(f"{RECIPES}web/2.0.0", "Web"))
        seen.append(store.changes)
        store.remove(f"{RECIPES}web/2.0.0")
        seen.append(store.changes)
        store.add(Row(f"{RECIPES}web/2.0.0", "Web"))
        seen.append(store.changes)
        assert len(set(seen)) == 4
        assert store.changes == seen[-1]

    def test_what_was_removed_is_gone_from_every_list(self) -> None:
        store = self.store("1.0.0", "2.0.0")
        store.remove(f"{RECIPES}web/2.0.0")
        assert [key for key, _ in store.version_rows(None)] == [f"{RECIPES}web/1.0.0"]
        assert [str(entry.arn) for _, entry in store.name_rows(None)] == [f"{RECIPES}web/1.0.0"]
        assert [row.arn for _, row in store.build_rows(None)] == [f"{RECIPES}web/1.0.0"]
        store.remove(f"{RECIPES}web/1.0.0")
        assert not list(store.version_rows(None))
        assert not list(store.name_rows(None))
        assert store.versions_of(f"{RECIPES}web") == {}

    @pytest.mark.parametrize("act", [VersionedStore.get, VersionedStore.remove])
    def test_what_is_not_there_is_named(self, act: Callable[[VersionedStore[Row], str], Row]) -> None:
        with pytest.raises(ResourceNotFoundException) as raised:
            act(self.store("1.0.0"), "arn:gone")
        assert raised.value.message == "The following required resource 'ImageRecipe' cannot be found: 'arn:gone'."
