"""Every touch of moto's and botocore's private parts, in one place.

moto has no plugin interface. What is done here instead, each with tests in ``tests/test_moto_seam*.py`` that say which
assumption a new moto or botocore has broken:

* the service is registered: in moto's list of URL patterns and under the module name that moto imports services by;
* the short way: requests to the service's hosts are answered without moto's URL scan, as long as no promise of
  ``mock_aws`` is switched on that only moto's own way keeps;
* the control routes are added to those of moto's own API;
* births of backends are announced, so that what builds left for a service is there when somebody first looks;
* moto's EC2 gets the actions for the import and export of virtual machines that it lacks;
* updates of moto's stacks follow replacements of this service's resources, and its stacks wait for images;
* while a mock is active, botocore's sessions share what they read from disk and what they work out about their handlers;
* moto's patterns for ``requests``, which it makes anew whenever a mock starts, are made once;
* what moto 5.2.0 lacks of the newest moto's own service interface is supplied.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import FunctionType
from typing import Any, cast

import botocore.session
from botocore import hooks
from botocore.loaders import Loader
from moto import backend_index, settings
from moto.core import botocore_stubber as stubber_module
from moto.core import config as moto_config
from moto.core import models as core_models
from moto.core.base_backend import AccountSpecificBackend, BackendDict, backend_lock
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.responses import BaseResponse
from moto.moto_api import recorder
from moto.moto_api._internal import urls as moto_api_urls
from werkzeug.http import http_date

from . import moto_backports

moto_backports.supply()

from . import control_routes, imagebuilder  # noqa: E402 - need what the backports supply
from .imagebuilder import imagebuilder_backends, responses  # noqa: E402
from .imagebuilder.regions import dns_suffixes  # noqa: E402

SERVICE = "imagebuilder"
Answer = tuple[int, dict[str, str], str]

_SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted(dns_suffixes(), key=len, reverse=True))
HOST = re.compile(rf"https?://imagebuilder(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:{_SUFFIXES})(?=(?::\d+)?(?:[/?]|$))")
_URL = re.compile(HOST.pattern + r"(?::\d+)?(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?")


# How a compressed body begins, which moto decompresses. To ask for the header would take longer.
_GZIP = b"\x1f\x8b"


def install() -> None:
    """Make moto serve Image Builder. Done once, when the package is imported."""
    if any(service == SERVICE for service, _ in backend_index.backend_url_patterns):
        return
    _register()
    add_control_routes(control_routes.ROUTES)
    _install_short_way()
    _install_announcements()
    for service, add in _ADDITIONS.items():
        if f"moto.{service}.models" in sys.modules:
            add()  # its backends may have been born before
    _install_cheap_sessions()
    _install_kept_patterns()


def _register() -> None:
    # moto's stubber, its mock of `responses` and its server hold this very list: change it, do not replace it.
    backend_index.backend_url_patterns.insert(0, (SERVICE, HOST))
    # moto.backends imports "moto.<service>" and takes "<service>_backends" from it.
    sys.modules[f"moto.{SERVICE}"] = imagebuilder


def add_control_routes(routes: Mapping[str, Callable[..., Any]]) -> None:
    """Serve further paths of ``/moto-api``. The server makes its application from this dict, at the first request."""
    moto_api_urls.url_paths.update(routes)


# ---- the short way ----


def _install_short_way() -> None:
    moto_way = BotocoreStubber.process_request

    def process_request(self: BotocoreStubber, request: Any) -> Any:
        return short_way(request) or moto_way(self, request)

    process_request.__wrapped__ = moto_way  # type: ignore[attr-defined]
    stubber_module.BotocoreStubber.process_request = process_request  # type: ignore[method-assign]


_NOTHING = object()


def short_way(request: Any) -> Answer | None:
    """The answer to a botocore or ``requests`` request, or None if it has to go moto's way."""
    match = _URL.fullmatch(request.url)
    if match is None or not _no_promise_needs_motos_way():
        return None
    # The oldest moto hands on werkzeug's request for those of `requests`, which has no `body`.
    body = getattr(request, "body", _NOTHING)
    account_id = _account_of(request.headers)
    if account_id is None or not (body is None or isinstance(body, (bytes, str))):
        return None
    if body and body[:2] in (_GZIP, _GZIP.decode("latin-1")):
        return None
    region, path, query = match.group("region", "path", "query")
    status, headers, text = responses.answer(request.method, path or "/", query or "", body, account_id, region)
    return status, {"server": "amazon.com", "date": _date_header(int(time.time())), **headers}, text


