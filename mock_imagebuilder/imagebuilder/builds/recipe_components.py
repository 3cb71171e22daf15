"""The components of a recipe: what CreateImageRecipe and CreateContainerRecipe refuse about them.

The sentences are those of the user guide's pages "Create a new version of an image recipe", "Create a new version of a
container recipe" and "Manage recipes in Image Builder"; the rules for parameters are ComponentConfiguration's in the API
model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..arns import Arn
from ..exceptions import (
    ServiceQuotaExceededException,
    invalid_combination,
    invalid_value,
)
from .parent_image import ParentImage

if TYPE_CHECKING:
    from ..resources.base import BackendCore, Record

MAX_CONFIGURATION_BYTES = 25 * 1024
MAX_MARKETPLACE_PRODUCTS = 9

_STATES_OUT_OF_USE = {"DEPRECATED": "deprecated", "DISABLED": "disabled"}


def check_components(backend: BackendCore, entries: Sequence[Mapping[str, Any]], parent: ParentImage) -> None:
    """Check the ``components`` of a create request against each other, their parameters and the parent image.

    What the parent image is decides on the kind of recipe: DOCKER for container recipes.

    :raises ResourceNotFoundException: a component does not exist.
    :raises ServiceQuotaExceededException: there are more than the quota allows.
    :raises InvalidParameterValueException: a component is there twice, out of use, or not for the parent image; all of
        them are too large or have too many Marketplace products, or a container recipe has one; a version has a number
        right of a wildcard.
    :raises InvalidParameterCombinationException: a parameter is not the component's, or one without default is not set.
    """
    records = [
        backend.require_component(entry["componentArn"], f"components[{i}].componentArn").record
        for i, entry in enumerate(entries)
    ]
    _check_number(backend, entries)
    _check_list(entries)
    for number, (entry, record) in enumerate(zip(entries, records, strict=True)):
        path = f"components[{number}]"
        _check_state(record, entry["componentArn"], f"{path}.componentArn")
        _check_parent(record, parent, f"{path}.componentArn")
        _check_parameters(record.get("parameters") or (), entry.get("parameters", ()), f"{path}.parameters")
    _check_marketplace(records, parent)


def _check_number(backend: BackendCore, entries: Sequence[Mapping[str, Any]]) -> None:
    limit = backend.quota("Components per image recipe")
    if limit is not None and len(entries) > limit:
        raise ServiceQuotaExceededException(f"A recipe can contain at most {limit} components.")


def _check_list(entries: Sequence[Mapping[str, Any]]) -> None:
    if len({Arn.parse(entry["componentArn"]).family for entry in entries}) < len(entries):
        raise invalid_value("components", "A component may be specified in an image recipe at most once")
    size = len(json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_CONFIGURATION_BYTES:
        raise invalid_value("components", "You've exceeded the maximum cumulative component size of 25 KB")


def _check_state(record: Record, arn: str, path: str) -> None:
    state = _STATES_OUT_OF_USE.get(record["state"]["status"])
    if state is not None:
        raise invalid_value(path, f"Component ARN {arn} is {state} and cannot be included in new recipes")


def _check_parent(record: Record, parent: ParentImage, path: str) -> None:
    if record["platform"] != parent.platform:
        raise invalid_value(path, "Component ARN does not match the Parent Image Platform")
    supported = record.get("supportedOsVersions")
    if supported and parent.os_version is not None and not parent.os_version.startswith(tuple(supported)):
        raise invalid_value(path, "Component ARN does not support the Parent Image OS Version")
    if _is_cis_hardening(record) and parent.image_source == "AMAZON_MANAGED":
        raise invalid_value(path, "CIS hardening components require a parent image that CIS publishes.")


def _is_cis_hardening(record: Record) -> bool:
    is_third_party: bool = record["owner"] == "ThirdParty"
    return is_third_party and Arn.parse(record["arn"]).slug.startswith("cis-")


def _check_parameters(defined: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], path: str) -> None:
    names = [parameter["name"] for parameter in given]
    known = {parameter["name"]: parameter for parameter in defined}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise invalid_combination(
            path, f"The following parameters are not defined in the provided component: {', '.join(unknown)}"
        )
    missing = [name for name, parameter in known.items() if not parameter.get("defaultValue") and name not in names]
    if missing:
        raise invalid_combination(
            path, f"The following parameters of the provided component require a value: {', '.join(missing)}"
        )
    if len(set(names)) < len(names):
        raise invalid_value(path, "A parameter may be specified at most once")
    for number, parameter in enumerate(given):
        # "string" is the only type there is: one text, in a list.
        if len(parameter["value"]) != 1:
            raise invalid_value(f"{path}[{number}].value", "A parameter of type string requires exactly one value.")


def _check_marketplace(records: Sequence[Record], parent: ParentImage) -> None:
    from_marketplace = [record for record in records if record["owner"] == "AWSMarketplace"]
    if not from_marketplace:
        return
    if parent.type == "DOCKER":
        raise invalid_value("components", "Container Recipes must not contain marketplace components")
    products = {product for record in from_marketplace for product in _products(record)}
    if parent.image_source == "AWS_MARKETPLACE":
        products.add(parent.resolved)
    if len(products) > MAX_MARKETPLACE_PRODUCTS:
        raise invalid_value("components", f"Recipe can contain at most {MAX_MARKETPLACE_PRODUCTS} marketplace products")
    if all(record["type"] == "TEST" for record in records):
        raise invalid_value("components", "Recipes with marketplace components must contain at least 1 build component")


def _products(record: Record) -> list[str]:
    codes = [code["productCodeId"] for code in record.get("productCodes") or ()]
    return codes or [Arn.parse(record["arn"]).family]
