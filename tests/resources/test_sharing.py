"""What one account shares with another: found, listed and used there, and by nobody else."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import PARENT_IMAGE, create_infrastructure, create_pipeline
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, get_image
from ..refusals import WILDCARD_NOT_LAST, invalid, not_found
from .components import component_document, create_component, get_component
from .container_recipes import create_repository
from .sharings import (
    COMPONENT,
    CONTAINER_RECIPE,
    IMAGE,
    IMAGE_RECIPE,
    KINDS,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    Shareable,
    other,
    policy_of,
)


@pytest.fixture(params=KINDS, ids=[shareable.kind for shareable in KINDS])
def kind(request: pytest.FixtureRequest, client: Any) -> Shareable:
    """What can be shared, each in turn."""
    create_repository()
    shareable: Shareable = request.param
    return shareable


@pytest.fixture
def arn(client: Any, kind: Shareable) -> str:
    return kind.create(client)


@pytest.fixture
def ram(mocked: Control) -> Any:
    return boto3.client("ram", region_name=REGION)


def version_of(arn: str) -> str:
    """The ARN in the lists of versions."""
    return arn.rpartition("/")[0] if arn.count("/") == 3 else arn


def wildcard_of(arn: str) -> str:
    return arn.partition("/1.")[0] + "/x.x.x"


class TestOneAccount:
    def test_gets_what_is_shared_with_it(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        own = kind.get(client, arn)
        for reference in (arn, wildcard_of(arn), arn.replace("/1.0.0", "/1.x.x").removesuffix("/1")):
            assert kind.get(other(), reference) == own
        if kind is not IMAGE:
            assert own["owner"] == ACCOUNT

    def test_lists_what_is_shared_with_it(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        (summary,) = kind.entries(other(), owner="Shared")
        assert (summary["arn"], summary["owner"]) == (version_of(arn), ACCOUNT)
        assert summary == kind.entries(client, owner="Self")[0]
        assert kind.entries(other()) == []

    def test_does_not_see_what_is_not_shared(self, client: Any, kind: Shareable, arn: str) -> None:
        self.sees_nothing(kind, arn)

    def test_does_not_see_what_is_shared_with_others(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn, THIRD_ACCOUNT)
        self.sees_nothing(kind, arn)
        assert kind.shared_arns(other(THIRD_ACCOUNT)) == [version_of(arn)]

    def test_does_not_see_what_is_shared_no_more(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        kind.share(client, arn, THIRD_ACCOUNT)
        self.sees_nothing(kind, arn)

    def test_does_not_see_what_is_shared_in_another_region(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        elsewhere = other(region="eu-west-1")
        assert kind.shared_arns(elsewhere) == []
        with not_found(kind.kind, arn):
            kind.get(elsewhere, arn)

    @staticmethod
    def sees_nothing(kind: Shareable, arn: str) -> None:
        assert kind.shared_arns(other()) == []
        for reference in (arn, wildcard_of(arn)):
            with not_found(kind.kind, reference):
                kind.get(other(), reference)


def test_the_owner_shares_nothing_with_itself(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, ACCOUNT, OTHER_ACCOUNT)
    assert kind.shared_arns(client) == []
    assert len(kind.entries(client)) == 1


def test_what_is_shared_cannot_be_changed_by_others(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn)
    with not_found(kind.kind, arn):
        kind.delete(other(), arn)
    with not_found(kind.kind, arn):
        kind.share(other(), arn, THIRD_ACCOUNT)
    with not_found(kind.kind, arn):
        other().tag_resource(resourceArn=arn, tags={"team": "web"})


@pytest.mark.parametrize(
    "principal", ["{}", "arn:aws:iam::{}:root", "arn:aws:iam::{}:user/alice", "arn:aws:iam::{}:role/ci"]
)
def test_whoever_is_in_the_account_counts_as_the_account(
    client: Any, kind: Shareable, arn: str, principal: str
) -> None:
    kind.share(client, arn, principal.format(OTHER_ACCOUNT))
    assert kind.get(other(), arn)
    assert kind.shared_arns(other(THIRD_ACCOUNT)) == []


def test_get_alone_does_not_list(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, Action=kind.actions("Get"))
    assert kind.get(other(), arn)
    assert kind.shared_arns(other()) == []


def test_list_alone_does_not_get(client: Any, kind: Shareable, arn: str) -> None:
    kind.share(client, arn, Action=kind.actions("List"))
    assert kind.shared_arns(other()) == [version_of(arn)]
    with not_found(kind.kind, arn):
        kind.get(other(), arn)


def test_each_statement_is_for_its_own_principals(client: Any, kind: Shareable, arn: str) -> None:
    policy = policy_of(
        kind.statement(arn, OTHER_ACCOUNT, Action=kind.actions("Get")),
        kind.statement(arn, THIRD_ACCOUNT, Action=kind.actions("List")),
    )
    kind.put_policy(client, arn, policy)
    assert kind.get(other(), arn)
    assert kind.shared_arns(other()) == []
    assert kind.shared_arns(other(THIRD_ACCOUNT)) == [version_of(arn)]


class TestWildcards:
    """They mean what is shared of a name, and nothing else of it."""

    def test_the_newest_build_that_is_shared(self, client: Any) -> None:
        arns = [create_component(client, data=component_document(f"echo {number}")) for number in range(3)]
        for arn in (arns[1], arns[0]):
            COMPONENT.share(client, arn)
        assert get_component(other(), wildcard_of(arns[0]))["arn"] == arns[1]
        assert get_component(client, wildcard_of(arns[0]))["arn"] == arns[2]
        with not_found("Component", arns[2]):
            get_component(other(), arns[2])

    def test_the_highest_version_that_is_shared(self, client: Any) -> None:
        for version in ("1.9.0", "1.10.0", "2.0.0"):
            arn = create_component(client, semanticVersion=version)
            if version != "2.0.0":
                COMPONENT.share(client, arn)
        found = get_component(other(), wildcard_of(arn.replace("/2.", "/1.")))
        assert found["version"] == "1.10.0"

    def test_the_newest_image_that_is_available(self, mocked: Control, client: Any) -> None:
        first = IMAGE.create(client)
        mocked.fail_next_build("PENDING")
        failed = IMAGE.create(client)
        for arn in (first, failed):
            IMAGE.share(client, arn)
        assert get_image(other(), wildcard_of(first))["arn"] == first
        assert get_image(other(), failed)["state"]["status"] == "FAILED"

    def test_a_number_right_of_a_wildcard(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        with invalid(kind.get_member, WILDCARD_NOT_LAST):
            kind.get(other(), wildcard_of(arn).replace("x.x.x", "x.0.0"))


class TestLists:
    def test_of_several_accounts_in_arn_order(self, kind: Shareable, client: Any) -> None:
        create_repository_of(THIRD_ACCOUNT)
        for owner in (client, other(THIRD_ACCOUNT)):
            kind.share(owner, kind.create(owner))
        first, second = kind.shared_arns(other())
        assert (first.split(":")[4], second.split(":")[4]) == (ACCOUNT, THIRD_ACCOUNT)

    def test_page_by_page(self, client: Any) -> None:
        for number in range(5):
            COMPONENT.share(client, create_component(client, f"web-{number}"))
        pages = other().get_paginator("list_components").paginate(owner="Shared", PaginationConfig={"PageSize": 2})
        names = [[entry["name"] for entry in page["componentVersionList"]] for page in pages]
        assert names == [["web-0", "web-1"], ["web-2", "web-3"], ["web-4"]]

    def test_filters(self, client: Any, kind: Shareable, arn: str) -> None:
        kind.share(client, arn)
        name = kind.get(client, arn)["name"]
        for value, expected in ((name, 1), (f"{name[:2]}*", 1), ("nothing", 0)):
            found = kind.shared_arns(other(), filters=[{"name": "name", "values": [value]}])
            assert len(found) == expected
        assert kind.shared_arns(other(), filters=[{"name": "platform", "values": ["Windows"]}]) == []

    @pytest.mark.parametrize("kind", [COMPONENT, IMAGE], indirect=True)
    def test_by_name(self, client: Any, kind: Shareable, arn: str) -> None:
        newer = kind.create(client, semanticVersion="1.1.0")
        for each in (arn, newer):
            kind.share(client, each)
        assert kind.shared_arns(other()) == [version_of(arn), version_of(newer)]
        assert kind.shared_arns(other(), byName=True) == [version_of(newer)]

    def test_builds_are_only_ones_own(self, client: Any) -> None:
        component, image = COMPONENT.create(client), IMAGE.create(client)
        COMPONENT.share(client, component)
        IMAGE.share(client, image)
        builds = other().list_component_build_versions(componentVersionArn=version_of(component))
        assert builds["componentSummaryList"] == []
        assert other().list_image_build_versions(imageVersionArn=version_of(image))["imageSummaryList"] == []


def create_repository_of(account_id: str) -> None:
    client_of("ecr", account_id).create_repository(repositoryName="web")


class TestUse:
    """Others' resources in one's own recipes, images and pipelines."""

    def test_a_component_in_a_recipe(self, client: Any) -> None:
        arn = COMPONENT.create(client)
        parts = {"parentImage": PARENT_IMAGE, "components": [{"componentArn": wildcard_of(arn)}]}
        with not_found("Component", wildcard_of(arn)):
            other().create_image_recipe(name="web", semanticVersion="1.0.0", **parts)
        COMPONENT.share(client, arn)
        recipe = other().create_image_recipe(name="web", semanticVersion="1.0.0", **parts)["imageRecipeArn"]
        assert other().get_image_recipe(imageRecipeArn=recipe)["imageRecipe"]["components"] == parts["components"]

    def test_a_recipe_for_an_image(self, client: Any) -> None:
        component, recipe = COMPONENT.create(client), None
        recipe = IMAGE_RECIPE.create(client)
        infrastructure = infrastructure_of(OTHER_ACCOUNT)
        parts = {"imageRecipeArn": wildcard_of(recipe), "infrastructureConfigurationArn": infrastructure}
        with not_found("ImageRecipe", parts["imageRecipeArn"]):
            create_image(other(), **parts)
        COMPONENT.share(client, component)
        IMAGE_RECIPE.share(client, recipe)
        arn = create_image(other(), **parts)
        image = get_image(other(), arn)
        assert arn == f"arn:aws:imagebuilder:{REGION}:{OTHER_ACCOUNT}:image/web/1.0.0/1"
        assert (image["state"]["status"], image["imageRecipe"]["arn"]) == ("AVAILABLE", recipe)
        assert image["outputResources"]["amis"][0]["accountId"] == OTHER_ACCOUNT

    def test_a_recipe_for_a_pipeline(self, client: Any) -> None:
        recipe, infrastructure = IMAGE_RECIPE.create(client), infrastructure_of(OTHER_ACCOUNT)
        parts = {"imageRecipeArn": recipe, "infrastructureConfigurationArn": infrastructure}
        with not_found("ImageRecipe", recipe):
            create_pipeline(other(), **parts)
        IMAGE_RECIPE.share(client, recipe)
        pipeline = create_pipeline(other(), **parts)
        started = other().start_image_pipeline_execution(imagePipelineArn=pipeline)
        assert get_image(other(), started["imageBuildVersionArn"])["state"]["status"] == "AVAILABLE"

    def test_a_recipe_whose_component_is_not_shared(self, client: Any) -> None:
        component = COMPONENT.create(client)
        recipe = IMAGE_RECIPE.create(client, components=[{"componentArn": component}])
        IMAGE_RECIPE.share(client, recipe)
        infrastructure = infrastructure_of(OTHER_ACCOUNT)
        arn = create_image(other(), imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure)
        state = get_image(other(), arn)["state"]
        assert state["status"] == "FAILED"
        assert state["reason"] == f"The following required resource 'Component' cannot be found: '{component}'."

    def test_a_container_recipe_for_an_image(self, client: Any) -> None:
        create_repository()
        create_repository_of(OTHER_ACCOUNT)
        recipe, infrastructure = CONTAINER_RECIPE.create(client), infrastructure_of(OTHER_ACCOUNT)
        parts = {"containerRecipeArn": recipe, "infrastructureConfigurationArn": infrastructure}
        with not_found("ContainerRecipe", recipe):
            other().create_image(**parts)
        CONTAINER_RECIPE.share(client, recipe)
        arn = other().create_image(**parts)["imageBuildVersionArn"]
        assert get_image(other(), arn)["containerRecipe"]["arn"] == recipe

    def test_an_image_as_parent(self, client: Any) -> None:
        arn = IMAGE.create(client)
        (ami,) = get_image(client, arn)["outputResources"]["amis"]
        with not_found("Image", arn):
            IMAGE_RECIPE.create(other(), parentImage=arn)
        IMAGE.share(client, arn)
        # The image is shared, its AMI is not.
        with invalid("parentImage", "You are not authorized to use the provided image."):
            IMAGE_RECIPE.create(other(), parentImage=arn)
        client_of("ec2").modify_image_attribute(
            ImageId=ami["image"], LaunchPermission={"Add": [{"UserId": OTHER_ACCOUNT}]}
        )
        recipe = IMAGE_RECIPE.create(other(), parentImage=wildcard_of(arn))
        built = create_image(
            other(), imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure_of(OTHER_ACCOUNT)
        )
        image = get_image(other(), built)
        assert (image["imageRecipe"]["parentImage"], image["imageSource"]) == (arn, "IMPORTED")


def infrastructure_of(account_id: str) -> str:
    client_of("iam", account_id).create_instance_profile(InstanceProfileName="builder")
    return create_infrastructure(other(account_id), "builder")


@pytest.mark.parametrize("kind", KINDS[:3], indirect=True, ids=[shareable.kind for shareable in KINDS[:3]])
class TestResourceShares:
    """Sharing with AWS RAM. moto's knows no container recipes."""

    def test_a_share(self, client: Any, ram: Any, kind: Shareable, arn: str) -> None:
        share = ram.create_resource_share(name="golden", resourceArns=[arn], principals=[OTHER_ACCOUNT])
        assert kind.get(other(), wildcard_of(arn)) == kind.get(client, arn)
        assert kind.shared_arns(other()) == [version_of(arn)]
        assert kind.shared_arns(other(THIRD_ACCOUNT)) == []
        ram.delete_resource_share(resourceShareArn=share["resourceShare"]["resourceShareArn"])
        assert kind.shared_arns(other()) == []

    def test_a_share_of_what_is_not_there(self, ram: Any, kind: Shareable, arn: str) -> None:
        missing = arn.replace("/1.0.0", "/3.0.0")
        ram.create_resource_share(name="golden", resourceArns=[missing], principals=[OTHER_ACCOUNT])
        assert kind.shared_arns(other()) == []

    def test_a_share_by_somebody_else(self, kind: Shareable, arn: str) -> None:
        theirs = client_of("ram", THIRD_ACCOUNT)
        theirs.create_resource_share(name="golden", resourceArns=[arn], principals=[OTHER_ACCOUNT])
        assert kind.shared_arns(other()) == []

    def test_a_share_within_the_organization_only(self, ram: Any, kind: Shareable, arn: str) -> None:
        organizations = client_of("organizations")
        organizations.create_organization(FeatureSet="ALL")
        member = new_account(organizations)
        ram.create_resource_share(
            name="golden", resourceArns=[arn], principals=[member, OTHER_ACCOUNT], allowExternalPrincipals=False
        )
        assert kind.shared_arns(other(member)) == [version_of(arn)]
        assert kind.shared_arns(other()) == []


