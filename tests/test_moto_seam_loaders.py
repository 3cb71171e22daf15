"""While a mock is active, botocore's loaders share what they have read, as long as nobody can notice.

Each test names the assumption about botocore that it checks.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader, create_loader, instance_cache
from moto import mock_aws

from mock_imagebuilder import moto_seam


def loader_of_new_session() -> Loader:
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader


def own_models(folder: Path, service: str = "ownservice") -> Path:
    """A folder with the model of a service that botocore does not have."""
    model = folder / service / "2020-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    metadata = {
        "apiVersion": "2020-01-01",
        "endpointPrefix": service,
        "protocol": "rest-json",
        "serviceId": service,
        "serviceFullName": folder.name,
        "signatureVersion": "v4",
    }
    model.write_text(json.dumps({"version": "2.0", "metadata": metadata, "operations": {}, "shapes": {}}))
    return folder


def full_name(service: str = "ownservice", session: Any = None) -> str:
    model = (session or botocore.session.Session()).get_service_model(service)
    return str(model.metadata["serviceFullName"])


def test_sessions_make_their_loader_by_create_loader() -> None:
    moved = "botocore.session no longer makes its loaders by create_loader"
    assert botocore.session.create_loader is create_loader, moved
    assert list(inspect.signature(create_loader).parameters) == ["search_path_string"], moved
    with mock_aws():
        assert botocore.session.create_loader is not create_loader, "MockAWS._enable_patching is no longer called"
        assert type(loader_of_new_session()._cache) is moto_seam._SharedCache, moved


def test_loaders_keep_what_they_have_read_in_a_cache() -> None:
    moved = "botocore's loaders keep what they have read elsewhere"
    assert isinstance(Loader()._cache, dict), moved

    class Reader:
        def __init__(self) -> None:
            self._cache: dict[Any, Any] = {}

        @instance_cache
        def read(self, name: str) -> list[str]:
            return [name]

    reader = Reader()
    assert reader.read("x") is reader.read("x"), moved
    assert list(reader._cache.values()) == [["x"]], moved
    assert Loader.BUILTIN_DATA_PATH in Loader().search_paths, "Loader.search_paths has moved"
    assert Loader().extras_types == ["sdk"], "Loader.extras_types has moved"


def test_sessions_share_while_a_mock_is_active() -> None:
    with mock_aws():
        first, second = loader_of_new_session(), loader_of_new_session()
        assert first is not second
        assert first.load_service_model("imagebuilder", "service-2") is second.load_service_model(
            "imagebuilder", "service-2"
        )
    # Outside of a mock nothing is shared.
    third, fourth = loader_of_new_session(), loader_of_new_session()
    assert botocore.session.create_loader is create_loader
    assert isinstance(third._cache, dict)
    assert third.load_data("partitions") is not fourth.load_data("partitions")


def test_loaders_are_restored_after_an_exception_and_by_the_outermost_mock() -> None:
    def story() -> None:
        with mock_aws():
            with mock_aws():
                pass
            assert botocore.session.create_loader is not create_loader
            raise RuntimeError

    with pytest.raises(RuntimeError):
        story()
    assert botocore.session.create_loader is create_loader


def test_boto3_and_botocore_do_not_mix() -> None:
    with mock_aws():
        of_boto3 = boto3.Session()._session.get_component("data_loader")
        assert of_boto3.load_service_model("ec2", "resources-1")
        with pytest.raises(UnknownServiceError):
            loader_of_new_session().load_service_model("no-service", "service-2")
        assert of_boto3.list_available_services("resources-1") != loader_of_new_session().list_available_services(
            "resources-1"
        )


def test_a_data_path_of_the_environment_is_honoured_and_not_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = own_models(tmp_path / "first"), own_models(tmp_path / "second")
    with mock_aws():
        for folder in (first, second):
            monkeypatch.setenv("AWS_DATA_PATH", str(folder))
            assert full_name() == folder.name
            assert "ownservice" in boto3.Session().get_available_services()
        # What is on disk may change from one test to the next.
        (second / "ownservice" / "2020-01-01" / "service-2.json").unlink()
        own_models(tmp_path / "third")
        (tmp_path / "third" / "ownservice").rename(second / "other")
        monkeypatch.setenv("AWS_DATA_PATH", str(second))
        assert full_name("other") == "third"
        monkeypatch.delenv("AWS_DATA_PATH")
        with pytest.raises(UnknownServiceError):
            full_name()


def test_a_search_path_added_later_is_honoured_and_not_shared(tmp_path: Path) -> None:
    with mock_aws():
        session, other = botocore.session.Session(), botocore.session.Session()
        with pytest.raises(UnknownServiceError):
            full_name(session=session)
        session.get_component("data_loader").search_paths.append(str(own_models(tmp_path / "own")))
        assert full_name(session=session) == "own"
        with pytest.raises(UnknownServiceError):
            full_name(session=other)


def test_a_loader_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    with mock_aws():
        loader = Loader(extra_search_paths=[str(own_models(tmp_path / "own"))])
        assert isinstance(loader._cache, dict)
        session = botocore.session.Session()
        session.register_component("data_loader", loader)
        assert full_name(session=session) == "own"
