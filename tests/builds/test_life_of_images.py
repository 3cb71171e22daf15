"""Images in any order of creating, importing, advancing, cancelling, deleting and looking, against a small model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mock_imagebuilder import mock_imagebuilder

from ..build_parts import ACCOUNT_BASE, create_distribution, create_infrastructure, create_recipe
from ..images import ALL_STATUSES, client_of, create_image, import_image, own_amis

DISTRIBUTION = f"{ACCOUNT_BASE}:distribution-configuration/web-server"
NAMES = ("web server", "web")
VERSIONS = ("1.2.0", "1.10.0")
ENDS = ("AVAILABLE", "FAILED", "CANCELLED")

names, versions = st.sampled_from(NAMES), st.sampled_from(VERSIONS)


@dataclass
class Life:
    """What an image has to be like."""

    slug: str
    version: str
    build: int
    statuses: list[str]
    failure: tuple[int, str] | None
    task_id: str | None = None
    status: str = "PENDING"
    observations: int = 0
    amis: int = 0

    @property
    def arn(self) -> str:
        return f"{self.version_arn}/{self.build}"

    @property
    def version_arn(self) -> str:
        return f"{ACCOUNT_BASE}:image/{self.slug}/{self.version}"

    @property
    def fails_in(self) -> str | None:
        return None if self.failure is None else self.failure[1]

    @property
    def is_running(self) -> bool:
        return self.status not in ENDS


@dataclass
class World:
    """What the account has to hold: images in the order of their creation, and what waits for them."""

    times: int
    images: list[Life] = field(default_factory=list)
    builds: dict[tuple[str, str], int] = field(default_factory=dict)
    #: What waits for a build, the oldest first: when it was laid down, and the stage.
    failures: list[tuple[int, str]] = field(default_factory=list)
    laid_down: int = 0
    active_tasks: set[str] = field(default_factory=set)
    #: Tasks that have been completed by hand: EC2 has their AMIs from then on, whatever becomes of the images.
    completed_tasks: set[str] = field(default_factory=set)
    amis_of_deleted: int = 0

    def add(self, name: str, version: str, statuses: list[str], task_id: str | None = None) -> Life:
        slug = name.replace(" ", "-")
        number = self.builds[slug, version] = self.builds.get((slug, version), 0) + 1
        failure = next((failure for failure in self.failures if failure[1] in statuses), None)
        if failure is not None:
            self.failures.remove(failure)
        life = Life(slug, version, number, statuses, failure, task_id)
        self.images.append(life)
        return life

    def advance(self, life: Life) -> bool:
        """Whether the image left its status."""
        if not life.is_running:
            return False
        if life.status == life.fails_in:
            life.status = "FAILED"
            return True
        if life.task_id in self.active_tasks:
            return False
        if life.status == "BUILDING" or life.task_id is not None:
            life.amis = 1
        life.status = life.statuses[life.statuses.index(life.status) + 1]
        life.observations = 0
        return True

    def observe(self, life: Life) -> str:
        if life.is_running:
            life.observations += 1
            if life.observations >= self.times:
                self.advance(life)
        return life.status

    def amis_in_ec2(self, life: Life) -> int:
        """The AMIs that EC2 has because of the image."""
        return 0 if life.task_id in self.completed_tasks else life.amis

    def meant_by(self, slug: str, version: str) -> Life | None:
        prefix = [node for node in version.split(".") if node != "x"]
        matching = [
            life
            for life in self.images
            if life.slug == slug and life.version.split(".")[: len(prefix)] == prefix and life.status == "AVAILABLE"
        ]
        return max(matching, key=lambda life: ([*map(int, life.version.split("."))], life.build), default=None)


class LivesOfImages(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_imagebuilder()
        self.control = self.mock.__enter__()
        self.client = client_of("imagebuilder")
        self.tasks = 0

    def teardown(self) -> None:
        self.mock.stop()

    @initialize(times=st.integers(1, 3))
    def arrange(self, times: int) -> None:
        client_of("iam").create_instance_profile(InstanceProfileName="profile")
        create_infrastructure(self.client, "profile")
        create_distribution(self.client)
        for name in NAMES:
            for version in VERSIONS:
                create_recipe(self.client, name, version)
        self.control.progress("manual", times=times)
        self.world = World(times)

    def choose(self, data: st.DataObject) -> Life:
        return data.draw(st.sampled_from(self.world.images), label="image")

    # ---- what begins ----

    @rule(name=names, version=versions, tested=st.booleans(), distributed=st.booleans())
    def build(self, name: str, version: str, tested: bool, distributed: bool) -> None:
        statuses = [
            status
            for status in ALL_STATUSES
            if (tested or status != "TESTING") and (distributed or status not in ("DISTRIBUTING", "INTEGRATING"))
        ]
        life = self.world.add(name, version, statuses)
        members = {"distributionConfigurationArn": DISTRIBUTION} if distributed else {}
        arn = create_image(
            self.client,
            imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/{life.slug}/{version}",
            imageTestsConfiguration={"imageTestsEnabled": tested},
            **members,
        )
        assert arn == life.arn

    @rule(name=names, version=versions, is_active=st.booleans())
    def import_(self, name: str, version: str, is_active: bool) -> None:
        self.tasks += 1
        task_id = f"import-ami-{self.tasks:08}"
        if is_active:
            self.control.import_task(task_id, state="active")
            self.world.active_tasks.add(task_id)
        life = self.world.add(name, version, ["PENDING", "AVAILABLE"], task_id)
        assert import_image(self.client, name, version, vmImportTaskId=task_id) == life.arn

    @rule(stage=st.sampled_from(ALL_STATUSES[:-1]))
    def decide_to_fail(self, stage: str) -> None:
        self.control.fail_next_build(stage)
        self.world.laid_down += 1
        self.world.failures.append((self.world.laid_down, stage))

    # ---- what goes on ----

    @precondition(lambda self: self.world.active_tasks)
    @rule(data=st.data())
    def complete_task(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.world.active_tasks)), label="task")
        self.control.import_task(task_id, state="completed")
        self.world.active_tasks.remove(task_id)
        self.world.completed_tasks.add(task_id)

    @precondition(lambda self: self.world.images)
    @rule(data=st.data())
    def advance(self, data: st.DataObject) -> None:
        life = self.choose(data)
        self.world.advance(life)
        assert self.control.advance(life.arn) == life.status

    @precondition(lambda self: self.world.images)
    @rule(data=st.data(), to=st.sampled_from(ALL_STATUSES))
    def advance_to(self, data: st.DataObject, to: str) -> None:
        life = self.choose(data)
        rest = life.statuses[life.statuses.index(life.status) :] if life.is_running else [life.status]
        while to in rest and life.status != to and self.world.advance(life):
            pass
        if life.status == to:
            assert self.control.advance(life.arn, to=to) == to
        else:
            with pytest.raises(ValueError, match=f"the image is {life.status} and does not come to {to}"):
                self.control.advance(life.arn, to=to)

    @rule()
    def let_everything_run(self) -> None:
        self.control.progress("immediate")
        self.client.list_images()
        self.control.progress("manual", times=self.world.times)
        for life in self.world.images:
            while self.world.advance(life):
                pass

    # ---- what ends ----

    @precondition(lambda self: self.world.images)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        life = self.choose(data)
        if life.is_running:
            self.client.cancel_image_creation(imageBuildVersionArn=life.arn)
            life.status = "CANCELLED"
            if life.failure is not None:
                # It has not come that far: another build fails instead.
                self.world.failures = sorted([*self.world.failures, life.failure])
        else:
            self.refused(
                "InvalidParameterValueException", self.client.cancel_image_creation, imageBuildVersionArn=life.arn
            )

    @precondition(lambda self: self.world.images)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        life = self.choose(data)
        if life.is_running:
            self.refused("ResourceDependencyException", self.client.delete_image, imageBuildVersionArn=life.arn)
        else:
            self.client.delete_image(imageBuildVersionArn=life.arn)
            self.world.images.remove(life)
            self.world.amis_of_deleted += self.world.amis_in_ec2(life)
            self.refused("ResourceNotFoundException", self.client.get_image, imageBuildVersionArn=life.arn)

    def refused(self, code: str, operation: Any, **request: Any) -> None:
        with pytest.raises(ClientError) as raised:
            operation(**request)
        assert raised.value.response["Error"]["Code"] == code

    # ---- what is seen ----

    @precondition(lambda self: self.world.images)
    @rule(data=st.data())
    def get(self, data: st.DataObject) -> None:
        life = self.choose(data)
        status = self.world.observe(life)
        image = self.client.get_image(imageBuildVersionArn=life.arn)["image"]
        assert (image["arn"], image["version"]) == (life.arn, f"{life.version}/{life.build}")
        assert image["state"]["status"] == status
        assert ("failureContext" in image["state"]) == (status == "FAILED")
        assert len(image["outputResources"]["amis"]) == life.amis

    @rule(name=names, version=st.sampled_from([*VERSIONS, "1.2.x", "1.x.x", "2.x.x"]))
    def get_version(self, name: str, version: str) -> None:
        slug = name.replace(" ", "-")
        life = self.world.meant_by(slug, version)
        arn = f"{ACCOUNT_BASE}:image/{slug}/{version}"
        if life is None:
            self.refused("ResourceNotFoundException", self.client.get_image, imageBuildVersionArn=arn)
        else:
            assert self.client.get_image(imageBuildVersionArn=arn)["image"]["arn"] == life.arn

    @rule(size=st.integers(1, 5), name=st.none() | names)
    def list_versions(self, size: int, name: str | None) -> None:
        filters = {} if name is None else {"filters": [{"name": "name", "values": [name]}]}
        pages = self.client.get_paginator("list_images").paginate(**filters, PaginationConfig={"PageSize": size})
        arns = [entry["arn"] for page in pages for entry in page["imageVersionList"]]
        expected = {
            life.version_arn for life in self.world.images if name is None or life.slug == name.replace(" ", "-")
        }
        assert arns == sorted(expected)

    @rule(size=st.integers(1, 5), data=st.data())
    def list_builds(self, size: int, data: st.DataObject) -> None:
        version_arns = sorted({life.version_arn for life in self.world.images})
        version_arn = data.draw(st.none() | st.sampled_from(version_arns) if version_arns else st.none(), label="of")
        listed = [life for life in reversed(self.world.images) if version_arn in (life.version_arn, None)]
        request = {} if version_arn is None else {"imageVersionArn": version_arn}
        pages = self.client.get_paginator("list_image_build_versions").paginate(
            **request, PaginationConfig={"PageSize": size}
        )
        seen = [(entry["arn"], entry["state"]["status"]) for page in pages for entry in page["imageSummaryList"]]
        assert seen == [(life.arn, self.world.observe(life)) for life in listed]

    @rule()
    def look_at_ec2(self) -> None:
        of_images = self.world.amis_of_deleted + sum(map(self.world.amis_in_ec2, self.world.images))
        assert len(own_amis()) == of_images + len(self.world.completed_tasks)

    # What follows is no observation: it may be looked at all the time.

    @invariant()
    def versions_are_listed_while_they_have_images(self) -> None:
        if hasattr(self, "world"):
            expected = sorted({life.version_arn for life in self.world.images})
            assert [entry["arn"] for entry in self.client.list_images()["imageVersionList"]] == expected

    @invariant()
    def wildcards_mean_the_newest_available_image(self) -> None:
        if hasattr(self, "world"):
            for name in NAMES:
                self.get_version(name, "x.x.x")


TestLivesOfImages = LivesOfImages.TestCase
LivesOfImages.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
