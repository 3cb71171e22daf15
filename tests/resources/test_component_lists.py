"""ListComponents and ListComponentBuildVersions: what they show, filters, owners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion, ProductCode

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from .components import builds, component_document, create_component, versions

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"


def filtered(client: ImagebuilderClient, *filters: tuple[str, list[str]], **request: Any) -> list[str]:
    return versions(client, filters=[{"name": name, "values": values} for name, values in filters], **request)


def set_status(arn: str, status: str) -> None:
    """No operation takes an own component out of use; the service's states have to be set."""
    imagebuilder_backends[ACCOUNT][REGION].components.get(arn).update(state={"status": status})


# ---- what is shown ----


def test_a_version_shows_its_newest_build_and_its_first_date(client: ImagebuilderClient) -> None:
    with freeze_time("2026-09-09T18:31:49.000Z"):
        create_component(client, "Install Nginx", supportedOsVersions=["Ubuntu 24"])
    create_component(
        client, "install-nginx", description="Installs it", data=component_document(phase="test"), tags={"a": "b"}
    )
    answer = client.list_components()
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "nextToken" not in answer
    assert answer["componentVersionList"] == [
        {
            "arn": f"{ARN}install-nginx/1.0.0",
            "name": "Install Nginx",
            "version": "1.0.0",
            "description": "Installs it",
            "platform": "Linux",
            "type": "TEST",
            "owner": ACCOUNT,
            "dateCreated": "2026-09-09T18:31:49.000Z",
            "status": "ACTIVE",
        }
    ]


def test_a_build_shows_its_own_members(client: ImagebuilderClient) -> None:
    with freeze_time("2026-09-09T18:35:23.098Z"):
        create_component(
            client,
            description="Installs it",
            changeDescription="Uses dnf",
            supportedOsVersions=["Amazon Linux 2023"],
            kmsKeyId="arn:aws:kms:us-east-1:123456789012:alias/components",
            tags={"Environment": "Production"},
        )
    answer = client.list_component_build_versions(componentVersionArn=f"{ARN}install-nginx/1.0.0")
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "nextToken" not in answer
    assert answer["componentSummaryList"] == [
        {
            "arn": f"{ARN}install-nginx/1.0.0/1",
            "name": "install-nginx",
            "version": "1.0.0",
            "platform": "Linux",
            "supportedOsVersions": ["Amazon Linux 2023"],
            "state": {"status": "ACTIVE"},
            "type": "BUILD",
            "owner": ACCOUNT,
            "description": "Installs it",
            "changeDescription": "Uses dnf",
            "dateCreated": "2026-09-09T18:35:23.098Z",
            "tags": {"Environment": "Production"},
        }
    ]


def test_versions_are_in_the_order_of_their_arns(client: ImagebuilderClient) -> None:
    for name, version in [("web", "1.0.1"), ("web", "1.0.0"), ("App", "2.0.0"), ("web-2", "1.0.0")]:
        create_component(client, name, semanticVersion=version)
    create_component(client, "web", semanticVersion="1.0.0", description="second build")
    assert versions(client) == ["app/2.0.0", "web-2/1.0.0", "web/1.0.0", "web/1.0.1"]
    assert versions(client, owner="Self") == versions(client, byName=False) == versions(client)


def test_by_name_shows_the_highest_version_of_each(client: ImagebuilderClient) -> None:
    for name, version in [("web", "1.9.0"), ("web", "1.10.0"), ("app", "2.0.0"), ("web-2", "0.0.1")]:
        create_component(client, name, semanticVersion=version)
    assert versions(client, byName=True) == ["app/2.0.0", "web-2/0.0.1", "web/1.10.0"]
    assert filtered(client, ("name", ["web*"]), byName=True) == ["web-2/0.0.1", "web/1.10.0"]
    assert filtered(client, ("version", ["1.9.0"]), byName=False) == ["web/1.9.0"]
    message = (
        "The value supplied for parameter 'byName' is not valid. The version filter can't be used when byName is true."
    )
    with refused("InvalidParameterCombinationException", 400, message):
        filtered(client, ("version", ["1.9.0"]), byName=True)


