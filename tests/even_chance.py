"""The same random numbers for the same things, whenever they are made: for tests that compare two worlds to the letter.

Where moto draws random numbers for what a build leaves depends on when the neighbour is born; with one stream of numbers
for all, two worlds in which that happens at different times differ in every id that is drawn afterwards. Here the birth of
a backend, an effect on a neighbour, a look at the neighbours and the id of a request each have a stream of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder import responses
from mock_imagebuilder.imagebuilder.builds.outputs.outbox import Effect, Outbox

SEED = 4711


@contextmanager
def apart(seed: str) -> Iterator[None]:
    """Random numbers that are drawn here depend on the seed alone, and nothing outside depends on them."""
    state = mock_random.getstate()
    mock_random.seed(seed)
    try:
        yield
    finally:
        mock_random.setstate(state)


@contextmanager
def even_chance() -> Iterator[None]:
    """To be entered within the mock."""
    mock_random.seed(SEED)
    get, post, responses_id = AccountSpecificBackend.__getitem__, Outbox.post, responses.new_request_id
    posted = 0

    def get_item(self: Any, region: str) -> Any:
        key = "aws" if region == "global" else region
        if key in self.keys() or self.service_name == "imagebuilder":
            return get(self, region)
        # Builds go on before anybody looks anywhere: theirs are no numbers of the backend.
        imagebuilder_backends.let_time_pass()
        with apart(f"{self.service_name} of {self.account_id} in {key}"):
            return get(self, region)

    def post_apart(self: Outbox, service: str, account_id: str, region: str, effect: Effect) -> None:
        nonlocal posted
        posted += 1
        seed = f"effect {posted}"

        def effect_apart(backend: Any) -> None:
            with apart(seed):
                effect(backend)

        post(self, service, account_id, region, effect_apart)

    def request_id() -> str:
        with apart("a request"):
            return responses_id()

    with pytest.MonkeyPatch.context() as patched:
        # It is drawn before time passes in a request, and something else may let it pass before.
        patched.setattr(responses, "new_request_id", request_id)
        patched.setattr(AccountSpecificBackend, "__getitem__", get_item)
        patched.setattr(Outbox, "post", post_apart)
        yield
