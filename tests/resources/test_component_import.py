"""Scripts that are imported as components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from freezegun import freeze_time

from ..build_parts import PARENT_IMAGE
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import already_there, clashing, invalid
from .components import builds, create_component, get_component

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

    from mock_imagebuilder import Control

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"
BUCKET = "scripts"
SCRIPT = "#!/bin/bash\nset -eu\necho 'hello'\n"
QUOTA = 65_536


@pytest.fixture
def s3(mocked: Control) -> Any:
    """An S3 client, and a bucket."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def ask(client: Any, name: str = "say-hello", **members: Any) -> Any:
    """The whole answer to ImportComponent; None leaves a member out."""
    request = {
        "name": name,
        "semanticVersion": "1.0.0",
        "type": "BUILD",
        "format": "SHELL",
        "platform": "Linux",
        "data": SCRIPT,
        **members,
    }
    return client.import_component(**{member: value for member, value in request.items() if value is not None})


def import_component(client: Any, name: str = "say-hello", **members: Any) -> str:
    arn: str = ask(client, name, **members)["componentBuildVersionArn"]
    return arn


def step_of(client: Any, arn: str) -> Any:
    """The one step of a component's document, which has the component's name."""
    component = get_component(client, arn)
    document = yaml.safe_load(component["data"])
    assert document["name"] == component["name"]
    (phase,) = document["phases"]
    (step,) = phase["steps"]
    return step


def test_a_script_is_answered_and_got_back(client: ImagebuilderClient) -> None:
    members = {"description": "Says hello", "changeDescription": "First", "kmsKeyId": "alias/key", "tags": {"a": "b"}}
    with freeze_time("2026-09-09T18:31:49.123Z"):
        answer = ask(client, "Say Hello", clientToken="token", **members)
    metadata = answer.pop("ResponseMetadata")
    arn = f"{ARN}say-hello/1.0.0/1"
    assert answer == {"requestId": metadata["RequestId"], "clientToken": "token", "componentBuildVersionArn": arn}
    component = get_component(client, arn)
    document = component.pop("data")
    assert component == {
        "arn": arn,
        "name": "Say Hello",
        "version": "1.0.0",
        "type": "BUILD",
        "platform": "Linux",
        "state": {"status": "ACTIVE"},
        "owner": ACCOUNT,
        "encrypted": True,
        "dateCreated": "2026-09-09T18:31:49.123Z",
        **members,
    }
    assert document == (
        "name: Say Hello\n"
        "schemaVersion: 1.0\n"
        "phases:\n"
        "- name: build\n"
        "  steps:\n"
        "  - name: RunScript\n"
        "    action: ExecuteBash\n"
        "    inputs:\n"
        "      commands:\n"
        "      - |\n"
        "        #!/bin/bash\n"
        "        set -eu\n"
        "        echo 'hello'\n"
    )


@pytest.mark.parametrize(
    ("platform", "action"),
    [("Linux", "ExecuteBash"), ("macOS", "ExecuteBash"), ("Windows", "ExecutePowerShell")],
)
@pytest.mark.parametrize("type_", ["BUILD", "TEST"])
def test_platform_and_type(client: ImagebuilderClient, platform: str, action: str, type_: str) -> None:
    arn = import_component(client, platform=platform, type=type_)
    component = get_component(client, arn)
    assert (component["platform"], component["type"]) == (platform, type_)
    assert yaml.safe_load(component["data"])["phases"][0]["name"] == type_.lower()
    assert step_of(client, arn)["action"] == action


@pytest.mark.parametrize(
    "script",
    [
        "echo",
        "  indented\nnot\n",
        "\ttab\n",
        "trailing  \n\n\n",
        "dos\r\nlines\r\n",
        "- a: list\n- 'quoted' # comment\n--- \n...\n%YAML\n",
        "null",
        "1.10",
        "echo Grüße 😀 \u2028 \x07\x7f",
        'docker ps --format "{{.Names}}"',
        "echo ${var} $(cmd) `cmd` \\\n  && true",
    ],
)
def test_every_script_stays_as_it_is(client: ImagebuilderClient, script: str) -> None:
    assert step_of(client, import_component(client, data=script))["inputs"] == {"commands": [script]}


def test_names_that_look_like_something_else(client: ImagebuilderClient) -> None:
    for name in ("null", "123", "true", "2026-01-01"):
        step_of(client, import_component(client, name))


