"""Requests of all families in any order, each answer and all lists compared with what a small model says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from .build_parts import ACCOUNT_BASE, EXECUTION_ROLE, PARENT_IMAGE
from .reference_account import DESCRIPTIONS, NEXT_VERSIONS, TAGS, TOO_LARGE, VERSIONS, Account
from .reference_families import (
    FAMILIES,
    LISTS,
    OTHERWISE,
    RECIPE_KINDS,
    SETTINGS,
    WITH_POLICIES,
)
from .reference_model import (
    RETRIED,
    ImageThing,
    PipelineThing,
    Refused,
    Request,
    Thing,
)
from .resources.components import component_document
from .resources.container_recipes import PARTS as CONTAINER_PARTS
from .resources.workflows import workflow_document

OTHER_ACCOUNT = "210987654321"
versions = st.sampled_from(VERSIONS)
any_versions = st.sampled_from((*VERSIONS, TOO_LARGE))
new_versions = st.sampled_from((*VERSIONS, TOO_LARGE, *NEXT_VERSIONS))


class AnyRequests(Account):
    @initialize(
        is_empty=st.sampled_from((False, False, False, True)), first=versions, tests=st.booleans(), wild=st.booleans()
    )
    def arrange(self, is_empty: bool, first: str, tests: bool, wild: bool) -> None:
        """Something of every family, in most examples, so that there is something to use and to need."""
        if is_empty:
            return
        for number, command in enumerate(("uptime", "date", "uptime")):
            version = {"name": "web", "semanticVersion": ("1.0.0", "1.0.0", "1.10.0")[number]}
            self.stock("component", self.world.new_build, platform="Linux", data=component_document(command), **version)
        self.stock("workflow", self.world.new_build, "workflow/test", type="TEST", data=workflow_document(), **version)
        parts = {"name": "web", "components": [{"componentArn": f"{ACCOUNT_BASE}:component/web/1.0.x"}]}
        for version_text in (first, "1.0.x"):
            parts["semanticVersion"] = version_text
            self.stock("image-recipe", self.world.new_recipe, parentImage=PARENT_IMAGE, **parts)
            self.stock("container-recipe", self.world.new_recipe, **CONTAINER_PARTS, **parts)
        for kind in ("infrastructure-configuration", "distribution-configuration", "lifecycle-policy"):
            plan = partial(self.world.new_named, shown=FAMILIES[kind].shown)
            self.stock(kind, plan, name="web", **SETTINGS[kind])
        uses: dict[str, Any] = {
            # The same version, in another spelling if it has one.
            "imageRecipeArn": f"{ACCOUNT_BASE}:image-recipe/web/{'x.x.x' if wild else first.removeprefix('0')}",
            "infrastructureConfigurationArn": f"{ACCOUNT_BASE}:infrastructure-configuration/web",
        }
        self.stock("image-pipeline", lambda _, request: self.world.new_pipeline(request), name="web", **uses)
        waits = {
            "workflows": [{"workflowArn": f"{ACCOUNT_BASE}:workflow/test/web/1.x.x"}],
            "executionRole": EXECUTION_ROLE,
        }
        self.stock("image-pipeline", lambda _, request: self.world.new_pipeline(request), name="web_2", **waits, **uses)
        uses["distributionConfigurationArn"] = f"{ACCOUNT_BASE}:distribution-configuration/web"
        uses["imageTestsConfiguration"] = {"imageTestsEnabled": tests}
        for _ in range(2):
            self.stock("image", lambda _, request: self.world.new_image(request, tests), **uses)

        self.stock_parent()

    def stock_parent(self) -> None:
        """An image that is imported, and a recipe that has it as parent."""
        image = {
            "name": "parent",
            "semanticVersion": "1.0.0",
            "platform": "Linux",
            "vmImportTaskId": "import-ami-parent00",
        }
        parent = self.world.imported_image(image)
        self.made(parent, self.send("import_vm_image", image), "imageArn")
        self.world.advance(parent)
        assert self.control.advance(parent.arn) == parent.status
        recipe = {"name": "child", "semanticVersion": "1.0.0", "parentImage": parent.arn}
        self.stock("image-recipe", self.world.new_recipe, **recipe)

    def stock(self, kind: str, plan: Callable[[str, Request], Thing], planned_as: str = "", /, **request: Any) -> None:
        self.create(None, kind, request, lambda: plan(planned_as or kind, request))

    # ---- creating ----

    @rule(data=st.data(), version=any_versions, command=st.sampled_from(("uptime", "date")))
    def create_component(self, data: st.DataObject, version: str, command: str) -> None:
        document = component_document(command)
        request = self.common(data, semanticVersion=version, platform="Linux", data=document)
        self.create(data, "component", request, lambda: self.world.new_build("component", request))

    @rule(data=st.data(), version=any_versions, type_=st.sampled_from(("BUILD", "TEST")))
    def create_workflow(self, data: st.DataObject, version: str, type_: str) -> None:
        request = self.common(data, semanticVersion=version, type=type_, data=workflow_document())
        kind = f"workflow/{type_.lower()}"
        self.create(data, "workflow", request, lambda: self.world.new_build(kind, request))

    @rule(data=st.data(), version=new_versions, has_component=st.booleans())
    def create_image_recipe(self, data: st.DataObject, version: str, has_component: bool) -> None:
        own_parents = self.world.of("image")
        parent = data.draw(st.sampled_from([PARENT_IMAGE, *(image.arn for image in own_parents)]), label="parent")
        request = self.common(data, semanticVersion=version, parentImage=parent)
        if has_component:
            request["components"] = [{"componentArn": self.reference(data, "component")}]
        self.create(data, "image-recipe", request, lambda: self.world.new_recipe("image-recipe", request))

    @rule(data=st.data(), version=new_versions, has_component=st.booleans())
    def create_container_recipe(self, data: st.DataObject, version: str, has_component: bool) -> None:
        request = self.common(data, semanticVersion=version, **CONTAINER_PARTS)
        if has_component:
            request["components"] = [{"componentArn": self.reference(data, "component")}]
        self.create(data, "container-recipe", request, lambda: self.world.new_recipe("container-recipe", request))

    @rule(data=st.data(), kind=st.sampled_from(("infrastructure-configuration", "distribution-configuration")))
    def create_configuration(self, data: st.DataObject, kind: str) -> None:
        request = self.common(data, **SETTINGS[kind])
        self.create(data, kind, request, lambda: self.world.new_named(kind, request, FAMILIES[kind].shown))

    @rule(data=st.data())
    def create_lifecycle_policy(self, data: st.DataObject) -> None:
        kind = "lifecycle-policy"
        request = self.common(data, **SETTINGS[kind])
        self.create(data, kind, request, lambda: self.world.new_named(kind, request, FAMILIES[kind].shown))

    @precondition(lambda self: self.world.of(*RECIPE_KINDS))
    @rule(data=st.data())
    def create_pipeline(self, data: st.DataObject) -> None:
        request = self.common(data, **self.pipeline_settings(data))
        self.create(data, "image-pipeline", request, lambda: self.world.new_pipeline(request))

    # ---- updating ----

    @rule(data=st.data(), kind=st.sampled_from(("infrastructure-configuration", "distribution-configuration")))
    def update_configuration(self, data: st.DataObject, kind: str) -> None:
        self.update(data, kind, SETTINGS[kind])

    @rule(data=st.data())
    def update_lifecycle_policy(self, data: st.DataObject) -> None:
        self.update(data, "lifecycle-policy", SETTINGS["lifecycle-policy"])

    def update(self, data: st.DataObject, kind: str, members: Mapping[str, Any]) -> None:
        """Everything but name and tags is replaced."""
        family, arn = FAMILIES[kind], self.some(data, kind)
        description = data.draw(st.sampled_from(DESCRIPTIONS), label="description")
        request = {family.arn_member: arn, **members, **({} if description is None else {"description": description})}
        done = self.ask(data, f"update_{family.word}", request, lambda: self.world.get(arn))
        if done is not None:
            done[0].shown = {member: request[member] for member in family.shown if member in request}

    @precondition(lambda self: self.world.of(*RECIPE_KINDS))
    @rule(data=st.data(), status=st.sampled_from(("ENABLED", "DISABLED")))
    def update_pipeline(self, data: st.DataObject, status: str) -> None:
        arn, settings = self.some(data, "image-pipeline"), self.pipeline_settings(data)

        def plan() -> tuple[PipelineThing, dict[str, Any]]:
            pipeline = self.world.get(arn)
            if not settings.keys() & pipeline.shown.keys() & {"imageRecipeArn", "containerRecipeArn"}:
                raise Refused("InvalidParameterValueException")
            return pipeline, self.world.pipeline_settings({**settings, "status": status})

        done = self.ask(data, "update_image_pipeline", {"imagePipelineArn": arn, "status": status, **settings}, plan)
        if done is not None:
            (pipeline, shown), _ = done
            pipeline.shown = shown

    # ---- images ----

    @precondition(lambda self: self.world.of(*RECIPE_KINDS))
    @rule(data=st.data(), tests=st.booleans(), fails=st.booleans())
    def create_image(self, data: st.DataObject, tests: bool, fails: bool) -> None:
        request = self.build_settings(data) | {"imageTestsConfiguration": {"imageTestsEnabled": tests}}
        self.begin(data, "create_image", request, lambda: self.world.new_image(request, tests), fails)

    @precondition(lambda self: self.world.of("image-pipeline"))
    @rule(data=st.data(), fails=st.booleans())
    def start_pipeline(self, data: st.DataObject, fails: bool) -> None:
        arn = self.some(data, "image-pipeline")

        def plan() -> ImageThing:
            pipeline: PipelineThing = self.world.get(arn)
            if pipeline.last_image is not None and pipeline.last_image.is_running:
                raise Refused("ResourceInUseException")
            return self.world.new_image(pipeline.shown, True, pipeline)

        self.begin(data, "start_image_pipeline_execution", {"imagePipelineArn": arn}, plan, fails)

    @rule(data=st.data(), version=any_versions)
    def import_image(self, data: st.DataObject, version: str) -> None:
        self.tokens += 1
        request = self.common(
            data, semanticVersion=version, platform="Linux", vmImportTaskId=f"import-ami-{self.tokens:08}"
        )
        self.begin(data, "import_vm_image", request, lambda: self.world.imported_image(request), False, "imageArn")

    def begin(
        self,
        data: st.DataObject,
        method: str,
        request: dict[str, Any],
        plan: Callable[[], ImageThing],
        fails: bool,
        arn_member: str = "imageBuildVersionArn",
    ) -> None:
        def plan_to_fail() -> ImageThing:
            image = plan()
            if fails and not image.has_workflows:
                image.fails_in = data.draw(st.sampled_from(image.statuses[:-1]), label="fails in")
                self.control.fail_next_build(image.fails_in)
            return image

        done = self.ask(data, method, request, plan_to_fail)
        if done is None:
            return
        image: ImageThing = done[0]
        self.made(image, done[1], arn_member)
        if image.pipeline is not None:
            image.pipeline.last_image = image

    @precondition(lambda self: self.world.of("image"))
    @rule(data=st.data(), count=st.integers(1, 7))
    def advance(self, data: st.DataObject, count: int) -> None:
        image = data.draw(st.sampled_from(self.world.of("image")), label="image")
        if not image.has_workflows:
            for _ in range(count):
                self.world.advance(image)
                assert self.control.advance(image.arn) == image.status

    @precondition(lambda self: self.world.of("image"))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        arn = self.some(data, "image")

        def plan() -> ImageThing:
            image: ImageThing = self.world.get(arn)
            if not image.is_running:
                raise Refused("InvalidParameterValueException")
            return image

        done = self.ask(data, "cancel_image_creation", {"imageBuildVersionArn": arn}, plan)
        if done is not None:
            done[0].stop("CANCELLED")

    @precondition(lambda self: self.world.of("image"))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        arn = self.some(data, "image")

        def plan() -> ImageThing:
            image: ImageThing = self.world.get(arn)
            if image.is_running:
                raise Refused("ResourceInUseException")
            if image.is_container or image.stopped_in not in RETRIED:
                raise Refused("InvalidRequestException")
            return image

        if data.draw(st.booleans(), label="stops late") and arn in self.world.things:
            self.stop_late(self.world.things[arn])
        done = self.ask(data, "retry_image", {"imageBuildVersionArn": arn}, plan)
        if done is not None:
            image: ImageThing = done[0]
            image.status, image.stopped_in, image.fails_in = str(image.stopped_in), None, None

    def stop_late(self, image: Any) -> None:
        """Cancel a running build where it can be retried, if it comes so far."""
        while image.is_running and image.status not in RETRIED and not image.has_workflows:
            self.world.advance(image)
            assert self.control.advance(image.arn) == image.status
        if image.is_running:
            self.send("cancel_image_creation", {"imageBuildVersionArn": image.arn})
            image.stop("CANCELLED")
        self.touched.add("image")

    # ---- what all families have ----

    @rule(data=st.data(), kind=st.sampled_from(list(FAMILIES)))
    def get(self, data: st.DataObject, kind: str) -> None:
        self.look_at(self.reference(data, kind))

    @rule(data=st.data(), kind=st.sampled_from(("image-recipe", "container-recipe")))
    def delete_recipe(self, data: st.DataObject, kind: str) -> None:
        self.delete(data, kind)

    @rule(data=st.data(), kind=st.sampled_from(("component", "workflow")))
    def delete_build(self, data: st.DataObject, kind: str) -> None:
        self.delete(data, kind)

    @rule(data=st.data())
    def delete_image(self, data: st.DataObject) -> None:
        self.delete(data, "image")

    @precondition(lambda self: self.world.uses())
    @rule(data=st.data())
    def delete_what_is_used(self, data: st.DataObject) -> None:
        arn = data.draw(st.sampled_from(self.world.uses()), label="use")
        thing = self.world.meant(arn)
        self.delete(data, thing.kind, thing.arn)

    @rule(data=st.data(), kind=st.sampled_from([kind for kind in FAMILIES if "-" in kind]))
    def delete_named(self, data: st.DataObject, kind: str) -> None:
        self.delete(data, kind)

    def delete(self, data: st.DataObject, kind: str, arn: str | None = None) -> None:
        """What something refers to stays, and everything else can be deleted."""
        family, arn = FAMILIES[kind], arn or self.some(data, kind)
        request = {family.arn_member: arn}
        try:
            self.world.delete(arn)
        except Refused as refusal:
            self.refused(refusal.code, f"delete_{family.word}", request)
            return
        assert self.send(f"delete_{family.word}", request).get(family.arn_member, arn) == arn
        self.refused("ResourceNotFoundException", f"get_{family.word}", request)

    @rule(data=st.data(), kind=st.sampled_from(list(FAMILIES)), tags=st.sampled_from(TAGS[1:]))
    def tag(self, data: st.DataObject, kind: str, tags: dict[str, str]) -> None:
        arn = self.some(data, kind)
        if arn not in self.world.things:
            self.refused("ResourceNotFoundException", "tag_resource", {"resourceArn": arn, "tags": tags})
            return
        self.send("tag_resource", {"resourceArn": arn, "tags": tags})
        thing = self.world.things[arn]
        thing.tags = thing.tags | tags
        assert self.send("list_tags_for_resource", {"resourceArn": arn})["tags"] == thing.tags

    @rule(data=st.data(), kind=st.sampled_from(list(FAMILIES)))
    def untag(self, data: st.DataObject, kind: str) -> None:
        arn = self.some(data, kind)
        request = {"resourceArn": arn, "tagKeys": ["Team", "Other"]}
        if arn not in self.world.things:
            self.refused("ResourceNotFoundException", "untag_resource", request)
            return
        self.send("untag_resource", request)
        thing = self.world.things[arn]
        thing.tags = {key: value for key, value in thing.tags.items() if key != "Team"}
        assert self.send("list_tags_for_resource", {"resourceArn": arn})["tags"] == thing.tags

    @rule(data=st.data(), kind=st.sampled_from(list(WITH_POLICIES)), is_shared=st.booleans())
    def put_policy(self, data: st.DataObject, kind: str, is_shared: bool) -> None:
        """Who shares a resource keeps it from being deleted, until the policy is another one."""
        word, member, arn = FAMILIES[kind].word, WITH_POLICIES[kind], self.some(data, kind)
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": OTHER_ACCOUNT if is_shared else ACCOUNT_BASE.split(":")[4]},
            "Action": [f"imagebuilder:Get{word.title().replace('_', '')}"],
            "Resource": [arn],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        if arn not in self.world.things:
            self.refused("ResourceNotFoundException", f"put_{word}_policy", {member: arn, "policy": policy})
            return
        before = self.send(f"get_{word}_policy", {member: arn})["policy"]
        assert before == self.world.things[arn].policy
        assert self.send(f"put_{word}_policy", {member: arn, "policy": policy}) == {member: arn}
        thing = self.world.things[arn]
        thing.policy, thing.is_shared = policy, is_shared

    # ---- tokens ----

    @precondition(lambda self: self.performed)
    @rule(data=st.data(), is_same=st.booleans())
    def repeat(self, data: st.DataObject, is_same: bool) -> None:
        """The same request is not performed again, whatever has become of its resource; another one is refused."""
        method, request, answer = data.draw(st.sampled_from(self.performed), label="performed")
        if is_same:
            assert self.send(method, request) == answer
        else:
            self.refused("IdempotentParameterMismatchException", method, {**request, **OTHERWISE[method.split("_")[0]]})

    # ---- lists ----

    @rule(data=st.data(), kind=st.sampled_from(list(LISTS)), size=st.integers(1, 4), which=st.integers(0, 1))
    def walk(self, data: st.DataObject, kind: str, size: int, which: int) -> None:
        """What is there during the whole walk is seen once, in its order, whatever comes and goes between two pages."""
        method, member, expected = LISTS[kind][which % len(LISTS[kind])]
        always, seen, request = set(expected(self.world)), list[str](), {"maxResults": size}
        while True:
            answer = self.client_answer(method, **request)
            rows = [row["arn"] for row in answer[member]]
            assert len(rows) <= size
            assert set(rows) <= set(expected(self.world))
            seen += rows
            if "nextToken" not in answer:
                break
            request = {"maxResults": size, "nextToken": answer["nextToken"]}
            self.change_something(data, kind)
            always &= set(expected(self.world))
        assert len(seen) == len(set(seen))
        assert always <= set(seen)
        left = [arn for arn in seen if arn in always]
        assert left == [arn for arn in expected(self.world) if arn in always]

    def change_something(self, data: st.DataObject, kind: str) -> None:
        """Create or delete something that the list shows."""
        change = data.draw(st.sampled_from(("nothing", "create", "delete")), label="change")
        if change == "delete":
            self.delete(data, kind)
        elif change == "create":
            CREATED[kind](self, data)

    @precondition(lambda self: self.world.of("image-pipeline"))
    @rule(data=st.data(), size=st.integers(1, 4))
    def list_pipeline_images(self, data: st.DataObject, size: int) -> None:
        pipeline = self.world.things.get(arn := self.some(data, "image-pipeline"))
        pages = self.client.get_paginator("list_image_pipeline_images").paginate(
            imagePipelineArn=arn, PaginationConfig={"PageSize": size}
        )
        images = [image.arn for image in self.world.of("image") if pipeline and image.pipeline is pipeline]
        assert [row["arn"] for page in pages for row in page["imageSummaryList"]] == images[::-1]


#: How more of a kind is made between two pages.
CREATED: dict[str, Callable[[AnyRequests, st.DataObject], None]] = {
    "component": lambda it, data: it.create_component(data, data.draw(versions), "uptime"),
    "workflow": lambda it, data: it.create_workflow(data, data.draw(versions), "TEST"),
    "image-recipe": lambda it, data: it.create_image_recipe(data, "1.0.x", False),
    "container-recipe": lambda it, data: it.create_container_recipe(data, "1.x.0", False),
    "infrastructure-configuration": lambda it, data: it.create_configuration(data, "infrastructure-configuration"),
    "distribution-configuration": lambda it, data: it.create_configuration(data, "distribution-configuration"),
    "image-pipeline": lambda it, data: it.start_pipeline(data, False) if it.world.of("image-pipeline") else None,
    "lifecycle-policy": lambda it, data: it.create_lifecycle_policy(data),
    "image": lambda it, data: it.import_image(data, data.draw(versions)),
}


TestAnyRequests = AnyRequests.TestCase
AnyRequests.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