def test_builds_are_newest_first(client: ImagebuilderClient) -> None:
    create_component(client, "web")
    create_component(client, "app")
    for number in range(2, 12):
        create_component(client, "web", description=f"build {number}")
    of_web = [f"web/1.0.0/{number}" for number in range(11, 0, -1)]
    assert builds(client, componentVersionArn=f"{ARN}web/1.0.0") == of_web
    assert builds(client) == [*of_web[:-1], "app/1.0.0/1", "web/1.0.0/1"]


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}web/1.0.1",
        f"{ARN}web/99999999999.0.0",
        f"{ARN}other/1.0.0",
        f"arn:aws:imagebuilder:{REGION}:111122223333:component/web/1.0.0",
        f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:component/web/1.0.0",
        f"arn:aws:imagebuilder:{REGION}:aws:component/update-linux/1.0.2",
    ],
)
def test_builds_of_what_is_not_ones_own_are_none(client: ImagebuilderClient, arn: str) -> None:
    create_component(client, "web")
    answer = client.list_component_build_versions(componentVersionArn=arn)
    assert answer["componentSummaryList"] == []
    assert "nextToken" not in answer


@pytest.mark.parametrize("version", ["1.0.x", "x.x.x", "1.0.0/1"])
def test_builds_are_listed_of_an_exact_version(client: ImagebuilderClient, version: str) -> None:
    frame = "The value supplied for parameter 'componentVersionArn' is not valid. "
    message = re.compile(re.escape(frame) + r"componentVersionArn must match pattern \^arn:.*\$")
    with refused("InvalidParameterValueException", 400, message):
        builds(client, componentVersionArn=f"{ARN}web/{version}")


def test_deprecated_ones_are_left_out(client: ImagebuilderClient) -> None:
    names = ("active", "deprecated", "disabled")
    arns = {name: create_component(client, name) for name in names}
    set_status(arns["deprecated"], "DEPRECATED")
    set_status(arns["disabled"], "DISABLED")
    assert versions(client) == ["active/1.0.0", "disabled/1.0.0"]
    assert versions(client, byName=True) == ["active/1.0.0", "disabled/1.0.0"]
    assert builds(client) == ["disabled/1.0.0/1", "active/1.0.0/1"]
    assert builds(client, componentVersionArn=f"{ARN}deprecated/1.0.0") == []
    assert filtered(client, ("status", ["DEPRECATED"])) == ["deprecated/1.0.0"]
    assert filtered(client, ("status", ["DEPRECATED", "ACTIVE"])) == ["active/1.0.0", "deprecated/1.0.0"]


# ---- filters ----


@pytest.fixture
def catalogue(client: ImagebuilderClient) -> ImagebuilderClient:
    """A client that has components of every kind."""
    create_component(client, "Web Server", description="Installs nginx", supportedOsVersions=["Ubuntu 24", "Ubuntu 22"])
    create_component(
        client, "web-server-test", data=component_document(phase="test"), supportedOsVersions=["Ubuntu 24"]
    )
    create_component(client, "web-server-test", semanticVersion="1.1.0", data=component_document(phase="test"))
    create_component(client, "mac-web", platform="macOS", description="Installs Installs nginx")
    return client


SERVER, TEST_1, TEST_2, MAC = "web-server/1.0.0", "web-server-test/1.0.0", "web-server-test/1.1.0", "mac-web/1.0.0"


@pytest.mark.parametrize(
    ("name", "values", "shown"),
    [
        ("name", ["Web Server"], [SERVER]),
        ("name", ["web-server"], []),
        ("name", ["Web*"], [SERVER]),
        ("name", ["web*"], [TEST_1, TEST_2]),
        ("name", ["*web*"], [MAC, TEST_1, TEST_2]),
        ("name", ["*web"], []),
        ("name", ["w*b"], []),
        ("name", ["mac-web", "Web Server"], [MAC, SERVER]),
        ("description", ["Installs nginx"], [SERVER]),
        ("description", ["Installs*"], []),
        ("description", ["installs nginx"], []),
        ("platform", ["macOS"], [MAC]),
        ("platform", ["Linux", "macOS"], [MAC, TEST_1, TEST_2, SERVER]),
        ("platform", ["linux"], []),
        ("productCodes", ["9bztusbna2lfuk6zw7upzdvsv"], []),
        ("status", ["ACTIVE"], [MAC, TEST_1, TEST_2, SERVER]),
        ("status", ["DISABLED"], []),
        ("supportedOsVersion", ["Ubuntu 22"], [SERVER]),
        ("supportedOsVersion", ["Ubuntu 24"], [TEST_1, SERVER]),
        ("supportedOsVersion", ["Ubuntu"], []),
        ("type", ["TEST"], [TEST_1, TEST_2]),
        ("type", ["BUILD"], [MAC, SERVER]),
        ("version", ["1.1.0"], [TEST_2]),
        ("version", ["1.x.x"], []),
    ],
)
def test_a_filter_keeps_what_has_one_of_its_values(
    catalogue: ImagebuilderClient, name: str, values: list[str], shown: list[str]
) -> None:
    assert filtered(catalogue, (name, values)) == shown