def test_a_script_in_s3(client: ImagebuilderClient, s3: Any) -> None:
    script = "echo line\n" * 2000
    s3.put_object(Bucket=BUCKET, Key="hello.sh", Body=script.encode())
    arn = import_component(client, data=None, uri=f"s3://{BUCKET}/hello.sh")
    assert step_of(client, arn)["inputs"]["commands"] == [script]
    assert "uri" not in get_component(client, arn)


def test_other_content_makes_the_next_build(client: ImagebuilderClient) -> None:
    assert import_component(client).endswith("/1.0.0/1")
    assert import_component(client, data="echo 2").endswith("/1.0.0/2")
    assert import_component(client, semanticVersion="1.0.1").endswith("/1.0.1/1")
    assert builds(client, componentVersionArn=f"{ARN}say-hello/1.0.0") == ["say-hello/1.0.0/2", "say-hello/1.0.0/1"]


def test_the_same_content_is_refused(client: ImagebuilderClient) -> None:
    arn = import_component(client)
    for tags in (None, {"team": "web"}):
        with already_there("Component", arn):
            import_component(client, tags=tags)


def test_the_same_document_may_come_from_either_operation(client: ImagebuilderClient) -> None:
    arn = import_component(client)
    with already_there("Component", arn):
        create_component(client, "say-hello", data=get_component(client, arn)["data"])


def test_the_same_token_imports_once(client: ImagebuilderClient) -> None:
    assert import_component(client, clientToken="token") == import_component(client, clientToken="token")


def test_an_imported_component_is_a_component(client: Any) -> None:
    arn = import_component(client)
    recipe = client.create_image_recipe(
        name="web", semanticVersion="1.0.0", parentImage=PARENT_IMAGE, components=[{"componentArn": arn}]
    )
    assert recipe["imageRecipeArn"]


class TestRefused:
    def test_both_sources(self, client: ImagebuilderClient) -> None:
        with clashing("uri", "You can specify either data or uri, but not both."):
            import_component(client, uri=f"s3://{BUCKET}/hello.sh")

    def test_no_source(self, client: ImagebuilderClient) -> None:
        with clashing("data", "You must specify either data or uri."):
            import_component(client, data=None)

    def test_a_version_that_is_too_large(self, client: ImagebuilderClient) -> None:
        sentence = "The supplied semantic version does not follow the required format"
        assert import_component(client, semanticVersion="1073741823.0.0")
        with refused("InvalidVersionNumberException", 400, sentence):
            import_component(client, semanticVersion="1073741824.0.0")

    def test_a_long_script_inline(self, client: ImagebuilderClient) -> None:
        assert import_component(client, data="#" * 1024)
        with invalid("data", "data must have between 1 and 1024 characters"):
            import_component(client, data="#" * 1025)

    def test_another_format(self, client: ImagebuilderClient) -> None:
        with invalid("format", "format must be one of: SHELL"):
            import_component(client, format="YAML")

    def test_an_object_that_is_not_there(self, client: ImagebuilderClient, s3: Any) -> None:
        uri = f"s3://{BUCKET}/hello.sh"
        with invalid("uri", f"The object at '{uri}' cannot be read: The specified key does not exist."):
            import_component(client, data=None, uri=uri)

    def test_an_empty_object(self, client: ImagebuilderClient, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="empty.sh", Body=b"")
        with invalid("uri", "The script is empty."):
            import_component(client, data=None, uri=f"s3://{BUCKET}/empty.sh")

    def test_a_script_whose_document_is_too_large(self, client: ImagebuilderClient, s3: Any) -> None:
        frame = len(get_component(client, import_component(client, data="x"))["data"].encode()) - 1
        for size, key in ((QUOTA - frame, "fits.sh"), (QUOTA - frame + 1, "large.sh")):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"#" * size)
        assert import_component(client, data=None, uri=f"s3://{BUCKET}/fits.sh")
        with invalid("uri", f"The document has {QUOTA + 1} bytes; it can have at most {QUOTA}."):
            import_component(client, data=None, uri=f"s3://{BUCKET}/large.sh")

    def test_an_expression_that_means_nothing(self, client: ImagebuilderClient) -> None:
        with invalid("data", dangling("{{ name }}")):
            import_component(client, data="echo {{ name }}")
        assert builds(client) == []


def dangling(expression: str) -> str:
    return (
        "Parsing step 'RunScript' in phase 'build' failed. Error: "
        f"The expression '{expression}' refers to no parameter or constant of the document."
    )
