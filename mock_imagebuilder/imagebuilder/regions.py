"""The Regions of the service."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from botocore.loaders import Loader
from moto.settings import allow_unknown_region


@cache
def all_regions() -> list[str]:
    """All Regions of every partition: botocore's list of endpoints has no entry for Image Builder in any of them."""
    return [region for partition in Loader().load_data("endpoints")["partitions"] for region in partition["regions"]]


def is_region(name: str) -> bool:
    """Whether there is such a Region, or moto is to take any name for one."""
    return name in all_regions() or allow_unknown_region()


@cache
def dns_suffixes() -> tuple[str, ...]:
    """The DNS suffixes, with and without dual stack, that the endpoint rules of botocore can put behind a Region."""
    partitions = Loader().load_data("partitions")["partitions"]
    outputs = [partition["outputs"] for partition in partitions]
    return tuple(dict.fromkeys(output[key] for output in outputs for key in ("dnsSuffix", "dualStackDnsSuffix")))


@cache
def partition_of(region: str) -> str:
    """The partition of a Region, ``aws`` if botocore knows none. moto's own table lacks some of the isolated partitions."""
    return str(_partition(region)["id"])


def dns_suffix_of(region: str) -> str:
    """The DNS suffix behind a Region, such as ``amazonaws.com``."""
    return str(_partition(region)["outputs"]["dnsSuffix"])


@cache
def _partition(region: str) -> dict[str, Any]:
    partitions: list[dict[str, Any]] = Loader().load_data("partitions")["partitions"]
    for partition in partitions:
        if region in partition["regions"] or re.fullmatch(partition["regionRegex"], region):
            return partition
    return next(partition for partition in partitions if partition["id"] == "aws")
