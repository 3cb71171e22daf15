"""Fixtures for tests of builds: most of them look at EC2, in several Regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mock_imagebuilder import Control, imagebuilder_backends

from ..build_parts import PARTS, create_infrastructure, create_pipeline, create_recipe

Ask = Callable[..., Any]


@pytest.fixture(params=["when somebody looks", "at once"])
def outbox(request: pytest.FixtureRequest, mocked: Control) -> Iterator[None]:
    """What builds leave elsewhere is left there when somebody looks, or at once: nobody can tell."""
    imagebuilder_backends.outbox.deferring = request.param != "at once"
    yield
    imagebuilder_backends.outbox.deferring = True


@pytest.fixture
def build_parts(client: Any, instance_profile: str) -> None:
    """The recipe and the infrastructure configuration that are the parts of a build by default."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture(params=["CreateImage", "CreateImagePipeline", "UpdateImagePipeline"])
def ask(request: pytest.FixtureRequest, client: Any, build_parts: None) -> Iterator[Ask]:
    """Asks for a build of the recipe with more or other settings; None takes one out. A refusal changes nothing."""
    more: dict[str, Any] = {"CreateImage": {}, "CreateImagePipeline": {"name": "other"}}.get(request.param, {})
    pipeline_arn = create_pipeline(client)
    if request.param == "UpdateImagePipeline":
        more = {"imagePipelineArn": pipeline_arn}
    operations: dict[str, Ask] = {
        "CreateImage": client.create_image,
        "CreateImagePipeline": client.create_image_pipeline,
        "UpdateImagePipeline": client.update_image_pipeline,
    }

    def state() -> tuple[Any, Any]:
        return client.list_image_pipelines()["imagePipelineList"], client.list_images()["imageVersionList"]

    before, was_accepted = state(), False

    def perform(**settings: Any) -> None:
        nonlocal was_accepted
        members = {**PARTS, **more, **settings}
        operations[request.param](**{member: value for member, value in members.items() if value is not None})
        was_accepted = True

    yield perform
    assert was_accepted or state() == before
