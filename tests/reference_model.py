"""The rules of Image Builder, once more and as small as they can be said: what an account holds after each request.

A method for a create or update request returns what there is afterwards and changes nothing, or raises :class:`Refused`.
It knows nothing of the service's code: ARNs are texts here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from .build_parts import ACCOUNT_BASE
from .images import ALL_STATUSES

Request = Mapping[str, Any]
Numbers = tuple[int, ...]

MAX_NODE = 2**30 - 1
ENDS = ("AVAILABLE", "FAILED", "CANCELLED")
#: The stages from which a stopped build goes on.
RETRIED = ("TESTING", "DISTRIBUTING", "INTEGRATING")
#: What makes two builds of a version the same.
CONTENT = ("data", "description", "changeDescription")
#: The members of a pipeline that refer to other resources.
PIPELINE_USES = (
    "imageRecipeArn",
    "containerRecipeArn",
    "infrastructureConfigurationArn",
    "distributionConfigurationArn",
)


class Refused(Exception):
    """The service has to refuse the request, with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Reference(NamedTuple):
    """An ARN in its parts; ``version`` is empty for what has none."""

    family: str
    version: str
    build: str

    @classmethod
    def read(cls, arn: str) -> Reference:
        nodes = arn.split("/")
        head = 3 if ":workflow/" in arn else 2
        version, build, *_ = [*nodes[head:], "", ""]
        return cls("/".join(nodes[:head]), version, build)

    @property
    def numbers(self) -> Numbers:
        """The nodes before the first wildcard."""
        if not self.version:
            return ()
        return tuple(int(node) for node in takewhile(lambda node: node != "x", self.version.split(".")))

    @property
    def has_wildcard(self) -> bool:
        return "x" in self.version

    @property
    def is_misplaced(self) -> bool:
        """Whether a number stands right of a wildcard."""
        return re.search(r"x\.[0-9]", self.version) is not None

    def selects(self, other: Reference) -> bool:
        same = self.family == other.family and self.build in ("", other.build)
        return same and other.numbers[: len(self.numbers)] == self.numbers


@dataclass
class Thing:
    """A resource: ``shown`` is what Get has to show of it, besides its ARN, name and tags."""

    arn: str
    name: str
    shown: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    policy: str = "{}"
    is_shared: bool = False

    @property
    def reference(self) -> Reference:
        return Reference.read(self.arn)

    @property
    def kind(self) -> str:
        return kind_of(self.arn)


@dataclass
class ImageThing(Thing):
    """An image, and how far its build is."""

    statuses: tuple[str, ...] = ()
    recipe: Request = field(default_factory=dict)
    is_container: bool = False
    has_workflows: bool = False
    pipeline: PipelineThing | None = None
    fails_in: str | None = None
    status: str = "PENDING"
    stopped_in: str | None = None

    @property
    def is_running(self) -> bool:
        return self.status not in ENDS

    def stop(self, status: str) -> None:
        self.status, self.stopped_in = status, self.status


@dataclass
class PipelineThing(Thing):
    """A pipeline, and the image of its last build."""

    last_image: ImageThing | None = None


def kind_of(arn: str) -> str:
    """``image-recipe``, and ``workflow`` for workflows of all types."""
    return arn.split(":", 5)[5].partition("/")[0]


def family(kind: str, name: str) -> str:
    return f"{ACCOUNT_BASE}:{kind}/{re.sub('[ _]', '-', name.lower())}"


def numbers_of(version: str) -> Numbers:
    """:raises Refused: a node is too large."""
    numbers = tuple(map(int, version.split(".")))
    if max(numbers) > MAX_NODE:
        raise Refused("InvalidVersionNumberException")
    return numbers


