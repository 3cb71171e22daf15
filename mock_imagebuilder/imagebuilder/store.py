"""Collections of resources: found by ARN in constant time, listed in order, one page at the cost of one page.

An :class:`Index` keeps rows sorted by key. :class:`Store` is the collection of a family without versions (configurations,
pipelines), :class:`VersionedStore` that of a family whose resources have semantic versions and, mostly, builds. Lists of
resources and versions are in ascending ARN order, lists of builds newest first.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from .arns import Arn, slug
from .exceptions import ResourceNotFoundException
from .versions import Version, VersionPattern


class HasArn(Protocol):
    """What a store holds: something with an ARN and the name that it was created with."""

    @property
    def arn(self) -> str: ...
    @property
    def name(self) -> str: ...


R = TypeVar("R", bound=HasArn)
K = TypeVar("K", str, int)
V = TypeVar("V")
_LAST = "\U0010ffff"


class Index(Generic[K, V]):
    """A mapping that iterates in the order of its keys, from any key on, in either direction."""

    def __init__(self) -> None:
        self._keys: list[K] = []
        self._values: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def __getitem__(self, key: K) -> V:
        return self._values[key]

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def add(self, key: K, value: V) -> None:
        """Insert a value, or replace the one that has this key."""
        if key not in self._values:
            insort(self._keys, key)
        self._values[key] = value

    def remove(self, key: K) -> V:
        """Take a value out. KeyError if there is none."""
        value = self._values.pop(key)
        del self._keys[bisect_left(self._keys, key)]
        return value

    def after(self, key: K | None) -> Iterator[tuple[K, V]]:
        """The rows with a greater key than ``key`` (all for None), ascending."""
        position = 0 if key is None else bisect_right(self._keys, key)
        return self._walk(range(position, len(self._keys)))

    def before(self, key: K | None) -> Iterator[tuple[K, V]]:
        """The rows with a smaller key than ``key`` (all for None), descending."""
        position = len(self._keys) if key is None else bisect_left(self._keys, key)
        return self._walk(range(position - 1, -1, -1))

    def between(self, low: K, high: K, after: K | None = None) -> Iterator[tuple[K, V]]:
        """The rows with ``low <= key < high`` that come after ``after``, ascending."""
        start = bisect_left(self._keys, low)
        if after is not None:
            start = max(start, bisect_right(self._keys, after))
        return self._walk(range(start, bisect_left(self._keys, high)))

    def _walk(self, positions: Iterable[int]) -> Iterator[tuple[K, V]]:
        for position in positions:
            key = self._keys[position]
            yield key, self._values[key]


def places_after(rows: Sequence[V], place: int | None) -> Iterator[tuple[int, V]]:
    """Rows that only ever get more, with their places as keys: those behind a place (all for None)."""
    return ((number, rows[number]) for number in range(0 if place is None else place + 1, len(rows)))


@dataclass(frozen=True)
class NameFilter:
    """One value of a ``name`` filter: the exact name, ``web*`` for a prefix, ``*web*`` for any part.

    A ``*`` elsewhere is an ordinary character, which no name has (Filter.name in the API model).
    """

    text: str

    @property
    def _is_part(self) -> bool:
        return len(self.text) > 1 and self.text.startswith("*") and self.text.endswith("*")

    @property
    def _is_prefix(self) -> bool:
        return self.text.endswith("*") and not self._is_part

    def accepts(self, name: str) -> bool:
        if self._is_part:
            return self.text[1:-1] in name
        if self._is_prefix:
            return name.startswith(self.text[:-1])
        return name == self.text

    def key_ranges(self, base: str) -> list[tuple[str, str]]:
        """Half-open ranges of ARNs below ``base`` among which all accepted names are."""
        if self._is_part:
            return [(base, base + _LAST)]
        if self._is_prefix:
            start = base + slug(self.text[:-1])
            return [(start, start + _LAST)]
        arn = base + slug(self.text)
        return [(arn, arn + "\0"), (arn + "/", arn + "/" + _LAST)]


def _named(
    index: Index[str, V],
    bases: Iterable[str],
    values: Iterable[str] | None,
    after: str | None,
    name_of: Callable[[V], str],
) -> Iterator[tuple[str, V]]:
    """The rows of an index of ARNs whose name a filter accepts: only the key ranges are visited that can hold one."""
    if values is None:
        return index.after(after)
    filters = [NameFilter(value) for value in values]
    ranges = [
        index.between(low, high, after) for base in bases for each in filters for low, high in each.key_ranges(base)
    ]
    merged = heapq.merge(*ranges, key=lambda row: row[0])
    once = (next(rows) for _, rows in groupby(merged, key=lambda row: row[0]))
    return (row for row in once if any(name_filter.accepts(name_of(row[1])) for name_filter in filters))


class Store(Generic[R]):
    """The resources of a family whose names are unique per account and Region."""

    def __init__(self, base: Arn) -> None:
        """``base``: an ARN of the family with an empty slug."""
        self.kind = base.kind
        self.base = str(base)
        self._rows: Index[str, R] = Index()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return (resource for _, resource in self._rows.after(None))

    def find(self, arn: str) -> R | None:
        return self._rows.get(arn)

    def get(self, arn: str) -> R:
        """:raises ResourceNotFoundException: nothing here has this ARN."""
        resource = self._rows.get(arn)
        if resource is None:
            raise ResourceNotFoundException(self.kind, arn)
        return resource

    def add(self, resource: R) -> None:
        self._rows.add(resource.arn, resource)

    def remove(self, arn: str) -> R:
        """:raises ResourceNotFoundException: nothing here has this ARN."""
        self.get(arn)
        return self._rows.remove(arn)

    def rows(self, after: str | None, names: Iterable[str] | None = None) -> Iterator[tuple[str, R]]:
        """Resources in ARN order after an ARN; with ``names`` only those that a ``name`` filter of these values accepts."""
        return _named(self._rows, [self.base], names, after, lambda resource: resource.name)


@dataclass
class VersionEntry(Generic[R]):
    """One semantic version of a resource, with its builds, oldest first."""

    arn: Arn
    name: str
    first: R
    builds: list[R] = field(default_factory=list)

    @property
    def newest(self) -> R:
        return self.builds[-1]


class _Family(Generic[R]):
    """All versions of one name, and the numbers of their builds."""

    def __init__(self) -> None:
        self.versions: dict[Version, VersionEntry[R]] = {}
        self._order: list[Version] = []
        #: By the exact nodes of a pattern with wildcards: the numbers of the builds that it means, ascending.
        self._builds: dict[tuple[int, ...], list[int]] = {}

    @property
    def highest(self) -> VersionEntry[R]:
        return self.versions[self._order[-1]]

    @property
    def name(self) -> str:
        return self.highest.name

    def add(self, version: Version, entry: VersionEntry[R]) -> None:
        insort(self._order, version)
        self.versions[version] = entry

    def remove(self, version: Version) -> None:
        del self.versions[version]
        del self._order[bisect_left(self._order, version)]

    def matching(self, pattern: VersionPattern) -> Iterator[Version]:
        """The versions that a pattern means, the highest first. They are next to each other."""
        prefix = pattern.prefix
        last = bisect_right(self._order, prefix, key=lambda version: version[: len(prefix)])
        first = bisect_left(self._order, prefix, key=lambda version: version[: len(prefix)])
        return (self._order[position] for position in range(last - 1, first - 1, -1))

    def add_build(self, version: Version, number: int) -> None:
        for nodes in range(len(version)):
            self._builds.setdefault(version[:nodes], []).append(number)

    def remove_build(self, version: Version, number: int) -> None:
        for nodes in range(len(version)):
            numbers = self._builds[version[:nodes]]
            del numbers[bisect_left(numbers, number)]
            if not numbers:
                del self._builds[version[:nodes]]

    def builds_before(self, pattern: VersionPattern, number: int | None) -> Iterator[int]:
        """The numbers of the builds that a pattern with wildcards means, descending."""
        numbers = self._builds.get(pattern.prefix, [])
        position = len(numbers) if number is None else bisect_left(numbers, number)
        return (numbers[each] for each in range(position - 1, -1, -1))


class VersionedStore(Generic[R]):
    """The resources of a family with semantic versions. Recipes have one build per version, without a number."""

    def __init__(self, *bases: Arn) -> None:
        """``bases``: ARNs of the family with an empty slug, one for each type that it has (workflows have three)."""
        self.kind = bases[0].kind
        self._bases = [str(base) for base in bases]
        self._by_arn: dict[str, R] = {}
        self._versions: Index[str, VersionEntry[R]] = Index()
        #: By the ARN up to the slug and the "/" behind it: that is their order among versions.
        self._families: Index[str, _Family[R]] = Index()
        self._newest: Index[int, R] = Index()
        self._sequence: dict[str, int] = {}
        self._added = 0
        self._last_build: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_arn)

    def __iter__(self) -> Iterator[R]:
        return iter(self._by_arn.values())

    @property
    def added(self) -> int:
        """How many resources have been added, those that are gone included: the number of the newest build row."""
        return self._added

    @property
    def changes(self) -> int:
        """A number that is another one whenever something has come or gone since."""
        # What was added, and what of it was removed.
        return 2 * self._added - len(self._by_arn)

    def find(self, arn: str) -> R | None:
        return self._by_arn.get(arn)

    def get(self, arn: str) -> R:
        """:raises ResourceNotFoundException: nothing here has exactly this ARN."""
        resource = self._by_arn.get(arn)
        if resource is None:
            raise ResourceNotFoundException(self.kind, arn)
        return resource

    def versions_of(self, family: str) -> dict[Version, VersionEntry[R]]:
        """The versions of the resource whose ARN up to the slug is ``family``."""
        found = self._families.get(f"{family}/")
        return {} if found is None else found.versions

    def entry_of(self, version_arn: Arn) -> VersionEntry[R] | None:
        """The version that an ARN with an exact version means; numbers count, not their spelling."""
        return self.versions_of(version_arn.family).get(Version.parse(str(version_arn.version)))

    def resolve(self, arn: Arn, accepts: Callable[[R], bool] | None = None) -> R | None:
        """The resource that a reference means: the build itself, or the newest build of the highest matching version.

        :param accepts: passes over builds, and versions without one, that the reference must not resolve to.
        :raises ValueError: the wildcards are not all at the end.
        """
        if arn.build is not None:
            found = self._by_arn.get(str(arn))
            return found if found is None or accepts is None or accepts(found) else None
        pattern = VersionPattern(str(arn.version))
        family = self._families.get(f"{arn.family}/")
        if family is None:
            return None
        for version in family.matching(pattern):
            for build in reversed(family.versions[version].builds):
                if accepts is None or accepts(build):
                    return build
        return None

    def next_build(self, version_arn: Arn) -> int:
        """The number that the next build of a version gets. Numbers of deleted builds are not given again."""
        return self._last_build.get(_version_key(version_arn), 0) + 1

    def add(self, resource: R) -> None:
        arn = Arn.parse(resource.arn)
        version_arn = arn.with_version(arn.version)
        family = self._families.get(f"{arn.family}/")
        if family is None:
            family = _Family()
            self._families.add(f"{arn.family}/", family)
        version = Version.parse(str(arn.version))
        entry = family.versions.get(version)
        if entry is None:
            entry = VersionEntry(version_arn, resource.name, resource)
            family.add(version, entry)
            self._versions.add(str(version_arn), entry)
        entry.builds.append(resource)
        self._by_arn[resource.arn] = resource
        sequence = self._sequence[resource.arn] = self._added = self._added + 1
        self._newest.add(sequence, resource)
        family.add_build(version, sequence)
        if arn.build is not None:
            self._last_build[_version_key(version_arn)] = arn.build

    def remove(self, arn_text: str) -> R:
        """:raises ResourceNotFoundException: nothing here has exactly this ARN."""
        resource = self.get(arn_text)
        arn = Arn.parse(arn_text)
        family = self._families[f"{arn.family}/"]
        version = Version.parse(str(arn.version))
        entry = family.versions[version]
        sequence = self._sequence[arn_text]
        del entry.builds[self._position(entry, sequence)]
        del self._sequence[arn_text]
        family.remove_build(version, sequence)
        if not entry.builds:
            family.remove(version)
            self._versions.remove(str(entry.arn))
        if not family.versions:
            self._families.remove(f"{arn.family}/")
        del self._by_arn[arn_text]
        self._newest.remove(sequence)
        return resource

    def version_rows(
        self, after: str | None, names: Iterable[str] | None = None
    ) -> Iterator[tuple[str, VersionEntry[R]]]:
        """Versions in ARN order after an ARN; with ``names`` only those that a ``name`` filter of these values accepts."""
        return _named(self._versions, self._bases, names, after, lambda entry: entry.name)

    def name_rows(self, after: str | None, names: Iterable[str] | None = None) -> Iterator[tuple[str, VersionEntry[R]]]:
        """The highest version of each name, in ARN order. Keys are ARNs up to the slug.

        With ``names`` it has to be accepted itself: versions of one slug can spell their name differently.
        """
        rows = _named(
            self._families, self._bases, names, None if after is None else f"{after}/", lambda family: family.name
        )
        return ((key[:-1], family.highest) for key, family in rows)

    def build_rows(self, before: int | None, version_arn: Arn | None = None) -> Iterator[tuple[int, R]]:
        """Builds newest first: of all versions, or of those that a version ARN with or without wildcards means.

        :raises ValueError: the wildcards are not all at the end.
        """
        if version_arn is None:
            return self._newest.before(before)
        pattern = VersionPattern(str(version_arn.version))
        family = self._families.get(f"{version_arn.family}/")
        if family is None:
            return iter(())
        if not pattern.is_exact:
            return ((number, self._newest[number]) for number in family.builds_before(pattern, before))
        entry = family.versions.get(Version(*pattern.prefix))
        if entry is None:
            return iter(())
        builds = entry.builds
        end = len(builds) if before is None else self._position(entry, before)
        return ((self._sequence[builds[each].arn], builds[each]) for each in range(end - 1, -1, -1))

    def _position(self, entry: VersionEntry[R], number: int) -> int:
        """Where the first build of a version is whose number is not smaller."""
        return bisect_left(entry.builds, number, key=lambda build: self._sequence[build.arn])


def _version_key(version_arn: Arn) -> str:
    return f"{version_arn.family}/{Version.parse(str(version_arn.version))}"
