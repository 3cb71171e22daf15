"""Service quotas: what is counted, what happens at the limit, and how a test changes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control, mock_imagebuilder
from mock_imagebuilder.imagebuilder.quotas import QUOTAS
from tests.build_parts import PARENT_IMAGE, PARTS, create_infrastructure, create_pipeline, create_recipe
from tests.conftest import ACCOUNT, REGION
from tests.errors import refused
from tests.images import create_image, import_image, state_of
from tests.resources import container_recipes, lifecycles
from tests.resources.components import component_document
from tests.resources.distributions import PLAIN
from tests.resources.workflows import workflow_document
from tests.served import serving

OTHER_REGION = "eu-west-1"


def over(quota: str, limit: int) -> AbstractContextManager[None]:
    return refused(
        "ServiceQuotaExceededException",
        402,
        f"You have reached the limit of {limit} for the service quota '{quota}' in this account and Region.",
    )


@dataclass(frozen=True)
class Family:
    """A kind of resource that is counted: what makes, deletes and lists it."""

    quota: str
    noun: str
    arn_member: str
    plural: str
    members: Callable[[], dict[str, Any]]

    def create(self, client: Any, name: str, **members: Any) -> str:
        create = getattr(client, f"create_{self.noun}")
        return str(create(name=name, **{**self.members(), **members})[self.arn_member])

    def delete(self, client: Any, arn: str) -> None:
        getattr(client, f"delete_{self.noun}")(**{self.arn_member: arn})

    def count(self, client: Any) -> int:
        answer = getattr(client, f"list_{self.plural}")()
        return sum(len(value) for value in answer.values() if isinstance(value, list))


VERSION = {"semanticVersion": "1.0.0"}
FAMILIES = [
    Family(
        "Components",
        "component",
        "componentBuildVersionArn",
        "component_build_versions",
        lambda: {**VERSION, "platform": "Linux", "data": component_document()},
    ),
    Family(
        "Container recipes",
        "container_recipe",
        "containerRecipeArn",
        "container_recipes",
        lambda: {**VERSION, **container_recipes.PARTS},
    ),
    Family(
        "Distribution configurations",
        "distribution_configuration",
        "distributionConfigurationArn",
        "distribution_configurations",
        lambda: {"distributions": PLAIN},
    ),
    Family("Image pipelines", "image_pipeline", "imagePipelineArn", "image_pipelines", lambda: PARTS),
    Family(
        "Image recipes",
        "image_recipe",
        "imageRecipeArn",
        "image_recipes",
        lambda: {**VERSION, "parentImage": PARENT_IMAGE},
    ),
    Family(
        "Image workflows",
        "workflow",
        "workflowBuildVersionArn",
        "workflow_build_versions",
        lambda: {**VERSION, "type": "BUILD", "data": workflow_document()},
    ),
    Family(
        "Infrastructure configurations",
        "infrastructure_configuration",
        "infrastructureConfigurationArn",
        "infrastructure_configurations",
        lambda: {"instanceProfileName": "EC2InstanceProfileForImageBuilder"},
    ),
    Family("Lifecycle policies", "lifecycle_policy", "lifecyclePolicyArn", "lifecycle_policies", lifecycles.settings),
]
families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.quota)


@pytest.fixture
def client(client: Any, instance_profile: str) -> Any:
    """With one recipe and one infrastructure configuration, a role and a repository."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    lifecycles.create_role()
    container_recipes.create_repository()
    return client


def begin(family: Family, client: Any, mocked: Control) -> int:
    """Sets the quota so that there is place for two more; returns the limit."""
    limit = family.count(client) + 2
    mocked.set_quota(family.quota, limit)
    return limit


