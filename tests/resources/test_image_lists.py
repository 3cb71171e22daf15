"""ListImages, ListImageBuildVersions, ListImagePipelineImages and ListImagePackages."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control, imagebuilder_backends

from ..build_parts import (
    ACCOUNT_BASE,
    MANAGED_BASE,
    create_infrastructure,
    create_pipeline,
    create_recipe,
)
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import FAILURE_MEMBERS, client_of, create_image, get_image, import_image, run_on_schedule, state_of
from ..refusals import clashing, invalid

IMAGE = f"{ACCOUNT_BASE}:image"


@pytest.fixture
def parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def versions(client: Any, **request: Any) -> list[str]:
    """The ARNs of one page of ListImages, as far as they differ."""
    return [entry["arn"].partition(":image/")[2] for entry in client.list_images(**request)["imageVersionList"]]


def builds(client: Any, **request: Any) -> list[str]:
    """The same of ListImageBuildVersions."""
    summaries = client.list_image_build_versions(**request)["imageSummaryList"]
    return [summary["arn"].partition(":image/")[2] for summary in summaries]


def filters_of(*filters: tuple[str, list[str]]) -> Any:
    return [{"name": name, "values": values} for name, values in filters]


# ---- what is shown ----


@pytest.mark.usefixtures("parts")
def test_a_version_shows_its_newest_build_and_the_date_of_its_first(client: Any) -> None:
    with freeze_time("2020-02-14T21:29:18.810Z"):
        create_image(client)
    create_image(client)
    import_image(client, "Web_Server", platform="Windows", osVersion="Microsoft Windows Server 2022")
    answer = client.list_images()
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "nextToken" not in answer
    assert answer["imageVersionList"] == [
        {
            "arn": f"{IMAGE}/web-server/1.0.0",
            "name": "web server",
            "type": "AMI",
            "version": "1.0.0",
            "platform": "Windows",
            "osVersion": "Microsoft Windows Server 2022",
            "owner": ACCOUNT,
            "dateCreated": "2020-02-14T21:29:18.810Z",
            "buildType": "IMPORT",
            "imageSource": "IMPORTED",
        }
    ]


@pytest.mark.usefixtures("parts")
def test_a_build_shows_its_state_and_outputs(client: Any, mocked: Control) -> None:
    with freeze_time("2023-03-10T00:07:16.384Z"):
        arn = create_image(client, tags={"team": "web"}, loggingConfiguration={"logGroupName": "/aws/imagebuilder/web"})
    mocked.fail_next_build(reason="The disk is full.")
    create_image(client)
    answer = client.list_image_build_versions()
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "nextToken" not in answer
    failed, available = answer["imageSummaryList"]
    assert (failed["state"]["status"], failed["state"]["reason"]) == ("FAILED", "The disk is full.")
    assert failed["state"]["failureContext"]["failedStep"] == "ApplyBuildComponents"
    assert failed["state"]["failureContext"]["imageStatus"] == "BUILDING"
    assert set(failed["state"]["failureContext"]) == FAILURE_MEMBERS["BUILDING"]
    assert failed["outputResources"] == {"amis": []}
    assert available == {
        "arn": f"{IMAGE}/web-server/1.0.0/1",
        "name": "web server",
        "type": "AMI",
        "version": "1.0.0/1",
        "platform": "Linux",
        "osVersion": "Amazon Linux 2023",
        "state": {"status": "AVAILABLE"},
        "owner": ACCOUNT,
        "dateCreated": "2023-03-10T00:07:16.384Z",
        "outputResources": get_image(client, arn)["outputResources"],
        "tags": {"team": "web"},
        "buildType": "USER_INITIATED",
        "imageSource": "AMAZON_MANAGED",
        "loggingConfiguration": {"logGroupName": "/aws/imagebuilder/web"},
    }


@pytest.mark.usefixtures("parts")
def test_the_images_of_a_pipeline_are_shown_like_other_builds(client: Any) -> None:
    pipeline_arn, other_arn = create_pipeline(client), create_pipeline(client, "other")
    client.start_image_pipeline_execution(imagePipelineArn=pipeline_arn)
    create_image(client)
    run_on_schedule(other_arn)
    run_on_schedule(pipeline_arn)
    answer = client.list_image_pipeline_images(imagePipelineArn=pipeline_arn)
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "nextToken" not in answer
    of_pipeline = [4, 1]
    all_builds = client.list_image_build_versions()["imageSummaryList"]
    assert answer["imageSummaryList"] == [all_builds[-number] for number in of_pipeline]
    assert [summary["buildType"] for summary in answer["imageSummaryList"]] == ["SCHEDULED", "USER_INITIATED"]
    assert [summary["version"] for summary in answer["imageSummaryList"]] == ["1.0.0/4", "1.0.0/1"]


def test_versions_are_in_the_order_of_their_arns(client: Any) -> None:
    for name, version in [("web", "1.0.1"), ("web", "1.0.0"), ("App", "2.0.0"), ("web-2", "1.0.0"), ("web", "1.0.0")]:
        import_image(client, name, version)
    assert versions(client) == ["app/2.0.0", "web-2/1.0.0", "web/1.0.0", "web/1.0.1"]


def test_builds_are_newest_first(client: Any) -> None:
    import_image(client, "web")
    import_image(client, "app")
    for _ in range(10):
        import_image(client, "web")
    of_web = [f"web/1.0.0/{number}" for number in range(11, 0, -1)]
    assert builds(client, imageVersionArn=f"{IMAGE}/web/1.0.0") == of_web
    assert builds(client) == [*of_web[:-1], "app/1.0.0/1", "web/1.0.0/1"]


@pytest.mark.parametrize(
    "arn",
    [
        f"{IMAGE}/web/1.0.1",
        f"{IMAGE}/mail/1.0.0",
        "arn:aws:imagebuilder:eu-west-1:123456789012:image/web/1.0.0",
        "arn:aws:imagebuilder:us-east-1:111111111111:image/web/1.0.0",
    ],
)
def test_unknown_versions_have_no_builds(client: Any, arn: str) -> None:
    import_image(client, "web")
    assert builds(client, imageVersionArn=arn) == []


@pytest.mark.parametrize("version", ["x.x.x", "1.0.x", "1.0.0/1"])
def test_the_builds_of_one_exact_version_are_listed(client: Any, version: str) -> None:
    with refused(
        "InvalidParameterValueException",
        400,
        "The value supplied for parameter 'imageVersionArn' is not valid. imageVersionArn must match pattern "
        r"^arn:aws[^:]*:imagebuilder:[^:]+:(?:[0-9]{12}|aws(?:-[a-z-]+)?):image/[a-z0-9-_]+/[0-9]+\.[0-9]+\.[0-9]+$",
    ):
        builds(client, imageVersionArn=f"{IMAGE}/web/{version}")


@pytest.mark.usefixtures("parts")
def test_unknown_pipelines_have_no_images(client: Any) -> None:
    pipeline_arn = create_pipeline(client)
    run_on_schedule(pipeline_arn)
    client.delete_image_pipeline(imagePipelineArn=pipeline_arn)
    for arn in (pipeline_arn, f"{ACCOUNT_BASE}:image-pipeline/never-was"):
        assert client.list_image_pipeline_images(imagePipelineArn=arn)["imageSummaryList"] == []
    # A new pipeline of the old name has not built them.
    create_pipeline(client)
    assert client.list_image_pipeline_images(imagePipelineArn=pipeline_arn)["imageSummaryList"] == []


def test_lists_of_builds_are_observations_and_lists_of_versions_are_not(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = import_image(client)
    versions(client)
    assert [image["state"]["status"] for image in client.list_image_build_versions()["imageSummaryList"]] == [
        "AVAILABLE"
    ]
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_every_account_and_region_has_its_own_images(client: Any) -> None:
    import_image(client, "here")
    for account_id, region in [(ACCOUNT, "eu-west-1"), ("111111111111", "us-east-1")]:
        elsewhere = client_of("imagebuilder", account_id, region)
        assert versions(elsewhere) == builds(elsewhere) == []
        import_image(elsewhere, "there")
        assert versions(elsewhere) == ["there/1.0.0"]
    assert versions(client) == ["here/1.0.0"]


# ---- filters ----

FILTERS: list[tuple[list[tuple[str, list[str]]], list[str]]] = [
    ([("name", ["Web Server"])], ["web-server/1.0.0", "web-server/1.1.0"]),
    ([("name", ["web-server"])], []),
    ([("name", ["Web*"])], ["web-portal/1.0.0", "web-server/1.0.0", "web-server/1.1.0"]),
    ([("name", ["*Server*"])], ["mail-server/1.0.0", "web-server/1.0.0", "web-server/1.1.0"]),
    ([("name", ["*Server"])], []),
    ([("platform", ["Windows"])], ["mail-server/1.0.0"]),
    ([("platform", ["Windows", "macOS"])], ["mail-server/1.0.0", "web-portal/1.0.0"]),
    ([("platform", ["windows"])], []),
    ([("osVersion", ["CentOS 9"])], ["web-server/1.0.0"]),
    ([("osVersion", ["CentOS*"])], []),
    ([("type", ["AMI"])], ["mail-server/1.0.0", "web-portal/1.0.0", "web-server/1.0.0", "web-server/1.1.0"]),
    ([("type", ["DOCKER"])], []),
    ([("version", ["1.0.0"])], ["mail-server/1.0.0", "web-portal/1.0.0", "web-server/1.0.0"]),
    ([("version", ["1.1.0", "2.0.0"])], ["web-server/1.1.0"]),
    ([("version", ["1.x.x"])], []),
    ([("name", ["Web*"]), ("version", ["1.0.0"])], ["web-portal/1.0.0", "web-server/1.0.0"]),
    ([("name", ["Web Server"]), ("platform", ["Windows"])], []),
]


@pytest.fixture
def some_images(client: Any) -> None:
    import_image(client, "Web Server", osVersion="CentOS 9")
    import_image(client, "Mail Server", platform="Windows", osVersion="Microsoft Windows Server 2022")
    import_image(client, "Web Portal", platform="macOS")
    import_image(client, "Web Server", "1.1.0")


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
@pytest.mark.usefixtures("some_images")
def test_filters(client: Any, filters: list[tuple[str, list[str]]], expected: list[str]) -> None:
    assert versions(client, filters=filters_of(*filters)) == expected
    in_builds = builds(client, filters=filters_of(*filters))
    assert sorted(in_builds) == [f"{version}/1" for version in expected]


@pytest.mark.usefixtures("some_images")
def test_the_version_filter_takes_build_versions_too(client: Any) -> None:
    import_image(client, "Web Server", "1.1.0")
    assert builds(client, filters=filters_of(("version", ["1.1.0/1"]))) == ["web-server/1.1.0/1"]
    assert builds(client, filters=filters_of(("version", ["1.1.0"]))) == ["web-server/1.1.0/2", "web-server/1.1.0/1"]
    of_version = {"imageVersionArn": f"{IMAGE}/web-server/1.1.0"}
    assert builds(client, filters=filters_of(("version", ["1.1.0/2"])), **of_version) == ["web-server/1.1.0/2"]
    assert builds(client, filters=filters_of(("platform", ["Windows"])), **of_version) == []


@pytest.mark.usefixtures("parts")
def test_filters_of_pipeline_images(client: Any) -> None:
    create_recipe(client, version="2.0.0")
    pipeline_arn = create_pipeline(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.x.x")
    run_on_schedule(pipeline_arn)
    client.update_image_pipeline(
        imagePipelineArn=pipeline_arn,
        imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/2.0.0",
        infrastructureConfigurationArn=f"{ACCOUNT_BASE}:infrastructure-configuration/web-server",
    )
    run_on_schedule(pipeline_arn)

    def listed(*filters: tuple[str, list[str]]) -> list[str]:
        answer = client.list_image_pipeline_images(imagePipelineArn=pipeline_arn, filters=filters_of(*filters))
        return [summary["version"] for summary in answer["imageSummaryList"]]

    assert listed(("name", ["web server"])) == ["2.0.0/1", "1.0.0/1"]
    assert listed(("name", ["web*"]), ("version", ["1.0.0"])) == ["1.0.0/1"]
    assert listed(("version", ["2.0.0/1"])) == ["2.0.0/1"]
    assert listed(("name", ["mail*"])) == []


@pytest.mark.parametrize("name", ["owner", "Name", "buildType", "imageSource"])
@pytest.mark.parametrize(
    ("operation", "arguments", "allowed"),
    [
        ("list_images", {}, "name, osVersion, platform, type, version"),
        ("list_image_build_versions", {}, "name, osVersion, platform, type, version"),
        (
            "list_image_pipeline_images",
            {"imagePipelineArn": f"{ACCOUNT_BASE}:image-pipeline/nightly"},
            "name, version",
        ),
    ],
)
def test_unknown_filters_are_refused(
    client: Any, operation: str, arguments: dict[str, str], allowed: str, name: str
) -> None:
    with invalid("filters[1].name", f"Valid filter names are: {allowed}."):
        getattr(client, operation)(**arguments, filters=filters_of(("version", ["1.0.0"]), (name, ["a"])))


@pytest.mark.parametrize("name", ["platform", "osVersion", "type"])
def test_pipeline_images_have_fewer_filters(client: Any, name: str) -> None:
    with invalid("filters[0].name", "Valid filter names are: name, version."):
        client.list_image_pipeline_images(
            imagePipelineArn=f"{ACCOUNT_BASE}:image-pipeline/nightly", filters=filters_of((name, ["AMI"]))
        )


# ---- owners ----


def test_only_own_images_are_listed_unless_asked_for(client: Any) -> None:
    import_image(client, "web")
    assert versions(client) == versions(client, owner="Self") == ["web/1.0.0"]
    assert versions(client, owner="Shared") == versions(client, owner="ThirdParty") == []


def test_amazons_images(client: Any) -> None:
    names = filters_of(("name", ["Amazon Linux 2023 x86"]))
    entries = client.list_images(owner="Amazon", filters=names)["imageVersionList"]
    assert [entry["version"] for entry in entries] == ["2023.10.10", "2023.12.15", "2024.4.1"]
    assert entries[-1] == {
        "arn": f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1",
        "name": "Amazon Linux 2023 x86",
        "type": "AMI",
        "version": "2024.4.1",
        "platform": "Linux",
        "osVersion": "Amazon Linux 2023",
        "owner": "Amazon",
        "dateCreated": "2024-04-01T00:00:00.000Z",
        "imageSource": "AMAZON_MANAGED",
    }
    by_name = client.list_images(owner="Amazon", filters=names, byName=True)["imageVersionList"]
    assert by_name == entries[-1:]


@pytest.mark.parametrize(
    ("owner", "word", "source"),
    [("Amazon", "Amazon", "AMAZON_MANAGED"), ("AWSMarketplace", "AWSMarketplace", "AWS_MARKETPLACE")],
)
def test_every_entry_names_its_owner(client: Any, owner: str, word: str, source: str) -> None:
    entries = client.list_images(owner=owner, maxResults=25)["imageVersionList"]
    assert entries
    assert {(entry["owner"], entry["imageSource"]) for entry in entries} == {(word, source)}


def test_filters_select_among_amazons_images(client: Any) -> None:
    def listed(*filters: tuple[str, list[str]]) -> set[str]:
        pages = client.get_paginator("list_images").paginate(owner="Amazon", filters=filters_of(*filters))
        return {entry["platform"] for page in pages for entry in page["imageVersionList"]}

    assert listed(("platform", ["macOS"])) == {"macOS"}
    assert listed(("type", ["DOCKER"])) == {"Linux", "Windows"}
    assert listed(("osVersion", ["macOS 15"]), ("platform", ["Linux"])) == set()


def test_amazons_deprecated_images_are_listed_on_request(client: Any) -> None:
    deprecated = "ubuntu-server-16-lts-x86/2021.3.4"
    names = filters_of(("name", ["Ubuntu Server*"]))
    current = versions(client, owner="Amazon", filters=names)
    assert deprecated not in current
    assert versions(client, owner="Amazon", filters=names, includeDeprecated=False) == current
    assert set(versions(client, owner="Amazon", filters=names, includeDeprecated=True)) == {deprecated, *current}


@pytest.mark.parametrize("request_", [{}, {"includeDeprecated": False}, {"includeDeprecated": True}])
def test_own_deprecated_images_are_always_listed(client: Any, request_: dict[str, bool]) -> None:
    arn = import_image(client, "web")
    # Only a lifecycle policy takes an own image out of use.
    imagebuilder_backends[ACCOUNT][REGION].images.get(arn).update(state={"status": "DEPRECATED"})
    assert versions(client, **request_) == ["web/1.0.0"]
    assert builds(client) == ["web/1.0.0/1"]


# ---- by name ----


def test_by_name_shows_the_highest_version_of_each(client: Any) -> None:
    for name, version in [("web", "1.9.0"), ("web", "1.10.0"), ("app", "2.0.0"), ("web-2", "0.0.1"), ("web", "1.2.0")]:
        import_image(client, name, version)
    assert versions(client, byName=True) == ["app/2.0.0", "web-2/0.0.1", "web/1.10.0"]
    assert versions(client, byName=True, filters=filters_of(("name", ["web*"]))) == ["web-2/0.0.1", "web/1.10.0"]
    assert versions(client, byName=False, filters=filters_of(("version", ["1.9.0"]))) == ["web/1.9.0"]


def test_by_name_does_not_go_with_the_version_filter(client: Any) -> None:
    with clashing("byName", "The version filter can't be used when byName is true."):
        versions(client, byName=True, filters=filters_of(("version", ["1.0.0"])))
