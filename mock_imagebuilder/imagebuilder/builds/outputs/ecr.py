"""Container images and their repositories in moto's ECR."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException

from .outbox import backend_of, living_backend

_URI = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,299}")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True, slots=True)
class PrivateImage:
    """A container image in a private registry: ``ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`` or ``@DIGEST``."""

    account_id: str
    region: str
    repository: str
    #: In the members of ECR's ImageIdentifier.
    image_id: Mapping[str, str]

    @classmethod
    def parse(cls, uri: str) -> PrivateImage | None:
        """Take a URI apart. None if it is none of a private registry. Without tag and digest the tag is ``latest``."""
        match = _URI.fullmatch(uri)
        if match is None:
            return None
        image_id = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        return cls(match["account"], match["region"], match["repository"], image_id)

    def is_visible_to(self, account_id: str) -> bool:
        """Whether the image exists and the account may describe it: its owner, or whom the repository's policy allows."""
        repository = find_repository(self.account_id, self.region, self.repository)
        if repository is None:
            return False
        tag, digest = self.image_id.get("imageTag"), self.image_id.get("imageDigest")
        exists = any(tag in image.image_tags or digest == image.get_image_digest() for image in repository.images)
        return exists and (account_id == self.account_id or _may_describe(repository.policy, account_id))


def _may_describe(policy_text: str | None, account_id: str) -> bool:
    statements = _as_list(json.loads(policy_text or "{}").get("Statement", ()))
    effects = {statement["Effect"] for statement in statements if _is_about_describing(statement, account_id)}
    return effects == {"Allow"}


def _is_about_describing(statement: Mapping[str, Any], account_id: str) -> bool:
    principal = statement.get("Principal", {})
    accounts = _as_list(principal if isinstance(principal, str) else principal.get("AWS", ()))
    is_meant = any(account in ("*", account_id) or f":iam::{account_id}:root" in account for account in accounts)
    actions = _as_list(statement.get("Action", ()))
    return is_meant and any(fnmatchcase("ecr:describeimages", action.lower()) for action in actions)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


class PushRefused(Exception):
    """ECR does not take an image; the text is ECR's."""


def find_repository(account_id: str, region: str, name: str) -> Any | None:
    """moto's repository; None if it does not exist."""
    ecr = living_backend("ecr", account_id, region)
    return None if ecr is None else ecr.repositories.get(name)


def no_repository(account_id: str, name: str) -> str:
    """ECR's sentence for a repository that does not exist."""
    return f"The repository with name '{name}' does not exist in the registry with id '{account_id}'"


def ensure_repository(account_id: str, region: str, name: str) -> None:
    """Create a repository if it does not exist."""
    if find_repository(account_id, region, name) is None:
        backend_of("ecr", account_id, region).create_repository(
            repository_name=name,
            registry_id=None,
            encryption_config=None,
            image_scan_config=None,
            image_tag_mutability=None,
            tags=[],
        )


def manifest_of(contents: Iterable[str]) -> str:
    """An image manifest with a layer for each text. The layers themselves exist nowhere: only their digests do."""
    digests = [_digest(content) for content in contents]
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": digests}})
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
            "layers": [{"mediaType": _LAYER, "size": len(digest), "digest": digest} for digest in digests],
        }
    )


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def push(
    account_id: str, region: str, repository_name: str, manifest: str, tags: Sequence[str], moment: datetime
) -> list[str]:
    """Push an image with all its tags, one after the other, as docker does.

    :returns: the image's URIs, one for each tag.
    :raises PushRefused: the repository does not exist; a tag is not well-formed; the repository is immutable and has the
        tag. What was pushed before stays.
    """
    repository = find_repository(account_id, region, repository_name)
    if repository is None:
        raise PushRefused(no_repository(account_id, repository_name))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise PushRefused(
                f"Invalid parameter at 'imageTag' failed to satisfy constraint: '{tag}' is not a valid tag"
            )
        try:
            pushed = backend_of("ecr", account_id, region).put_image(
                repository_name, manifest, tag, digest=_digest(manifest)
            )
        except ServiceException:
            raise PushRefused(
                f"The image tag '{tag}' already exists in the '{repository_name}' repository and cannot be overwritten "
                "because the repository is immutable."
            ) from None
        pushed.image_pushed_at = int(moment.timestamp())
    return [f"{repository.uri}:{tag}" for tag in tags]
