"""One test for each assumption about moto and botocore that ``moto_seam.py`` rests on.

When a new moto or botocore breaks something, these tests fail first; the message says what has moved.
"""

from __future__ import annotations

import gzip
import inspect
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
import requests
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto import backend_index, backends, mock_aws, settings
from moto.core import botocore_stubber, config, custom_responses_mock
from moto.core import models as core_models
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse
from moto.moto_api import recorder
from moto.moto_api._internal import urls as moto_api_urls

from mock_imagebuilder import Control, control_routes, imagebuilder, imagebuilder_backends, moto_backports, moto_seam

from .conftest import ACCOUNT, REGION

URL = f"https://imagebuilder.{REGION}.amazonaws.com"


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


# ---- registration ----


def test_moto_has_one_list_of_url_patterns() -> None:
    the_list = backend_index.backend_url_patterns
    assert the_list[0] == ("imagebuilder", moto_seam.HOST), "moto's list of URL patterns is made anew somewhere"
    users: Any = (botocore_stubber, core_models)
    for user in users:
        assert user.backend_index.backend_url_patterns is the_list, f"{user.__name__} has a list of its own"
    assert backends.get_service_from_url(f"{URL}/ListImages") == "imagebuilder", "moto.backends has a list of its own"
    assert [service for service, _ in the_list].count("imagebuilder") == 1, "moto has Image Builder of its own now"


def test_the_server_holds_that_list() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    server = DomainDispatcherApplication(create_backend_app)
    assert server.backend_url_patterns is backend_index.backend_url_patterns, "moto's server has a list of its own"


def test_moto_imports_services_by_name() -> None:
    assert sys.modules["moto.imagebuilder"] is imagebuilder
    get_backend: Any = backends.get_backend
    assert get_backend("imagebuilder") is imagebuilder_backends, "get_backend no longer imports 'moto.' + name"


def test_moto_has_no_image_builder_yet() -> None:
    folder = Path(moto.__file__).parent / "imagebuilder"
    assert not folder.exists(), "moto has an Image Builder of its own now: which of the two is to answer?"


def test_installing_twice_changes_nothing() -> None:
    before = list(backend_index.backend_url_patterns), BotocoreStubber.process_request
    moto_seam.install()
    assert (list(backend_index.backend_url_patterns), BotocoreStubber.process_request) == before


def test_control_routes_are_beside_motos_own() -> None:
    assert moto_api_urls.url_paths.items() >= control_routes.ROUTES.items(), "moto_api has its routes elsewhere"
    assert "{0}/moto-api/reset" in moto_api_urls.url_paths, "the routes of moto_api have another form"


# ---- the short way ----


def prepared(path: str = "/ListImages", **headers: str) -> AWSPreparedRequest:
    return AWSPreparedRequest("POST", URL + path, HeadersDict(headers), b"{}", False)


def test_process_request_is_what_boto3_and_requests_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = "BotocoreStubber.process_request is no longer what all requests go through"
    replaced: Any = BotocoreStubber.process_request
    assert parameters(replaced) == parameters(replaced.__wrapped__) == ["self", "request"], moved
    seen = []

    def process_request(_stubber: Any, request: Any) -> Any:
        seen.append(request.url)
        return 200, {}, "{}"

    monkeypatch.setattr(BotocoreStubber, "process_request", process_request)
    with mock_aws():
        boto3.client("imagebuilder", region_name=REGION).list_images()
        assert seen == [f"{URL}/ListImages"], f"{moved}: not those of boto3"
        requests.post(f"{URL}/ListComponents", timeout=5)
        assert seen[1:] == [f"{URL}/ListComponents"], f"{moved}: not those of requests"


def test_the_stubber_is_switched_by_the_mock(mocked: Control) -> None:
    assert core_models.botocore_stubber.enabled, "a mock switches another stubber on"


SWITCHES: list[tuple[str, Any, str, Any]] = [
    ("the recorder", recorder, "_user_enabled", True),
    ("IAM enforcement", settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
    ("the whitelist", "core", "service_whitelist", ["imagebuilder"]),
    ("passthrough by service", "core", "passthrough", {"services": ["s3"], "urls": []}),
    ("passthrough by URL", "core", "passthrough", {"services": [], "urls": ["x"]}),
]


@pytest.mark.parametrize(("what", "place", "name", "value"), SWITCHES, ids=[switch[0] for switch in SWITCHES])
def test_each_promise_that_is_switched_on_needs_motos_way(
    what: str, place: Any, name: str, value: Any, monkeypatch: pytest.MonkeyPatch, mocked: Control
) -> None:
    moved = f"{what} is switched on elsewhere now"
    user_config: Any = config.default_user_config
    assert moto_seam.short_way(prepared()) is not None
    if place == "core":
        assert name in user_config["core"], moved
        monkeypatch.setitem(user_config["core"], name, value)
    else:
        assert hasattr(place, name), moved
        monkeypatch.setattr(place, name, value)
    assert moto_seam.short_way(prepared()) is None, moved


def test_the_switches_are_off_by_default(mocked: Control) -> None:
    core = config.default_user_config["core"]
    assert core["service_whitelist"] is None
    assert core["passthrough"] == {"services": [], "urls": []}
    assert recorder._user_enabled is False
    assert float("inf") == settings.INITIAL_NO_AUTH_ACTION_COUNT


def test_the_configuration_of_a_mock_is_where_we_look() -> None:
    with mock_aws(config={"core": {"service_whitelist": ["imagebuilder"]}}):
        assert config.default_user_config["core"]["service_whitelist"] == ["imagebuilder"], (
            "mock_aws(config=...) is kept elsewhere now"
        )
    assert vars(settings)["default_user_config"] is config.default_user_config, "moto has two configurations now"


def test_access_keys_known_to_iam_need_motos_way(mocked: Control) -> None:
    iam = boto3.client("iam", region_name=REGION)
    iam.create_user(UserName="builder")
    key = iam.create_access_key(UserName="builder")["AccessKey"]["AccessKeyId"]
    header = f"AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/imagebuilder/aws4_request, SignedHeaders=x"
    match = BaseResponse.access_key_regex.search(header)
    assert match is not None, "BaseResponse.access_key_regex no longer finds the access key"
    assert match.group(1) == key, "BaseResponse.access_key_regex has other groups"

    from moto.iam.models import iam_backends

    assert key in iam_backends[ACCOUNT]["aws"].access_keys, "IAM keeps its access keys elsewhere"
    assert moto_seam.short_way(prepared(Authorization=header)) is None
    assert moto_seam.short_way(prepared(Authorization=header.replace(key, "AKIAIOSFODNN7EXAMPLE"))) is not None


def test_iam_is_not_imported_for_requests_that_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "moto.iam.models", raising=False)
    assert moto_seam.short_way(prepared(Authorization="AWS AKIAIOSFODNN7EXAMPLE:x")) is not None
    assert "moto.iam.models" not in sys.modules