@lru_cache(maxsize=1)
def _date_header(second: int) -> str:
    return http_date(second)


def _no_promise_needs_motos_way() -> bool:
    core = moto_config.default_user_config.get("core", {})
    passthrough = core.get("passthrough", {})
    return (
        core.get("service_whitelist") is None
        and not passthrough.get("services")
        and not passthrough.get("urls")
        and not recorder._user_enabled
        and float("inf") == settings.INITIAL_NO_AUTH_ACTION_COUNT
    )


def _account_of(headers: Any) -> str | None:
    """The account of a request. None if IAM knows the access key: then moto resolves it, and notes that it was used."""
    if _is_known_to_iam(headers):
        return None
    return (
        os.environ.get("MOTO_ACCOUNT_ID") or _text(headers.get("x-moto-account-id")) or core_models.DEFAULT_ACCOUNT_ID
    )


def _is_known_to_iam(headers: Any) -> bool:
    iam = sys.modules.get("moto.iam.models")
    accounts = list(iam.iam_backends.values()) if iam is not None else []
    if not accounts:
        return False
    match = BaseResponse.access_key_regex.search(_text(headers.get("Authorization")))
    access_key = match.group(1) if match else None
    # The backends that exist; asking moto would create one for every partition.
    return any(access_key in backend.access_keys for account in accounts for backend in list(account.values()))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


# ---- births of backends ----


def _install_announcements() -> None:
    imagebuilder_backends.outbox.deferring = True
    get_backend = AccountSpecificBackend.__getitem__

    def announce(self: Any, region_name: str) -> Any:
        # Whoever reaches for any backend may look at what a build has left there in the meantime.
        if imagebuilder_backends.running_builds and self.service_name != SERVICE:
            imagebuilder_backends.let_time_pass()
        key = "aws" if region_name == "global" else region_name
        if key in self.keys():
            return get_backend(self, region_name)
        with backend_lock:
            backend = get_backend(self, region_name)
            moto_backports.backend_is_born(self.service_name, backend)
            if self.service_name in _ADDITIONS:
                _ADDITIONS[self.service_name]()
            imagebuilder_backends.outbox.deliver(self.service_name, self.account_id, key, backend)
        return backend

    AccountSpecificBackend.__getitem__ = announce  # type: ignore[method-assign]

    reset_all = BackendDict.reset

    def reset(_cls: type) -> None:
        # Before any other service: resetting one may give birth to the backend of another, which must be born empty.
        imagebuilder_backends.forget_builds()
        reset_all()

    BackendDict.reset = classmethod(reset)  # type: ignore[assignment, method-assign]


# ---- actions of EC2 ----


@cache
def add_ec2_actions() -> None:
    """Add the actions that moto's EC2 lacks, if it does. To be called when moto's EC2 is imported anyway.

    Both of moto's ways to its response classes, the stubber's and the server's, ask a backend of the service for them: there
    is no request to EC2 before one of its backends is born.
    """
    from moto.ec2.responses import EC2Response

    from .ec2_actions import actions

    actions.install(EC2Response)


# ---- stacks of CloudFormation ----


@cache
def add_stack_resources() -> None:
    """Let stacks have resources of this service as AWS's do. To be called when moto's CloudFormation is imported anyway."""
    from moto.cloudformation import parsing
    from moto.cloudformation.models import CloudFormationBackend

    from . import stacks

    # It looks for its types once, which may have been before this service had any.
    for known in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        known.cache_clear()
    stacks.install(parsing.ResourceMap, CloudFormationBackend)


#: What is added to other services of moto, when they are imported anyway.
_ADDITIONS: Mapping[str, Callable[[], None]] = {"ec2": add_ec2_actions, "cloudformation": add_stack_resources}


# ---- loaders ----


