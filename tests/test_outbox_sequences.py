"""Random short stories of builds: reads of the neighbours at random places, and the outbox, change nothing that is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .images import client_of, create_image, get_image, import_image
from .outbox_stories import DISTRIBUTION, Telling, encrypted_recipe, parts
from .resources.lifecycles import WITH_AMIS, create_role, update_state
from .test_outbox import differences, told


def images() -> list[str]:
    """The ARNs of all images, newest first."""
    return [image["arn"] for image in client_of("imagebuilder").list_image_build_versions()["imageSummaryList"]]


def newest() -> str:
    """The newest image. Without any, one that does not exist."""
    return next(iter(images()), f"{DISTRIBUTION.replace('distribution-configuration', 'image')}/1.0.0/1")


def take_away(_: Telling) -> None:
    """Somebody deregisters the newest image's first AMI."""
    amis = get_image(client_of("imagebuilder"), newest())["outputResources"].get("amis", [])
    for ami in amis[:1]:
        client_of("ec2", ami["accountId"], ami["region"]).deregister_image(ImageId=ami["image"])


def act(name: str, **members: Any) -> Callable[[Telling], object]:
    """A request about the newest image."""
    return lambda _: getattr(client_of("imagebuilder"), name)(imageBuildVersionArn=newest(), **members)


OPERATIONS: dict[str, Callable[[Telling], object]] = {
    "build": lambda _: create_image(client_of("imagebuilder")),
    "build everywhere": lambda _: create_image(client_of("imagebuilder"), distributionConfigurationArn=DISTRIBUTION),
    "build encrypted": lambda _: create_image(
        client_of("imagebuilder"),
        imageRecipeArn=DISTRIBUTION.replace("distribution-configuration/everywhere", "image-recipe/encrypted/1.0.0"),
    ),
    "import": lambda _: import_image(client_of("imagebuilder")),
    "fail": lambda telling: telling.control.fail_next_build("DISTRIBUTING"),
    "take time": lambda telling: telling.control.progress("time", seconds=60),
    "take no time": lambda telling: telling.control.progress("immediate"),
    "wait": lambda telling: telling.wait(100),
    "cancel": act("cancel_image_creation"),
    "retry": act("retry_image"),
    "delete": act("delete_image"),
    "deprecate": lambda _: update_state(client_of("imagebuilder"), newest(), "DEPRECATED", **WITH_AMIS),
    "disable": lambda _: update_state(client_of("imagebuilder"), newest(), "DISABLED", **WITH_AMIS),
    "take away": take_away,
}


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.booleans()), min_size=2, max_size=8))
def test_reads_change_nothing(steps: Sequence[tuple[str, bool]]) -> None:
    def story(telling: Telling) -> None:
        encrypted_recipe(parts())
        create_role()
        for name, is_looked_at in steps:
            # What is refused is refused in all tellings.
            with suppress(ClientError):
                OPERATIONS[name](telling)
            if is_looked_at:
                telling.look()

    at_once = told(story, defers=False)
    assert differences(told(story, defers=True, looks=True), at_once) == []
    assert differences(told(story, defers=True, backwards=True), at_once) == []
