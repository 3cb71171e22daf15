"""Components whose document is in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from ..conftest import REGION
from ..errors import refused
from .components import component_document, create_component

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

    from mock_imagebuilder import Control

BUCKET = "component-documents"
QUOTA = 65_536


@pytest.fixture
def s3(mocked: Control) -> Any:
    """An S3 client, and a bucket."""
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def create(client: ImagebuilderClient, uri: str, **members: Any) -> Any:
    arn = create_component(client, data=None, uri=uri, **members)
    return client.get_component(componentBuildVersionArn=arn)["component"]


def refused_uri(sentence: str) -> Any:
    message = f"The value supplied for parameter 'uri' is not valid. {sentence}"
    return refused("InvalidParameterValueException", 400, message)


@pytest.mark.parametrize("key", ["nginx.yml", "linux/web server/nginx.yml", "/nginx.yml", "größe.yml", "a%20b?c=d#e"])
def test_the_document_is_read_from_s3(client: ImagebuilderClient, s3: Any, key: str) -> None:
    document = component_document("echo Grüße", phase="test")
    s3.put_object(Bucket=BUCKET, Key=key, Body=document.encode())
    component = create(client, f"s3://{BUCKET}/{key}")
    assert component["data"] == document
    assert component["type"] == "TEST"
    assert "uri" not in component


def test_the_document_is_read_once(client: ImagebuilderClient, s3: Any) -> None:
    uri, first, second = f"s3://{BUCKET}/nginx.yml", component_document("one"), component_document("two")
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=first.encode())
    arn = create(client, uri)["arn"]
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=second.encode())
    assert client.get_component(componentBuildVersionArn=arn)["component"]["data"] == first
    assert create(client, uri)["arn"] == arn.removesuffix("/1") + "/2"


def test_content_counts_and_not_where_it_came_from(client: ImagebuilderClient, s3: Any) -> None:
    document = component_document()
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=document.encode())
    arn = create(client, f"s3://{BUCKET}/nginx.yml")["arn"]
    message = f"The following resource 'Component' already exists: '{arn}'."
    with refused("ResourceAlreadyExistsException", 400, message):
        create_component(client, data=document)


@pytest.mark.parametrize(
    "uri",
    ["", "s3://", "s3://bucket", "s3://bucket/", "s3:///key", "S3://bucket/key", "https://bucket.s3.amazonaws.com/key"],
)
def test_another_form_of_uri_is_refused(client: ImagebuilderClient, uri: str) -> None:
    with refused_uri("Invalid S3 URI"):
        create(client, uri)


def test_a_missing_bucket_or_object_is_refused(client: ImagebuilderClient, s3: Any) -> None:
    with refused_uri("The object at 's3://nowhere/nginx.yml' cannot be read: The specified bucket does not exist."):
        create(client, "s3://nowhere/nginx.yml")
    missing = f"The object at 's3://{BUCKET}/nginx.yml' cannot be read: The specified key does not exist."
    with refused_uri(missing):
        create(client, f"s3://{BUCKET}/nginx.yml")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=component_document().encode())
    s3.delete_object(Bucket=BUCKET, Key="nginx.yml")
    with refused_uri(missing):
        create(client, f"s3://{BUCKET}/nginx.yml")
    assert client.list_components()["componentVersionList"] == []


def test_another_accounts_bucket_may_be_closed(
    client: ImagebuilderClient, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=component_document().encode())
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    uri = f"s3://{BUCKET}/nginx.yml"
    assert create(client, uri)["owner"] == "111122223333"
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    with refused_uri(f"The object at '{uri}' cannot be read: Access Denied."):
        create(client, uri, description="second")


def test_a_document_in_s3_has_a_quota(client: ImagebuilderClient, s3: Any) -> None:
    document = component_document(f"echo {'ß' * 32_000}")
    padded = document + " " * (QUOTA - len(document.encode()))
    s3.put_object(Bucket=BUCKET, Key="fits", Body=padded.encode())
    s3.put_object(Bucket=BUCKET, Key="too-large", Body=padded.encode() + b" ")
    assert len(create(client, f"s3://{BUCKET}/fits")["data"].encode()) == QUOTA
    sentence = f"The object at 's3://{BUCKET}/too-large' has 65537 bytes. A document can have at most 65536 bytes."
    with refused_uri(sentence):
        create(client, f"s3://{BUCKET}/too-large")


def test_a_document_in_s3_is_utf_8(client: ImagebuilderClient, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="latin", Body=component_document("echo Grüße").encode("latin-1"))
    with refused_uri(f"The object at 's3://{BUCKET}/latin' is not UTF-8 text."):
        create(client, f"s3://{BUCKET}/latin")


def test_a_wrong_document_in_s3_is_refused_as_data(client: ImagebuilderClient, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
    message = "The value supplied for parameter 'data' is not valid. The document must be a map."
    with refused("InvalidParameterValueException", 400, message):
        create(client, f"s3://{BUCKET}/empty")


def test_every_partition_has_its_own_s3(client: ImagebuilderClient, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="nginx.yml", Body=component_document().encode())
    region = "cn-north-1"
    s3_in_china = boto3.client("s3", region_name=region)
    s3_in_china.create_bucket(Bucket="in-china", CreateBucketConfiguration={"LocationConstraint": region})
    s3_in_china.put_object(Bucket="in-china", Key="nginx.yml", Body=component_document("echo 你好").encode())
    client_in_china: ImagebuilderClient = boto3.client("imagebuilder", region_name=region)
    assert create(client_in_china, "s3://in-china/nginx.yml")["data"] == component_document("echo 你好")
