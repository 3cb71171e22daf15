"""What the images of a failed test have become: a section of pytest's report.

Most mocks have ended, and forgotten everything, before pytest knows that the test has failed. So what the last mock of a
test forgets is kept until the test's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .imagebuilder.builds.build import AVAILABLE, FAILED
from .imagebuilder.models import imagebuilder_backends
from .timeline import image_timeline
from .timeline_text import describe

if TYPE_CHECKING:
    from .imagebuilder.resources.image import Image
    from .imagebuilder.store import VersionedStore

#: So many images are described, failed ones first.
SHOWN = 5


@dataclass
class _Test:
    """The test that runs."""

    #: How many images there had been in each collection before the test.
    before: dict[VersionedStore[Image], int]
    #: What the last mock has forgotten.
    forgotten: list[VersionedStore[Image]] = field(default_factory=list)

    def keep(self) -> None:
        """The images are about to be forgotten."""
        stores = [store for store in _living_stores() if any(True for _ in self._built_in(store))]
        if stores:
            self.forgotten = stores

    def images(self) -> list[Image]:
        """What was built in the test, newest first."""
        stores = dict.fromkeys([*_living_stores(), *self.forgotten])
        images = [image for store in stores for image in self._built_in(store)]
        return sorted(images, key=lambda image: image.created, reverse=True)

    def _built_in(self, store: VersionedStore[Image]) -> Iterator[Image]:
        """Newest first."""
        before = self.before.get(store, 0)
        for number, image in store.build_rows(None):
            if number <= before:
                return
            yield image


_running: list[_Test] = []


@contextmanager
def keeping_images() -> Iterator[None]:
    """For the length of a test. A test may run others."""
    test = _Test({store: store.added for store in _living_stores()})
    earlier = imagebuilder_backends.before_forgetting
    imagebuilder_backends.before_forgetting = test.keep
    _running.append(test)
    try:
        yield
    finally:
        _running.remove(test)
        imagebuilder_backends.before_forgetting = earlier


def describe_images() -> str:
    """The images that the running test has built, a failed one before the others; empty if there are none.

    Durations that have not ended are left out: the clock may have been the test's own. If there are several images, of the
    available ones only the outputs are told.
    """
    test = _running[-1] if _running else _Test({})
    with imagebuilder_backends.lock:
        images = sorted(test.images(), key=lambda image: image.status != FAILED)
        texts = [
            describe(image_timeline(image), None, is_brief=len(images) > 1 and image.status == AVAILABLE)
            for image in images[:SHOWN]
        ]
    more = len(images) - SHOWN
    if more > 0:
        texts.append(f"and {more} more image{'s' if more > 1 else ''}")
    return "\n\n".join(texts)


def _living_stores() -> list[VersionedStore[Image]]:
    return [backend.images for backend in imagebuilder_backends.living()]