class World:
    """What the account holds, in the order of creation, and the ARNs of what it held."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.gone: list[str] = []
        self._last_builds: dict[tuple[str, Numbers], int] = {}
        self._spellings: dict[tuple[str, Numbers], str] = {}

    # ---- what there is ----

    def of(self, *kinds: str) -> list[Any]:
        """The resources of these kinds, oldest first."""
        return [thing for thing in self.things.values() if thing.kind in kinds]

    def get(self, arn: str) -> Any:
        """:raises Refused: it is not there."""
        if arn not in self.things:
            raise Refused("ResourceNotFoundException")
        return self.things[arn]

    def arns(self, kind: str) -> list[str]:
        """The list of what has no versions, or no builds."""
        return sorted(thing.arn for thing in self.of(kind))

    def versions(self, kind: str) -> list[str]:
        """A version has the spelling of the first of its builds, until it has none any more."""
        found = {(thing.reference.family, thing.reference.numbers) for thing in self.of(kind)}
        return sorted(f"{key[0]}/{self._spellings[key]}" for key in found)

    def builds(self, kind: str) -> list[str]:
        return [thing.arn for thing in reversed(self.of(kind))]

    def selected(self, arn: str) -> list[Any]:
        """What a reference can mean, best first: the highest version, and its newest build.

        :raises Refused: a number stands right of a wildcard.
        """
        reference = Reference.read(arn)
        if reference.build or not reference.version:
            return [self.things[arn]] if arn in self.things else []
        if reference.is_misplaced:
            raise Refused("InvalidParameterValueException")
        found = [thing for thing in self.things.values() if reference.selects(thing.reference)]
        found.reverse()
        found.sort(key=lambda thing: thing.reference.numbers, reverse=True)
        return found

    def meant(self, arn: str) -> Any:
        """:raises Refused: the reference means nothing, or is none."""
        found = self.selected(arn)
        if kind_of(arn) == "image" and not Reference.read(arn).build:
            found = [image for image in found if image.status == "AVAILABLE"]
        if not found:
            raise Refused("ResourceNotFoundException")
        return found[0]

    # ---- what comes and goes ----

    def add(self, thing: Thing) -> None:
        reference = thing.reference
        if reference.version:
            key = reference.family, reference.numbers
            self._spellings.setdefault(key, reference.version)
            if reference.build:
                self._last_builds[key] = int(reference.build)
        self.things[thing.arn] = thing

    def delete(self, arn: str) -> None:
        """:raises Refused: it is not there, or needed."""
        thing = self.get(arn)
        if thing.is_shared or self.is_needed(thing):
            raise Refused("ResourceDependencyException")
        del self.things[arn]
        self.gone.append(arn)
        key = thing.reference.family, thing.reference.numbers
        if not any((left.family, left.numbers) == key for left in self._references()):
            self._spellings.pop(key, None)

    def _references(self) -> Iterator[Reference]:
        return (thing.reference for thing in self.things.values())

    def is_needed(self, thing: Thing) -> bool:
        """Whether something that is there refers to it, and a reference with wildcards means nothing else as well."""
        if isinstance(thing, ImageThing):
            return thing.is_running or thing.arn in (recipe.shown["parentImage"] for recipe in self._recipes())
        return any(self._needs(use, thing.reference) for use in self._uses(thing.kind))

    def uses(self) -> list[str]:
        """The references by which resources of this account use each other."""
        parents = [recipe.shown["parentImage"] for recipe in self._recipes()]
        found = [*self._uses("component"), *parents]
        return [use for use in found if kind_of_own(use)]

    def _recipes(self) -> list[Thing]:
        return self.of("image-recipe", "container-recipe")

    def _uses(self, kind: str) -> Iterator[str]:
        """All references to resources of a kind."""
        if kind == "component":
            for recipe in self._recipes():
                # A recipe that refers to one build of a version keeps them all.
                for entry in recipe.shown.get("components", ()):
                    yield re.sub(r"(/[0-9]+\.[0-9]+\.[0-9]+)/[0-9]+$", r"\1", entry["componentArn"])
        for pipeline in self.of("image-pipeline"):
            yield from (entry["workflowArn"] for entry in pipeline.shown.get("workflows", ()))
            yield from (pipeline.shown[member] for member in PIPELINE_USES if member in pipeline.shown)

    def _needs(self, use: str, needed: Reference) -> bool:
        reference = Reference.read(use)
        if not reference.version:
            return reference == needed
        if not reference.selects(needed):
            return False
        return not reference.has_wildcard or all(
            other.numbers == needed.numbers
            for other in self._references()
            if other.version and reference.selects(other)
        )

    # ---- components and workflows ----

    def new_build(self, kind: str, request: Request) -> Thing:
        """What CreateComponent and CreateWorkflow make. ``kind`` is ``component`` or, say, ``workflow/test``."""
        numbers = numbers_of(request["semanticVersion"])
        key = family(kind, request["name"]), numbers
        version = f"{key[0]}/{self._spellings.get(key, request['semanticVersion'])}"
        newest = next(iter(self.selected(version)), None)
        content = {member: request[member] for member in CONTENT if member in request}
        if newest and content == {member: newest.shown[member] for member in CONTENT if member in newest.shown}:
            raise Refused("ResourceAlreadyExistsException")
        arn = f"{version}/{self._last_builds.get(key, 0) + 1}"
        return self._thing(arn, request, CONTENT, version=Reference.read(arn).version)

    # ---- recipes ----

    def new_recipe(self, kind: str, request: Request) -> Thing:
        of_name = family(kind, request["name"])
        version = self._next_version(of_name, request["semanticVersion"])
        self._check_parent(request["parentImage"])
        for entry in request.get("components", ()):
            if f"{ACCOUNT_BASE}:" in entry["componentArn"]:
                self.meant(entry["componentArn"])
        if (of_name, numbers_of(version)) in self._spellings:
            raise Refused("ResourceAlreadyExistsException")
        shown = ("description", "parentImage", "components")
        return self._thing(f"{of_name}/{version}", request, shown, version=version)

    def _next_version(self, of_name: str, version: str) -> str:
        """One ``x`` is the next number in its place, among the versions that are there."""
        nodes = version.split(".")
        if nodes.count("x") > 1:
            raise Refused("InvalidVersionNumberException")
        if "x" in nodes:
            place = nodes.index("x")
            others = [(number, int(node)) for number, node in enumerate(nodes) if node != "x"]
            taken = [
                numbers[place]
                for name, numbers in self._spellings
                if name == of_name and all(numbers[number] == node for number, node in others)
            ]
            nodes[place] = str(max(taken, default=0) + 1)
        numbers_of(".".join(nodes))
        return ".".join(nodes)

    def _check_parent(self, reference: str) -> None:
        if kind_of_own(reference) == "image":
            image = self.get(reference)
            if image.status != "AVAILABLE" or image.is_container:
                raise Refused("InvalidParameterValueException")

    # ---- configurations, pipelines, policies ----

    def new_named(self, kind: str, request: Request, shown: Iterable[str]) -> Thing:
        """What has a name and no version."""
        arn = family(kind, request["name"])
        if arn in self.things:
            raise Refused("ResourceAlreadyExistsException")
        return self._thing(arn, request, shown)

    def new_pipeline(self, request: Request) -> PipelineThing:
        shown = self.pipeline_settings(request)
        thing = self.new_named("image-pipeline", request, ())
        return PipelineThing(thing.arn, thing.name, shown, thing.tags)

    def pipeline_settings(self, request: Request) -> dict[str, Any]:
        """:raises Refused: something that is referred to is not there."""
        uses = [request[member] for member in PIPELINE_USES if member in request]
        for use in (*uses, *(entry["workflowArn"] for entry in request.get("workflows", ()))):
            self.meant(use)
        members = ("description", "status", "workflows", *PIPELINE_USES)
        return {"status": "ENABLED", **{member: request[member] for member in members if member in request}}

    def _thing(self, arn: str, request: Request, shown: Iterable[str], **more: Any) -> Thing:
        members = {member: request[member] for member in shown if member in request}
        return Thing(arn, request["name"], {**members, **more}, dict(request.get("tags", {})))

    # ---- images ----

    def new_image(self, settings: Request, tests: bool, pipeline: PipelineThing | None = None) -> ImageThing:
        """What CreateImage makes, and a pipeline.

        :raises Refused: something that is referred to is not there.
        """
        self.pipeline_settings(settings)
        recipe = self.meant(settings.get("imageRecipeArn") or settings["containerRecipeArn"])
        is_container, workflows = recipe.kind == "container-recipe", settings.get("workflows", ())
        distributes = "distributionConfigurationArn" in settings
        left_out = {
            *(() if tests else ("TESTING",)),
            *(() if distributes or is_container else ("DISTRIBUTING",)),
            *(() if distributes else ("INTEGRATING",)),
        }
        image = self._image(recipe.name, recipe.reference.version, settings.get("tags", {}))
        image.statuses = tuple(status for status in ALL_STATUSES if status not in left_out)
        image.recipe, image.is_container, image.has_workflows = recipe.shown, is_container, bool(workflows)
        image.pipeline = pipeline
        return image

    def imported_image(self, request: Request) -> ImageThing:
        numbers_of(request["semanticVersion"])
        image = self._image(request["name"], request["semanticVersion"], request.get("tags", {}))
        image.statuses = ("PENDING", "AVAILABLE")
        return image

    def _image(self, name: str, version: str, tags: Mapping[str, str]) -> ImageThing:
        of_name = family("image", name)
        build = self._last_builds.get((of_name, numbers_of(version)), 0) + 1
        return ImageThing(f"{of_name}/{version}/{build}", name, {"version": f"{version}/{build}"}, dict(tags))

    def advance(self, image: ImageThing) -> None:
        """The work of the present stage is done, or fails."""
        if not image.is_running:
            return
        if image.status == image.fails_in or (image.status == "CREATING" and not self._can_be_built(image.recipe)):
            image.fails_in = None
            image.stop("FAILED")
        else:
            image.status = image.statuses[image.statuses.index(image.status) + 1]

    def _can_be_built(self, recipe: Request) -> bool:
        """Whether what a recipe refers to is there still. The recipe itself may have been deleted."""
        try:
            self._check_parent(recipe["parentImage"])
            for entry in recipe.get("components", ()):
                if kind_of_own(entry["componentArn"]):
                    self.meant(entry["componentArn"])
        except Refused:
            return False
        return True


def kind_of_own(reference: str) -> str:
    """The kind of a resource of this account; empty for whatever else a reference can mean."""
    return kind_of(reference) if reference.startswith(f"{ACCOUNT_BASE}:") else ""