@families
class TestCounted:
    def test_up_to_the_limit(self, client: Any, mocked: Control, family: Family) -> None:
        limit = begin(family, client, mocked)
        for name in ("one", "two"):
            family.create(client, name)
        with over(family.quota, limit):
            family.create(client, "three")
        assert family.count(client) == limit

    def test_a_deletion_makes_room(self, client: Any, mocked: Control, family: Family) -> None:
        limit = begin(family, client, mocked)
        first = family.create(client, "one")
        family.create(client, "two")
        family.delete(client, first)
        family.create(client, "three")
        with over(family.quota, limit):
            family.create(client, "four")

    def test_a_dry_run_at_the_limit(self, client: Any, mocked: Control, family: Family) -> None:
        limit = begin(family, client, mocked)
        family.create(client, "one")
        with refused("DryRunOperationException", 412, "Request would have succeeded"):
            family.create(client, "two", dryRun=True)
        family.create(client, "two")
        with over(family.quota, limit):
            family.create(client, "three", dryRun=True)

    def test_a_repeated_request_at_the_limit(self, client: Any, mocked: Control, family: Family) -> None:
        limit = begin(family, client, mocked)
        family.create(client, "one")
        arn = family.create(client, "two", clientToken="once")
        assert family.create(client, "two", clientToken="once") == arn
        assert family.count(client) == limit

    def test_a_refused_request_can_be_repeated(self, client: Any, mocked: Control, family: Family) -> None:
        limit = begin(family, client, mocked)
        family.create(client, "one")
        family.create(client, "two")
        with over(family.quota, limit):
            family.create(client, "three", clientToken="again")
        mocked.set_quota(family.quota, limit + 1)
        family.create(client, "three", clientToken="again")

    def test_what_else_is_wrong_comes_first(self, client: Any, mocked: Control, family: Family) -> None:
        begin(family, client, mocked)
        arn = family.create(client, "one")
        family.create(client, "two")
        kind = "".join(word.capitalize() for word in family.noun.split("_"))
        with refused(
            "ResourceAlreadyExistsException", 400, f"The following resource '{kind}' already exists: '{arn}'."
        ):
            family.create(client, "one")

    def test_other_regions_and_accounts_have_their_own(self, client: Any, mocked: Control, family: Family) -> None:
        mocked.set_quota(family.quota, family.count(client) + 1)
        Control(ACCOUNT, OTHER_REGION).set_quota(family.quota, 1)
        Control("210987654321").set_quota(family.quota, 1)
        limit = family.count(client) + 1
        family.create(client, "one")
        with over(family.quota, limit):
            family.create(client, "two")

    def test_no_limit(self, client: Any, mocked: Control, family: Family) -> None:
        begin(family, client, mocked)
        mocked.set_quota(family.quota, None)
        for name in ("one", "two", "three"):
            family.create(client, name)


def test_every_build_version_counts(client: Any, mocked: Control) -> None:
    mocked.set_quota("Components", 2)
    for command in ("uptime", "date"):
        client.create_component(name="web", **VERSION, platform="Linux", data=component_document(command))
    with over("Components", 2):
        client.create_component(name="web", **VERSION, platform="Linux", data=component_document("who"))


def test_imported_components_count(client: Any, mocked: Control) -> None:
    request: Any = {**VERSION, "type": "BUILD", "format": "SHELL", "platform": "Linux", "data": "uptime"}
    mocked.set_quota("Components", 1)
    arn = client.import_component(name="one", **request)["componentBuildVersionArn"]
    with over("Components", 1):
        client.import_component(name="two", **request)
    client.delete_component(componentBuildVersionArn=arn)
    client.import_component(name="two", **request)


def test_components_of_a_recipe(client: Any, mocked: Control) -> None:
    components = [
        {"componentArn": f"arn:aws:imagebuilder:{REGION}:aws:component/{name}/x.x.x"}
        for name in ("update-linux", "reboot-linux")
    ]
    mocked.set_quota("Components per image recipe", 1)
    create_recipe(client, "one", components=components[:1])
    with refused("ServiceQuotaExceededException", 402, "A recipe can contain at most 1 components."):
        create_recipe(client, "two", components=components)
    mocked.set_quota("Components per image recipe", None)
    create_recipe(client, "two", components=components)