def test_all_filters_have_to_match(catalogue: ImagebuilderClient) -> None:
    assert filtered(catalogue, ("type", ["TEST"]), ("version", ["1.0.0"]), ("name", ["web*"])) == [TEST_1]
    assert filtered(catalogue, ("type", ["TEST"]), ("platform", ["macOS"])) == []


@pytest.mark.parametrize("name", ["Name", "owner", "osVersion"])
def test_other_filters_are_refused(client: ImagebuilderClient, name: str) -> None:
    message = (
        "The value supplied for parameter 'filters[1].name' is not valid. Valid filter names are: "
        "description, name, platform, productCodes, status, supportedOsVersion, type, version."
    )
    for owner in ("Self", "Shared", "Amazon"):
        with refused("InvalidParameterValueException", 400, message):
            filtered(client, ("name", ["a"]), (name, ["a"]), owner=owner)


# ---- owners ----


def test_amazons_components_are_listed_for_their_owner(client: ImagebuilderClient) -> None:
    create_component(client)
    assert filtered(client, ("name", ["update-linux"]), owner="Amazon") == ["update-linux/1.0.0", "update-linux/1.0.2"]
    assert filtered(client, ("name", ["update-linux"])) == []
    both = ("name", ["update-linux", "update-win*"])
    assert filtered(client, both, owner="Amazon", byName=True) == ["update-linux/1.0.2", "update-windows/1.0.1"]
    (entry,) = client.list_components(
        owner="Amazon",
        filters=[{"name": "name", "values": ["update-linux"]}, {"name": "version", "values": ["1.0.2"]}],
    )["componentVersionList"]
    assert entry == {
        "arn": f"arn:aws:imagebuilder:{REGION}:aws:component/update-linux/1.0.2",
        "dateCreated": "2021-09-28T18:01:20.806Z",
        "description": "Updates Linux by installing all available updates via the UpdateOS action module.",
        "name": "update-linux",
        "owner": "Amazon",
        "platform": "Linux",
        "status": "ACTIVE",
        "type": "BUILD",
        "version": "1.0.2",
    }


def test_other_publishers_have_lists_of_their_own(client: ImagebuilderClient) -> None:
    create_component(client)
    assert versions(client, owner="ThirdParty") == ["cis-benchmark-level-1-amazon-linux/1.0.0"]
    ubuntu = "ubuntu-pro-component-prod-w2osc53uiegx4/1.0.0"
    assert ubuntu in versions(client, owner="AWSMarketplace")
    by_code = ("productCodes", ["9bztusbna2lfuk6zw7upzdvsv"])
    assert filtered(client, by_code, owner="AWSMarketplace") == [ubuntu]
    assert filtered(client, by_code, owner="Amazon") == []
    (entry,) = client.list_components(
        owner="AWSMarketplace", filters=[{"name": "supportedOsVersion", "values": ["Ubuntu 22"]}]
    )["componentVersionList"]
    assert entry["productCodes"] == [{"productCodeId": "9bztusbna2lfuk6zw7upzdvsv", "productCodeType": "marketplace"}]
    assert versions(client, owner="Shared") == []


def test_a_catalogue_may_have_more(client: ImagebuilderClient) -> None:
    def published(slug: str, **members: Any) -> ManagedComponent:
        released = (ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),)
        return ManagedComponent(slug, slug, "Linux", "BUILD", released, owner="ThirdParty", **members)

    imagebuilder_backends.extra_catalogue += [
        published("acme-agent", product_codes=(ProductCode("abc123"),)),
        published("acme-old-agent", withdrawn=True),
    ]
    cis = "cis-benchmark-level-1-amazon-linux/1.0.0"
    assert versions(client, owner="ThirdParty") == ["acme-agent/1.0.0", cis]
    assert filtered(client, ("productCodes", ["abc123"]), owner="ThirdParty") == ["acme-agent/1.0.0"]
    assert filtered(client, ("status", ["DEPRECATED"]), owner="ThirdParty") == ["acme-old-agent/1.0.0"]


def test_a_changed_catalogue_is_read_again(client: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = ("name", ["update-linux"])
    assert filtered(client, by_name, owner="Amazon") == ["update-linux/1.0.0", "update-linux/1.0.2"]
    released = (ManagedVersion("3.0.0", "2026-01-01T00:00:00.000Z"),)
    imagebuilder_backends.extra_catalogue.append(
        ManagedComponent("update-linux", "update-linux", "Linux", "BUILD", released)
    )
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    assert filtered(client, by_name, owner="Amazon") == ["update-linux/3.0.0"]
    monkeypatch.delenv("MOTO_ACCOUNT_ID")
    assert filtered(client, by_name, owner="Amazon") == ["update-linux/1.0.0", "update-linux/1.0.2"]