def test_requests_that_only_moto_can_read_go_its_way(mocked: Control) -> None:
    class Stream:
        def read(self) -> bytes:
            raise NotImplementedError

    request = prepared()
    request.body = Stream()
    assert moto_seam.short_way(request) is None
    request.body = gzip.compress(b"{}")
    assert moto_seam.short_way(request) is None


# ---- moto's patterns for `requests` ----


def test_patterns_are_made_with_these_arguments() -> None:
    moved = "moto makes its patterns for `requests` in another way"
    assert parameters(custom_responses_mock.CallbackResponse)[:3] == ["method", "url", "callback"], moved
    source = inspect.getsource(core_models)
    made = re.findall(r"\bCallbackResponse\(\s*method=method,\s*url=[^,]*,\s*callback=[\w.]+,?\s*\)", source)
    assert len(made) == source.count("CallbackResponse("), moved


def test_patterns_are_kept_and_start_without_calls() -> None:
    with mock_aws():
        first = core_models.responses_mock.registered()
        requests.post(f"{URL}/ListImages", json={}, timeout=5)
        assert sum(len(pattern.calls) for pattern in first) == 1
    with mock_aws():
        second = core_models.responses_mock.registered()
        assert len(first) == len(second)
        assert all(one is other for one, other in zip(first, second, strict=True))
        assert sum(len(pattern.calls) for pattern in second) == 0


# ---- what the decorator needs ----


def test_mock_aws_returns_one_of_these_classes() -> None:
    modes = core_models.MockAWS, core_models.ServerModeMockAWS, core_models.ProxyModeMockAWS
    assert isinstance(mock_aws(), modes), "moto.mock_aws returns another class"
    for mode in modes:
        assert issubclass(mode, core_models.MockAWS)


def test_classes_are_decorated_through_the_mock() -> None:
    calls: list[tuple[str, dict[str, bool]]] = []

    class Recording:
        def __call__(self, function: Any, **kwargs: bool) -> Any:
            calls.append((function.__name__, kwargs))
            return function

    class Story:
        def test_it(self) -> None: ...
        def helper(self) -> None: ...

    moto_seam.decorate_class(Recording(), Story)
    assert sorted(calls) == [
        ("helper", {"reset": False, "remove_data": False}),
        ("test_it", {"reset": True, "remove_data": True}),
    ], "MockAWS._decorate_class no longer calls the mock for each method"


def test_mocks_are_switched_by_these_methods() -> None:
    moved = "MockAWS is switched on and off by other methods"
    assert parameters(core_models.MockAWS._enable_patching)[0] == "self", moved
    calls = []

    class Watched(core_models.MockAWS):
        def _enable_patching(self, reset: bool = True) -> None:
            calls.append("on")
            super()._enable_patching(reset)

        def _disable_patching(self, remove_data: bool) -> None:
            calls.append("off")
            super()._disable_patching(remove_data)

    with Watched(), Watched():
        pass
    assert calls == ["on", "off"], moved


# ---- what older motos lack ----


def test_what_is_supplied_looks_like_a_module() -> None:
    moto_backports.supply()
    module = sys.modules["moto.core.resource_tagging"]
    assert find_spec("moto.core.resource_tagging") is module.__spec__
    assert issubclass(imagebuilder_backends.backend, module.TaggableResourcesMixin)


def test_the_tagging_api_asks_the_mixin() -> None:
    from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

    assert issubclass(imagebuilder_backends.backend, TaggableResourcesMixin)
    for name in ("iter_tagged_resources", "tag_resource", "untag_resource"):
        assert hasattr(TaggableResourcesMixin, name), f"moto's mixin of the tagging API has no {name} any more"
    assert parameters(TaggedResource)[:3] == ["arn", "tags", "resource_type"], "moto's TaggedResource has other fields"
    for name in (
        "_get_resources_generator",
        "_get_tag_keys_generator",
        "_get_tag_values_generator",
        "tag_resources",
        "untag_resources",
    ):
        assert hasattr(ResourceGroupsTaggingAPIBackend, name), f"moto's tagging API has no {name} any more"
