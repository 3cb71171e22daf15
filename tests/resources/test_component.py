"""Components: created from documents, and got by every kind of ARN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from freezegun import freeze_time
from moto.core.model_instances import model_data

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedVersion

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from .components import component_document, create_component, get_component, not_found

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"
AMAZON = f"arn:aws:imagebuilder:{REGION}:aws:component/"
WILDCARD = (
    "The value supplied for parameter 'componentBuildVersionArn' is not valid. "
    "Every node right of a wildcard must be a wildcard too."
)


# ---- create ----


def test_a_plain_component_is_answered_and_got_back(client: ImagebuilderClient) -> None:
    document = component_document("echo hello")
    with freeze_time("2026-01-27T20:43:30.306Z"):
        answer = client.create_component(
            name="Install Nginx_1", semanticVersion="1.2.3", platform="Linux", data=document, clientToken="token-1"
        )
    references = {
        "latestVersionArn": f"{ARN}install-nginx-1/x.x.x",
        "latestMajorVersionArn": f"{ARN}install-nginx-1/1.x.x",
        "latestMinorVersionArn": f"{ARN}install-nginx-1/1.2.x",
        "latestPatchVersionArn": f"{ARN}install-nginx-1/1.2.3",
    }
    metadata = answer.pop("ResponseMetadata")  # type: ignore[misc]
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token-1",
        "componentBuildVersionArn": f"{ARN}install-nginx-1/1.2.3/1",
        "latestVersionReferences": references,
    }
    got = client.get_component(componentBuildVersionArn=f"{ARN}install-nginx-1/1.2.3/1")
    assert got["latestVersionReferences"] == references
    assert got["component"] == {
        "arn": f"{ARN}install-nginx-1/1.2.3/1",
        "name": "Install Nginx_1",
        "version": "1.2.3",
        "type": "BUILD",
        "platform": "Linux",
        "state": {"status": "ACTIVE"},
        "owner": ACCOUNT,
        "data": document,
        "encrypted": True,
        "dateCreated": "2026-01-27T20:43:30.306Z",
        "tags": {},
    }


def test_every_optional_member_comes_back(client: ImagebuilderClient) -> None:
    head = "parameters:\n  - Package: {type: string, default: nginx, description: What to install}\n"
    given: dict[str, Any] = {
        "description": "Installs a package",
        "changeDescription": "First version",
        "supportedOsVersions": ["Amazon Linux 2023", "Ubuntu 24"],
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "tags": {"Environment": "Production"},
    }
    component = get_component(
        client, create_component(client, data=component_document("echo {{Package}}", head=head), **given)
    )
    assert {member: component[member] for member in given} == given
    assert component["parameters"] == [
        {"name": "Package", "type": "string", "defaultValue": ["nginx"], "description": "What to install"}
    ]


@pytest.mark.parametrize(("phase", "type_"), [("build", "BUILD"), ("validate", "BUILD"), ("test", "TEST")])
def test_the_document_decides_on_the_type(client: ImagebuilderClient, phase: str, type_: str) -> None:
    assert get_component(client, create_component(client, data=component_document(phase=phase)))["type"] == type_


@pytest.mark.parametrize(
    ("platform", "document", "sentence"),
    [
        ("Linux", "schemaVersion: 2.0\nphases: []\n", "Invalid schema version. Supported versions include: 1.0."),
        (
            "Windows",
            component_document(),
            "Parsing step 'Run' in phase 'build' failed. Error: Unsupported action ExecuteBash for os platform windows.",
        ),
    ],
)
def test_a_wrong_document_is_refused(client: ImagebuilderClient, platform: str, document: str, sentence: str) -> None:
    message = f"The value supplied for parameter 'data' is not valid. {sentence}"
    with refused("InvalidParameterValueException", 400, message):
        create_component(client, platform=platform, data=document)
    assert client.list_components()["componentVersionList"] == []


def test_the_same_document_suits_macos(client: ImagebuilderClient) -> None:
    assert get_component(client, create_component(client, platform="macOS"))["platform"] == "macOS"


def test_a_document_is_given_in_one_way(client: ImagebuilderClient) -> None:
    frame = "The value supplied for parameter '{}' is not valid. You {} specify either data or uri{}"
    with refused("InvalidParameterCombinationException", 400, frame.format("uri", "can", ", but not both.")):
        create_component(client, uri="s3://documents/nginx.yml")
    with refused("InvalidParameterCombinationException", 400, frame.format("data", "must", ".")):
        create_component(client, data=None)


@pytest.mark.parametrize("version", ["0.0.0", "1073741823.1073741823.1073741823"])
def test_version_nodes_have_thirty_bits(client: ImagebuilderClient, version: str) -> None:
    assert get_component(client, create_component(client, semanticVersion=version))["version"] == version


@pytest.mark.parametrize("version", ["1073741824.0.0", "0.1073741824.0", "0.0.1073741824", f"1.0.{'9' * 5000}"])
def test_greater_version_nodes_are_refused(client: ImagebuilderClient, version: str) -> None:
    message = "The supplied semantic version does not follow the required format"
    with refused("InvalidVersionNumberException", 400, message):
        create_component(client, semanticVersion=version)


def test_a_new_component_takes_no_wildcard(client: ImagebuilderClient) -> None:
    message = (
        "The value supplied for parameter 'semanticVersion' is not valid. "
        r"semanticVersion must match pattern ^[0-9]+\.[0-9]+\.[0-9]+$"
    )
    with refused("InvalidParameterValueException", 400, message):
        create_component(client, semanticVersion="1.0.x")


# ---- builds of a version ----

DIFFERENT: dict[str, Any] = {
    "data": component_document("echo changed"),
    "description": "Installs it",
    "changeDescription": "Second version",
    "platform": "macOS",
    "supportedOsVersions": ["Ubuntu 24"],
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/components",
}


@pytest.mark.parametrize("member", DIFFERENT)
def test_a_difference_makes_the_next_build(client: ImagebuilderClient, member: str) -> None:
    create_component(client)
    second = create_component(client, **{member: DIFFERENT[member]})
    assert second == f"{ARN}install-nginx/1.0.0/2"
    assert get_component(client, second)["version"] == "1.0.0"
    # And back again: only the newest build counts.
    assert create_component(client) == f"{ARN}install-nginx/1.0.0/3"


@pytest.mark.parametrize("name", ["install-nginx", "Install Nginx", "install_nginx"])
def test_the_same_content_exists_already(client: ImagebuilderClient, name: str) -> None:
    create_component(client)
    create_component(client, **DIFFERENT, tags={"first": "yes"})
    message = f"The following resource 'Component' already exists: '{ARN}install-nginx/1.0.0/2'."
    with refused("ResourceAlreadyExistsException", 400, message):
        create_component(client, name, **DIFFERENT, tags={"first": "no"})
    assert create_component(client, name, **DIFFERENT, semanticVersion="1.0.1") == f"{ARN}install-nginx/1.0.1/1"


def test_versions_are_numbers(client: ImagebuilderClient) -> None:
    create_component(client, semanticVersion="2019.12.03")
    second = create_component(client, semanticVersion="2019.12.3", description="the same version")
    assert second == f"{ARN}install-nginx/2019.12.03/2"
    assert get_component(client, f"{ARN}install-nginx/2019.12.3")["arn"] == second


def test_numbers_of_deleted_builds_are_not_given_again(client: ImagebuilderClient) -> None:
    first, second = create_component(client), create_component(client, description="second")
    client.delete_component(componentBuildVersionArn=second)
    with refused(
        "ResourceAlreadyExistsException", 400, f"The following resource 'Component' already exists: '{first}'."
    ):
        create_component(client)
    assert create_component(client, description="second") == f"{ARN}install-nginx/1.0.0/3"


# ---- idempotency and dry run ----


def test_a_token_creates_once(client: ImagebuilderClient) -> None:
    first = create_component(client, clientToken="once")
    assert create_component(client, clientToken="once") == first
    message = "The client token 'once' was used before by this operation with other parameter values."
    with refused("IdempotentParameterMismatchException", 400, message):
        create_component(client, clientToken="once", description="other")
    assert len(client.list_component_build_versions()["componentSummaryList"]) == 1


def test_a_dry_run_checks_and_creates_nothing(client: ImagebuilderClient) -> None:
    with refused("DryRunOperationException", 412, "Request would have succeeded"):
        create_component(client, dryRun=True, clientToken="token")
    assert client.list_components()["componentVersionList"] == []
    existing = create_component(client, dryRun=False)
    with refused(
        "ResourceAlreadyExistsException", 400, f"The following resource 'Component' already exists: '{existing}'."
    ):
        create_component(client, dryRun=True)
    message = "The value supplied for parameter 'data' is not valid. The document must be a map."
    with refused("InvalidParameterValueException", 400, message):
        create_component(client, dryRun=True, data="nothing")


# ---- get ----


@pytest.mark.parametrize(
    ("reference", "build"),
    [
        ("1.6.8/1", "1.6.8/1"),
        ("1.6.8", "1.6.8/2"),
        ("1.6.x", "1.6.8/2"),
        ("1.x.x", "1.10.0/1"),
        ("x.x.x", "2.2.4/1"),
    ],
)
def test_a_reference_means_the_newest_that_matches(client: ImagebuilderClient, reference: str, build: str) -> None:
    for version in ("2.2.4", "1.6.8", "1.10.0", "1.9.9"):
        create_component(client, semanticVersion=version)
    create_component(client, semanticVersion="1.6.8", description="second build")
    create_component(client, "install-nginx-plus", semanticVersion="9.9.9")
    answer = client.get_component(componentBuildVersionArn=f"{ARN}install-nginx/{reference}")
    assert answer["component"]["arn"] == f"{ARN}install-nginx/{build}"
    version_arn = f"{ARN}install-nginx/{build.partition('/')[0]}"
    assert answer["latestVersionReferences"]["latestPatchVersionArn"] == version_arn


@pytest.mark.parametrize("version", ["x.2.x", "1.x.8", "x.x.0", "x.0.0"])
@pytest.mark.parametrize("base", [ARN, AMAZON, f"arn:aws:imagebuilder:{REGION}:111122223333:component/"])
def test_wildcards_stand_at_the_end(client: ImagebuilderClient, base: str, version: str) -> None:
    with refused("InvalidParameterValueException", 400, WILDCARD):
        get_component(client, f"{base}update-linux/{version}")


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}install-nginx/1.0.0/2",
        f"{ARN}install-nginx/1.0.0/{'9' * 5000}",
        f"{ARN}install-nginx/1.0.1",
        f"{ARN}install-nginx/99999999999.x.x",
        f"{ARN}install-nginx/2.x.x",
        f"{ARN}install/x.x.x",
        f"{AMAZON}install-nginx/x.x.x",
        f"{AMAZON}update-linux/0.x.x",
        f"arn:aws:imagebuilder:{REGION}:third-party:component/update-linux/x.x.x",
        f"arn:aws:imagebuilder:{REGION}:aws-managed:component/update-linux/x.x.x",
        f"arn:aws:imagebuilder:{REGION}:111122223333:component/install-nginx/1.0.0/1",
        f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:component/install-nginx/1.0.0/1",
        f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:component/install-nginx/x.x.x",
        "arn:aws:imagebuilder:eu-west-1:aws:component/update-linux/x.x.x",
        f"arn:aws-cn:imagebuilder:{REGION}:aws:component/update-linux/x.x.x",
    ],
)
def test_what_is_not_there_is_quoted_as_asked(client: ImagebuilderClient, arn: str) -> None:
    create_component(client)
    with refused("ResourceNotFoundException", 404, not_found(arn)):
        get_component(client, arn)


def test_a_malformed_arn_is_refused(client: ImagebuilderClient) -> None:
    frame = "The value supplied for parameter 'componentBuildVersionArn' is not valid. "
    message = re.compile(re.escape(frame) + r"componentBuildVersionArn must match pattern \^arn:.*\$")
    for version in ("/1.x.x/1", "/1.0", ""):
        with refused("InvalidParameterValueException", 400, message):
            get_component(client, f"{ARN}install-nginx{version}")


def test_other_accounts_and_regions_keep_to_themselves(
    client: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    abroad: ImagebuilderClient = boto3.client("imagebuilder", region_name="cn-north-1")
    assert create_component(abroad) == f"arn:aws-cn:imagebuilder:cn-north-1:{ACCOUNT}:component/install-nginx/1.0.0/1"
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    theirs = create_component(client)
    assert get_component(client, theirs)["owner"] == "111122223333"
    monkeypatch.delenv("MOTO_ACCOUNT_ID")
    with refused("ResourceNotFoundException", 404, not_found(theirs)):
        get_component(client, theirs)
    assert client.list_components()["componentVersionList"] == []


# ---- what others publish ----


def test_amazons_components_are_got_by_every_kind_of_arn(client: ImagebuilderClient) -> None:
    for reference, build in {
        "x.x.x": "1.0.2/1",
        "1.x.x": "1.0.2/1",
        "1.0.x": "1.0.2/1",
        "1.0.0": "1.0.0/1",
        "1.0.0/1": "1.0.0/1",
    }.items():
        answer = client.get_component(componentBuildVersionArn=f"{AMAZON}update-linux/{reference}")
        assert answer["component"]["arn"] == f"{AMAZON}update-linux/{build}"
    assert answer["component"]["owner"] == "Amazon"
    assert answer["component"]["data"].startswith('name: "update-linux"\n')
    assert answer["latestVersionReferences"] == {
        "latestVersionArn": f"{AMAZON}update-linux/x.x.x",
        "latestMajorVersionArn": f"{AMAZON}update-linux/1.x.x",
        "latestMinorVersionArn": f"{AMAZON}update-linux/1.0.x",
        "latestPatchVersionArn": f"{AMAZON}update-linux/1.0.0",
    }


@pytest.mark.parametrize(
    ("arn_owner", "name", "owner", "publisher"),
    [
        ("third-party", "cis-benchmark-level-1-amazon-linux", "ThirdParty", "Center for Internet Security"),
        ("aws-marketplace", "ubuntu-pro-component-prod-w2osc53uiegx4", "AWSMarketplace", "Canonical"),
    ],
)
def test_other_publishers_hide_their_documents(
    client: ImagebuilderClient, arn_owner: str, name: str, owner: str, publisher: str
) -> None:
    component = get_component(client, f"arn:aws:imagebuilder:{REGION}:{arn_owner}:component/{name}/x.x.x")
    assert (component["owner"], component["publisher"], component["obfuscate"]) == (owner, publisher, True)
    assert "data" not in component


def test_withdrawn_components_are_found_by_build_arn_only(client: ImagebuilderClient) -> None:
    versions = (ManagedVersion("1.0.0", "2020-01-01T00:00:00.000Z"),)
    withdrawn = ManagedComponent("withdrawn-linux", "withdrawn-linux", "Linux", "BUILD", versions, withdrawn=True)
    imagebuilder_backends.extra_catalogue.append(withdrawn)
    build = f"{AMAZON}withdrawn-linux/1.0.0/1"
    assert get_component(client, build)["state"] == {"status": "DEPRECATED"}
    for arn in (f"{AMAZON}withdrawn-linux/1.0.0", f"{AMAZON}withdrawn-linux/x.x.x"):
        with refused("ResourceNotFoundException", 404, not_found(arn)):
            get_component(client, arn)


@pytest.mark.parametrize("status", ["DEPRECATED", "DISABLED"])
def test_references_pass_over_builds_out_of_use(client: ImagebuilderClient, status: str) -> None:
    first, second = create_component(client), create_component(client, description="second")
    third = create_component(client, semanticVersion="2.0.0")
    for arn in (second, third):
        imagebuilder_backends[ACCOUNT][REGION].components.get(arn).update(state={"status": status})
    assert get_component(client, f"{ARN}install-nginx/x.x.x")["arn"] == first
    assert get_component(client, f"{ARN}install-nginx/1.0.0")["arn"] == first
    assert get_component(client, third)["state"] == {"status": status}


def test_only_own_components_are_in_motos_dashboard(client: ImagebuilderClient) -> None:
    arn = create_component(client)
    client.list_components(owner="Amazon")
    tracked = model_data["imagebuilder"]
    assert [component.arn for component in tracked["Component"].instances_tracked] == [arn]  # type: ignore[attr-defined]
    assert "PublishedComponent" not in tracked
    client.delete_component(componentBuildVersionArn=arn)
    assert tracked["Component"].instances_tracked == []  # type: ignore[attr-defined]
