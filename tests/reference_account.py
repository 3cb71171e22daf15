"""How the state machine asks the service, and compares what it answers with the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from mock_imagebuilder import mock_imagebuilder

from .build_parts import ACCOUNT_BASE, EXECUTION_ROLE
from .conformance.model import status_of
from .images import client_of
from .reference_families import FAMILIES, LISTS, NOWHERE, PROFILE, RECIPE_KINDS, List, kinds_of
from .reference_model import ImageThing, Reference, Refused, Thing, World, kind_of
from .resources.container_recipes import PARTS as CONTAINER_PARTS
from .resources.lifecycles import create_role

NAMES = ("web server", "Web_Server", "web")
VERSIONS = ("1.0.0", "01.0.0", "1.0.1", "1.10.0", "2.0.0")
TOO_LARGE = "1.0.1073741824"
NEXT_VERSIONS = ("1.0.x", "1.x.0", "x.0.0", "x.x.0")
DESCRIPTIONS = (None, None, "first", "second")
TAGS = (None, {"Team": "web"}, {"Team": "db", "Stage": "test"})
#: More images than observations: none goes on because it is looked at.
NEVER = 10**6


class Performed(NamedTuple):
    """A request with a client token that was performed, and its answer."""

    method: str
    request: dict[str, Any]
    answer: dict[str, Any]


class Account(RuleBasedStateMachine):
    """An account whose lists are compared with the model after each step, and whose resources at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_imagebuilder()
        self.control = self.mock.__enter__()
        self.control.progress("manual", times=NEVER)
        self.client = client_of("imagebuilder")
        client_of("iam").create_instance_profile(InstanceProfileName=PROFILE)
        client_of("ecr").create_repository(repositoryName=CONTAINER_PARTS["targetRepository"]["repositoryName"])
        create_role()
        self.world = World()
        self.performed: list[Performed] = []
        self.tokens = 0
        #: The kinds of what the last request was about.
        self.touched: set[str] = set(LISTS)

    def teardown(self) -> None:
        try:
            self.touched = set(LISTS)
            self.lists_show_what_is_there()
            for arn in self.world.things:
                self.look_at(arn)
        finally:
            self.mock.stop()

    # ---- how requests are sent ----

    def send(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.touched |= kinds_of(method, request)
        answer: dict[str, Any] = getattr(self.client, method)(**request)
        del answer["ResponseMetadata"]
        answer.pop("requestId", None)
        return answer

    def refused(self, code: str, method: str, request: Mapping[str, Any]) -> None:
        """The service refuses the request as it should, with an error that its model has, and nothing changes."""
        kinds = kinds_of(method, request)
        before = [self.rows(each) for kind in kinds for each in LISTS[kind]]
        with pytest.raises(ClientError) as raised:
            self.send(method, request)
        error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
        assert (error["Code"], metadata["HTTPStatusCode"]) == (code, status_of(code)), error
        assert error["Message"]
        assert [self.rows(each) for kind in kinds for each in LISTS[kind]] == before

    def rows(self, each: List) -> list[Any]:
        """A whole list, in the pages that the service makes by itself."""
        answer = self.client_answer(each.method)
        rows: list[Any] = answer[each.member]
        while "nextToken" in answer:
            answer = self.client_answer(each.method, nextToken=answer["nextToken"])
            rows += answer[each.member]
        return rows

    def client_answer(self, method: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.client, method)(**request)
        return answer

    def ask(
        self, data: st.DataObject | None, method: str, request: dict[str, Any], plan: Callable[[], Any]
    ) -> tuple[Any, dict[str, Any]] | None:
        """Send a request, with a token or without, or as a dry run.

        :param data: decides which; without it there is no token.
        :param plan: says what there will be, or that the request is refused.
        :returns: what there is now, and the answer; None if nothing was done.
        """
        modes = ["plain", "token", *(["dry run"] if method.startswith("create_") and method != "create_image" else [])]
        mode = "plain" if data is None else data.draw(st.sampled_from(modes), label="mode")
        if mode == "token":
            self.tokens += 1
            request = {**request, "clientToken": f"token-{self.tokens}"}
        try:
            planned = plan()
        except Refused as refusal:
            self.refused(refusal.code, method, {**request, **({"dryRun": True} if mode == "dry run" else {})})
            return None
        if mode == "dry run":
            self.refused("DryRunOperationException", method, {**request, "dryRun": True})
            return None
        answer = self.send(method, request)
        if mode == "token":
            assert answer.get("clientToken", request["clientToken"]) == request["clientToken"]
            self.performed.append(Performed(method, request, answer))
        return planned, answer

    def create(self, data: st.DataObject | None, kind: str, request: dict[str, Any], plan: Callable[[], Thing]) -> None:
        family = FAMILIES[kind]
        done = self.ask(data, f"create_{family.word}", request, plan)
        if done is not None:
            self.made(*done, family.arn_member)

    def made(self, thing: Thing, answer: Mapping[str, Any], arn_member: str) -> None:
        assert answer[arn_member] == thing.arn
        self.world.add(thing)
        reference = thing.reference
        if "latestVersionReferences" in answer:
            ends = ("latestVersionArn", "x.x.x"), ("latestPatchVersionArn", reference.version)
            for member, end in ends:
                assert answer["latestVersionReferences"][member] == f"{reference.family}/{end}"

    # ---- what requests are made of ----

    def some(self, data: st.DataObject, *kinds: str) -> str:
        """The ARN of something that is there or, rarely, was."""
        found = [thing.arn for thing in self.world.of(*kinds)]
        gone = [arn for arn in self.world.gone if kind_of(arn) in kinds and arn not in self.world.things][-2:]
        missing = [f"{ACCOUNT_BASE}:{NOWHERE[kind]}" for kind in kinds[:1]]
        arn: str = data.draw(st.sampled_from([*found * 4, *(gone or missing)]), label="which")
        return arn

    def reference(self, data: st.DataObject, *kinds: str) -> str:
        """A reference to what is there, was there, or never was: of a build, of a version, or with wildcards."""
        arn = self.some(data, *kinds)
        family, version, _ = Reference.read(arn)
        if not version:
            return arn
        major, minor, patch = map(int, version.split("."))
        forms = [f"{major}.{minor}.{patch}", f"{major}.{minor}.x", f"{major}.x.x", "x.x.x", f"x.{minor}.x"]
        references = [arn, arn, *(f"{family}/{form}" for form in forms)]
        reference: str = data.draw(st.sampled_from(references), label="reference")
        return reference

    def common(self, data: st.DataObject, /, **members: Any) -> dict[str, Any]:
        """The members that most create requests have."""
        drawn = {
            "name": data.draw(st.sampled_from(NAMES), label="name"),
            "description": data.draw(st.sampled_from(DESCRIPTIONS), label="description"),
            "tags": data.draw(st.sampled_from(TAGS), label="tags"),
        }
        return {**{member: value for member, value in drawn.items() if value is not None}, **members}

    def build_settings(self, data: st.DataObject) -> dict[str, Any]:
        kind = data.draw(st.sampled_from([recipe.kind for recipe in self.world.of(*RECIPE_KINDS)]), label="kind")
        recipe = self.reference(data, kind)
        infrastructure = self.some(data, "infrastructure-configuration")
        found = {f"{FAMILIES[kind_of(recipe)].arn_member}": recipe, "infrastructureConfigurationArn": infrastructure}
        if data.draw(st.booleans(), label="distributes"):
            found["distributionConfigurationArn"] = self.some(data, "distribution-configuration")
        return found

    def pipeline_settings(self, data: st.DataObject) -> dict[str, Any]:
        found = self.build_settings(data)
        has_workflow = data.draw(st.booleans(), label="has workflow")
        if has_workflow and self.world.of("workflow"):
            found |= {
                "workflows": [{"workflowArn": self.reference(data, "workflow")}],
                "executionRole": EXECUTION_ROLE,
            }
        return found

    def look_at(self, arn: str) -> None:
        """Get shows what the model remembers of what a reference means."""
        family = FAMILIES[kind_of(arn)]
        request = {family.arn_member: arn}
        try:
            thing = self.world.meant(arn)
        except Refused as refusal:
            self.refused(refusal.code, f"get_{family.word}", request)
            return
        found = self.send(f"get_{family.word}", request)[family.member]
        assert (found["arn"], found["name"], found["tags"]) == (thing.arn, thing.name, thing.tags)
        assert {member: found[member] for member in family.shown if member in found} == thing.shown
        if isinstance(thing, ImageThing):
            assert found["state"]["status"] == thing.status

    @invariant()
    def lists_show_what_is_there(self) -> None:
        """Those that the last request can have changed."""
        for kind in sorted(self.touched):
            for each in LISTS[kind]:
                rows = self.rows(each)
                assert [row["arn"] for row in rows] == each.expected(self.world), each.method
                for row in rows:
                    thing = self.world.things.get(row["arn"])
                    if thing is not None and "tags" in row:
                        assert row["tags"] == thing.tags
        self.touched = set()
