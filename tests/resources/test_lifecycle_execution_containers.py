"""What lifecycle actions do to container images in ECR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control, imagebuilder_backends

from ..conftest import ACCOUNT, REGION
from ..images import get_image, state_of
from ..refusals import not_found
from .container_recipes import ACCESS
from .lifecycle_images import DELETION, NOW, SUCCESS, run
from .lifecycles import TAGS, actions, create_policy, create_role, resources, rule

REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web"


@pytest.fixture(autouse=True)
def _today(mocked: Control) -> Iterator[None]:
    create_role()
    with freeze_time(NOW):
        yield


@pytest.fixture
def ecr(mocked: Control) -> Any:
    return boto3.client("ecr", region_name=REGION)


def container_image(control: Control, *uris: str) -> str:
    """The ARN of a month-old image with containers in ECR."""
    with freeze_time(NOW - timedelta(days=30)):
        arn = control.make_image(tags=TAGS)
    image = imagebuilder_backends[ACCOUNT][REGION].images.get(arn)
    containers = [{"region": REGION, "imageUris": list(uris)}]
    image.update(type="DOCKER", outputResources={"containers": containers})
    return arn


def push(ecr: Any, *tags: str) -> str:
    """The digest of a new image in the repository ``web``."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": tags[0], "size": 1},
        "layers": [],
    }
    pushed = [ecr.put_image(repositoryName="web", imageManifest=json.dumps(manifest), imageTag=tag) for tag in tags]
    return str(pushed[-1]["image"]["imageId"]["imageDigest"])


def delete_containers(control: Control, client: Any, include: bool = True) -> str:
    detail = rule("DELETE", {"type": "AGE", "value": 1, "unit": "DAYS"}, include=["containers"] if include else None)
    return control.run_lifecycle(create_policy(client, detail, resourceType="CONTAINER_IMAGE"))


def test_containers_are_deleted(client: Any, mocked: Control, ecr: Any) -> None:
    ecr.create_repository(repositoryName="web", tags=ACCESS)
    push(ecr, "1.0.0-1", "other")
    uris = [f"{REPOSITORY}:1.0.0-1", f"{REPOSITORY}:never-pushed"]
    image = container_image(mocked, *uris)
    execution = delete_containers(mocked, client)
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    assert resources(client, execution, image) == [
        {
            "accountId": ACCOUNT,
            "resourceId": uris[0],
            "region": REGION,
            "imageUris": uris,
            "action": {"name": "DELETE", "reason": "The image is older than 1 DAYS."},
            "state": SUCCESS,
            "startTime": NOW,
            "endTime": NOW,
        }
    ]
    assert [entry["imageTag"] for entry in ecr.list_images(repositoryName="web")["imageIds"]] == ["other"]
    with not_found("Image", image):
        get_image(client, image)


def test_a_container_is_named_by_tag_or_digest(client: Any, mocked: Control, ecr: Any) -> None:
    ecr.create_repository(repositoryName="web", tags=ACCESS)
    digest = push(ecr, "1.0.0-1")
    push(ecr, "latest")
    container_image(mocked, f"{REPOSITORY}@{digest}", REPOSITORY)
    delete_containers(mocked, client)
    assert ecr.list_images(repositoryName="web")["imageIds"] == []


def test_containers_stay_unless_they_are_included(client: Any, mocked: Control, ecr: Any) -> None:
    ecr.create_repository(repositoryName="web", tags=ACCESS)
    push(ecr, "1.0.0-1")
    image = container_image(mocked, f"{REPOSITORY}:1.0.0-1")
    execution = delete_containers(mocked, client, include=False)
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    assert len(ecr.list_images(repositoryName="web")["imageIds"]) == 1


def test_a_repository_that_is_gone(client: Any, mocked: Control, ecr: Any) -> None:
    image = container_image(mocked, f"{REPOSITORY}:1.0.0-1")
    assert actions(client, delete_containers(mocked, client)) == {image: ("DELETE", "SUCCESS")}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (
            f"{REPOSITORY}:1.0.0-1",
            "The repository web does not have the tag LifecycleExecutionAccess: EC2 Image Builder.",
        ),
        ("public.ecr.aws/web:1", "public.ecr.aws/web:1 is not in a private repository of Amazon ECR."),
    ],
)
@pytest.mark.parametrize("tags", [[], [{"Key": "LifecycleExecutionAccess", "Value": "yes"}]])
def test_containers_that_can_not_be_deleted(
    client: Any, mocked: Control, ecr: Any, uri: str, reason: str, tags: list[dict[str, str]]
) -> None:
    ecr.create_repository(repositoryName="web", tags=tags)
    push(ecr, "1.0.0-1")
    image = container_image(mocked, uri)
    execution = delete_containers(mocked, client)
    assert actions(client, execution) == {image: ("DELETE", "FAILED")}
    assert resources(client, execution, image)[0]["state"] == {"status": "FAILED", "reason": reason}
    assert len(ecr.list_images(repositoryName="web")["imageIds"]) == 1
    assert state_of(client, image) == {"status": "AVAILABLE"}


def test_policies_for_amis_leave_containers_alone(client: Any, mocked: Control) -> None:
    container_image(mocked, f"{REPOSITORY}:1.0.0-1")
    assert actions(client, run(mocked, client, DELETION)) == {}