class _SharedCache:
    """Stands in for a loader's cache: loaders with the same search paths share one.

    A search path outside botocore and boto3 that exists may change between two tests, so its loader keeps to itself.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._own: dict[Any, Any] = {}

    def _cache(self) -> dict[Any, Any]:
        paths = tuple(self._loader.search_paths)
        return _cache_for(paths, tuple(self._loader.extras_types)) if _are_packaged(paths) else self._own

    def __contains__(self, key: object) -> bool:
        return key in self._cache()

    def __getitem__(self, key: object) -> Any:
        return self._cache()[key]

    def __setitem__(self, key: object, value: Any) -> None:
        self._cache()[key] = value


@cache
def _cache_for(_paths: tuple[str, ...], _extras: tuple[str, ...]) -> dict[Any, Any]:
    return {}


def _are_packaged(paths: tuple[str, ...]) -> bool:
    return all(path in _packaged_paths() or not os.path.isdir(path) for path in paths)


@cache
def _packaged_paths() -> frozenset[str]:
    import boto3

    boto3_data = os.path.join(os.path.dirname(boto3.__file__), "data")
    return frozenset((Loader.BUILTIN_DATA_PATH, boto3_data))


def _create_sharing_loader(create_loader: Callable[..., Loader]) -> Callable[..., Loader]:
    def create(search_path_string: str | None = None) -> Loader:
        loader = create_loader(search_path_string)
        loader._cache = _SharedCache(loader)
        return loader

    return create


# ---- sessions ----

_known_event_names: dict[str, str] = {}


def _accepts_kwargs_remembered(accepts_kwargs: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """botocore looks at the signature of each of its own handlers again for every session."""
    remembered = lru_cache(maxsize=1024)(accepts_kwargs)

    def accepts(handler: Any) -> Any:
        # Nothing but a function is certain to have the same signature next time, and nothing else may be kept alive.
        is_packaged = isinstance(handler, FunctionType) and handler.__module__.startswith(("botocore.", "boto3."))
        return remembered(handler) if is_packaged else accepts_kwargs(handler)

    return accepts


def _init_sharing_event_names(init: Callable[..., None]) -> Callable[..., None]:
    """botocore translates the old names of events again for every session. What they mean never changes."""

    def initialize(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        init(self, event_emitter, event_aliases)
        if self._event_aliases == hooks.EVENT_ALIASES:
            self._alias_name_cache = _known_event_names

    return initialize


def _install_cheap_sessions() -> None:
    """While a mock is active, which means a new default session for every test."""
    mock = core_models.MockAWS
    enable, disable = mock._enable_patching, mock._disable_patching
    session, event_hooks = cast(Any, botocore.session), cast(Any, hooks)
    places = [
        (session, "create_loader", _create_sharing_loader(session.create_loader)),
        (event_hooks, "accepts_kwargs", _accepts_kwargs_remembered(event_hooks.accepts_kwargs)),
        (event_hooks.EventAliaser, "__init__", _init_sharing_event_names(event_hooks.EventAliaser.__init__)),
    ]
    originals = [(place, name, getattr(place, name)) for place, name, _ in places]

    def enable_patching(self: Any, *args: Any, **kwargs: Any) -> None:
        for place, name, replacement in places:
            setattr(place, name, replacement)
        enable(self, *args, **kwargs)

    def disable_patching(self: Any, *args: Any, **kwargs: Any) -> None:
        for place, name, original in originals:
            setattr(place, name, original)
        disable(self, *args, **kwargs)

    mock._enable_patching = enable_patching  # type: ignore[method-assign]
    mock._disable_patching = disable_patching  # type: ignore[method-assign]


# ---- moto's patterns for `requests` ----


def _install_kept_patterns() -> None:
    mock_module: Any = core_models
    make = mock_module.CallbackResponse
    kept: dict[tuple[Any, ...], Any] = {}

    def keep_pattern(method: str, url: Any, callback: Any) -> Any:
        pattern = kept.get((method, url, callback))
        if pattern is None:
            pattern = kept[method, url, callback] = make(method=method, url=url, callback=callback)
        else:
            pattern.calls.reset()  # the only state of a pattern: the requests that it has answered
        return pattern

    mock_module.CallbackResponse = keep_pattern


# ---- what the decorator needs ----


def decorate_class(mock: Any, klass: type) -> Any:
    """Decorate the methods of a class by moto's own rules (``setUp``, ``setup_method``, tests), each through ``mock``."""
    return core_models.MockAWS._decorate_class(mock, klass)