class TestDefaults:
    @pytest.mark.parametrize(("family", "limit"), [(FAMILIES[3], 75), (FAMILIES[7], 50)], ids=["pipelines", "policies"])
    def test_of_aws(self, client: Any, family: Family, limit: int) -> None:
        for number in range(limit):
            family.create(client, f"number {number}")
        with over(family.quota, limit):
            family.create(client, "one more")

    def test_of_builds(self, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        for _ in range(100):
            import_image(client)
        with over("Concurrent builds", 100):
            create_image(client)

    @families
    def test_are_enforced_under_their_names(self, client: Any, family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
        limit = family.count(client) + 1
        quota = type(QUOTAS[family.quota])("L-00000000", limit, "this test")
        monkeypatch.setitem(QUOTAS, family.quota, quota)
        family.create(client, "one")
        with over(family.quota, limit):
            family.create(client, "two")

    def test_have_a_source(self) -> None:
        assert {name: quota.default for name, quota in QUOTAS.items()} == {
            "Components": 1000,
            "Components per image recipe": 20,
            "Concurrent builds": 100,
            "Container recipes": 1000,
            "Distribution configurations": 1000,
            "Image pipelines": 75,
            "Image recipes": 1000,
            "Image workflows": 1000,
            "Infrastructure configurations": 1000,
            "Lifecycle policies": 50,
        }
        assert all(quota.source and quota.code.startswith("L-") for quota in QUOTAS.values())


class TestBuilds:
    """Builds count while they are in progress."""

    @pytest.fixture
    def running(self, client: Any, mocked: Control) -> str:
        """One build in progress, and place for no other one."""
        mocked.set_quota("Concurrent builds", 1)
        mocked.progress("manual", times=1000)
        return create_image(client)

    def test_up_to_the_limit(self, client: Any, mocked: Control, running: str) -> None:
        with over("Concurrent builds", 1):
            create_image(client)
        assert len(client.list_image_build_versions()["imageSummaryList"]) == 1
        mocked.set_quota("Concurrent builds", 2)
        assert create_image(client).endswith("/1.0.0/2")
        with over("Concurrent builds", 2):
            create_image(client)

    def test_the_end_of_a_build_makes_room(self, client: Any, mocked: Control, running: str) -> None:
        mocked.advance(running, to="AVAILABLE")
        create_image(client)
        with over("Concurrent builds", 1):
            create_image(client)

    def test_a_cancelled_build_makes_room(self, client: Any, running: str) -> None:
        client.cancel_image_creation(imageBuildVersionArn=running)
        create_image(client)

    def test_a_failed_build_makes_room(self, client: Any, mocked: Control, running: str) -> None:
        mocked.advance(running, to="AVAILABLE")
        mocked.fail_next_build()
        mocked.advance(create_image(client), to="FAILED")
        create_image(client)

    def test_a_repeated_request_at_the_limit(self, client: Any, mocked: Control) -> None:
        mocked.set_quota("Concurrent builds", 1)
        mocked.progress("manual", times=1000)
        arn = create_image(client, clientToken="once")
        assert create_image(client, clientToken="once") == arn

    def test_a_refused_build_takes_no_failure(self, client: Any, mocked: Control, running: str) -> None:
        mocked.fail_next_build("CREATING", reason="disk full")
        with over("Concurrent builds", 1):
            create_image(client)
        mocked.advance(running, to="AVAILABLE")
        arn = create_image(client)
        mocked.advance(arn, to="FAILED")
        assert state_of(client, arn)["reason"] == "disk full"

    def test_imports_count(self, client: Any, mocked: Control) -> None:
        mocked.import_task("import-ami-00000000000000001", state="active")
        mocked.set_quota("Concurrent builds", 1)
        import_image(client, vmImportTaskId="import-ami-00000000000000001")
        with over("Concurrent builds", 1):
            import_image(client, "another")
        mocked.import_task("import-ami-00000000000000001", state="completed")
        import_image(client, "another")

    def test_pipelines_count(self, client: Any, mocked: Control, running: str) -> None:
        pipeline = create_pipeline(client)
        with over("Concurrent builds", 1):
            client.start_image_pipeline_execution(imagePipelineArn=pipeline)
        assert "dateLastRun" not in client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]
        mocked.advance(running, to="AVAILABLE")
        client.start_image_pipeline_execution(imagePipelineArn=pipeline)
        with over("Concurrent builds", 1):
            create_image(client)

    def test_retries_count(self, client: Any, mocked: Control) -> None:
        mocked.fail_next_build("TESTING")
        failed = create_image(client)
        mocked.set_quota("Concurrent builds", 1)
        mocked.progress("manual", times=1000)
        running = create_image(client)
        with over("Concurrent builds", 1):
            client.retry_image(imageBuildVersionArn=failed)
        assert state_of(client, failed)["status"] == "FAILED"
        mocked.advance(running, to="AVAILABLE")
        client.retry_image(imageBuildVersionArn=failed)
        with over("Concurrent builds", 1):
            create_image(client)

    def test_distributions_count(self, client: Any, running: str, mocked: Control, iam: Any) -> None:
        role = lifecycles.create_role("distribution")
        configuration = client.create_distribution_configuration(name="web", distributions=PLAIN)
        request = {
            "sourceImage": running,
            "distributionConfigurationArn": configuration["distributionConfigurationArn"],
            "executionRole": role,
        }
        mocked.advance(running, to="AVAILABLE")
        following = create_image(client)
        with over("Concurrent builds", 1):
            client.distribute_image(**request)
        mocked.advance(following, to="AVAILABLE")
        client.distribute_image(**request)
        with over("Concurrent builds", 1):
            create_image(client)


class TestSetting:
    def test_lower_than_what_there_is(self, client: Any, mocked: Control) -> None:
        family = FAMILIES[0]
        arns = [family.create(client, name) for name in ("one", "two")]
        mocked.set_quota("Components", 1)
        assert family.count(client) == 2
        family.delete(client, arns[0])
        with over("Components", 1):
            family.create(client, "three")

    @pytest.mark.parametrize("name", ["image pipelines", "Images", ""])
    def test_unknown_names(self, mocked: Control, name: str) -> None:
        with pytest.raises(
            ValueError, match=rf"^name must be one of Components, .*, Lifecycle policies, not '{name}'$"
        ):
            mocked.set_quota(name, 1)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_limits_are_positive(self, mocked: Control, limit: int) -> None:
        with pytest.raises(ValueError, match=r"^limit must be positive, or None$"):
            mocked.set_quota("Components", limit)

    def test_is_forgotten_with_the_mock(self) -> None:
        family = FAMILIES[0]
        with mock_imagebuilder() as imagebuilder:
            imagebuilder.set_quota("Components", 1)
        with mock_imagebuilder():
            client = boto3.client("imagebuilder", region_name=REGION)
            for name in ("one", "two"):
                family.create(client, name)


def test_over_http() -> None:
    family = FAMILIES[0]
    with serving() as address:
        address.reset()
        client = address.client("imagebuilder")
        for body in ({"name": "Components", "limit": 1}, {"name": "Components", "limit": 1, "region": OTHER_REGION}):
            assert address.steer("set-quota", **body).json() == {"result": None}
        arn = family.create(client, "one")
        with over("Components", 1):
            family.create(client, "two")
        family.delete(client, arn)
        family.create(client, "two")
        answer = address.steer("set-quota", name="Components", limit=0)
        assert (answer.status_code, answer.json()) == (400, {"message": "limit must be positive, or None"})
        assert address.steer("set-quota", name="Components", limit=None).ok
        family.create(client, "three")
        assert address.steer("set-quota", name="Components", limit=1).ok
        address.reset()
        for name in ("one", "two"):
            family.create(client, name)
        address.reset()