def new_account(organizations: Any, parent: str | None = None) -> str:
    """The id of a new account of an organization."""
    status = organizations.create_account(Email="builder@example.com", AccountName="builder")["CreateAccountStatus"]
    account_id: str = status["AccountId"]
    if parent is not None:
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=parent)
    return account_id


class TestOrganizations:
    @pytest.fixture
    def organizations(self, mocked: Control) -> Any:
        organizations = client_of("organizations")
        organizations.create_organization(FeatureSet="ALL")
        return organizations

    def test_its_accounts(self, client: Any, organizations: Any, kind: Shareable, arn: str) -> None:
        member = new_account(organizations)
        kind.share(client, arn, organizations.describe_organization()["Organization"]["Arn"])
        assert kind.get(other(member), arn)
        assert kind.shared_arns(other(member)) == [version_of(arn)]
        assert kind.shared_arns(other()) == []

    def test_the_accounts_of_a_unit(self, client: Any, organizations: Any) -> None:
        root = organizations.list_roots()["Roots"][0]["Id"]
        units = []
        for parent, name in ((root, "builders"), (root, "others")):
            units.append(organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"])
        inner = organizations.create_organizational_unit(ParentId=units[0]["Id"], Name="linux")["OrganizationalUnit"]
        parents = (units[0]["Id"], inner["Id"], units[1]["Id"], None)
        accounts = [new_account(organizations, parent) for parent in parents]
        arn = COMPONENT.create(client)
        COMPONENT.share(client, arn, units[0]["Arn"])
        assert [len(COMPONENT.shared_arns(other(account))) for account in accounts] == [1, 1, 0, 0]

    @pytest.mark.parametrize(
        "principal",
        [
            "arn:aws:organizations::{account}:organization/o-unknown0000",
            "arn:aws:organizations::{account}:ou/o-unknown0000/ou-a1b2-f6g7h111",
            "arn:aws:organizations::{account}:ou/{organization}/ou-a1b2-f6g7h111",
            "arn:aws:organizations::{other}:organization/{organization}",
        ],
    )
    def test_an_unknown_organization_has_no_accounts(self, client: Any, organizations: Any, principal: str) -> None:
        member = new_account(organizations)
        id_ = organizations.describe_organization()["Organization"]["Id"]
        arn = COMPONENT.create(client)
        COMPONENT.share(client, arn, principal.format(account=ACCOUNT, other=OTHER_ACCOUNT, organization=id_))
        assert COMPONENT.shared_arns(other(member)) == []

    def test_without_organizations_nobody_is_in_one(self, client: Any) -> None:
        arn = COMPONENT.create(client)
        COMPONENT.share(client, arn, f"arn:aws:organizations::{ACCOUNT}:organization/o-abcdefghij")
        assert COMPONENT.shared_arns(other()) == []
