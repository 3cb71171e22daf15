"""What AMIs consist of when they are built and copied, how they are encrypted, and with whom they can be shared.

Rules of encryption are those of the user guide's pages "Create and update AMI distribution configurations" and "Set up
cross-account AMI distribution", those of watermarks those of CreateImageRecipe.amiWatermarks in the API model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .outputs import ec2, kms
from .outputs.ami_contents import AWS_MANAGED_KEY, PLAIN, AmiContents, Watermark, encrypted, mapped

if TYPE_CHECKING:
    from ..resources.base import BackendCore
    from ..resources.image import Image

MAX_WATERMARKS = 5

#: What EC2 gives as the reason when an instance with an encrypted volume does not come up.
_NO_ACCESS_TO_KEY = "Client.InternalError: Client error on launch"
_KEY_IN_WRONG_STATE = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"


class ContentsRefused(Exception):
    """An AMI can't be made or shared with these contents; the text says why."""


class CopyFails(Exception):
    """EC2 begins a copy with these contents, and it fails."""


def contents_of(backend: BackendCore, account_id: str, region: str, ami_id: str) -> AmiContents:
    """What an AMI consists of; of Amazon's nobody has said anything."""
    return backend.ami_contents.get(ami_id) or ec2.contents_in(account_id, region, ami_id)


def volume_keys(image: Image) -> dict[str, str | None]:
    """What the volumes are encrypted with that its recipe says something of, by device name.

    :raises ContentsRefused: EC2 does not launch an instance with them.
    """
    backend, keys = image.backend, dict[str, str | None]()
    for mapping in image.recipe_volumes:
        ebs: Mapping[str, Any] = mapping.get("ebs", {})
        if "kmsKeyId" in ebs:
            try:
                keys[mapping.get("deviceName", "")] = kms.resolve(
                    backend.account_id, backend.region_name, ebs["kmsKeyId"]
                )
            except kms.KeyMissing:
                raise ContentsRefused(_NO_ACCESS_TO_KEY) from None
            except kms.KeyUnusable:
                raise ContentsRefused(_KEY_IN_WRONG_STATE) from None
        elif ebs.get("encrypted"):
            keys[mapping.get("deviceName", "")] = ec2.default_key(backend.account_id, backend.region_name)
    return keys


def has_key_without_encryption(image: Image) -> bool:
    """Whether the recipe names a key for a volume that it does not want to be encrypted."""
    of_volumes = (mapping.get("ebs", {}) for mapping in image.recipe_volumes)
    return any("kmsKeyId" in ebs and not ebs.get("encrypted") for ebs in of_volumes)


def built_contents(
    image: Image, ami_id: str, root_name: str, moment: datetime, *, from_instance: bool = True
) -> AmiContents:
    """What an AMI consists of that is made of an instance of the parent image.

    :param from_instance: without an instance, the devices are moto's.
    :raises ContentsRefused: it would have too many watermarks, or a volume has a key that cannot be used.
    """
    backend, recipe, contents = image.backend, image.recipe_record, PLAIN
    parent = None if image.parent is None else image.parent.ami
    if parent is not None:
        contents = contents_of(backend, parent.owner_id, backend.region_name, parent.ami_id)
    devices = contents.devices if from_instance else ()
    if from_instance and recipe.get("blockDeviceMappings"):
        keys = {name or root_name: key for name, key in volume_keys(image).items()}
        devices = mapped(devices, root_name, recipe["blockDeviceMappings"], keys)
    if ec2.encrypts_by_default(backend.account_id, backend.region_name):
        key = ec2.default_key(backend.account_id, backend.region_name)
        by_default = encrypted(devices, root_name, key)
        devices = tuple(
            device if device.key is not None else other
            for device, other in zip(devices or by_default, by_default, strict=True)
        )
    watermarks = contents.watermarks
    for name in recipe.get("amiWatermarks", ()):
        if all((known.account_id, known.name) != (backend.account_id, name) for known in watermarks):
            watermarks += (Watermark(backend.account_id, name, backend.region_name, ami_id, moment),)
    if len(watermarks) > MAX_WATERMARKS:
        raise ContentsRefused(
            f"The AMI would have {len(watermarks)} watermarks with those of its parent image, and can have at most "
            f"{MAX_WATERMARKS}"
        )
    return AmiContents(devices, watermarks) if devices or watermarks else PLAIN


def copied_contents(
    image: Image, source: Mapping[str, Any], region: str, account_id: str, root_name: str, settings: Mapping[str, Any]
) -> AmiContents:
    """What the copy of an AMI consists of.

    :param source: the AMI, in the members of the API's Ami.
    :param settings: in the members of the API's AmiDistributionConfiguration.
    :raises ContentsRefused: the snapshots cannot be shared with the account that gets the copy.
    :raises CopyFails: there is no such key, or it cannot be used.
    """
    backend = image.backend
    contents = contents_of(backend, source["accountId"], source["region"], source["image"])
    key = None
    if "kmsKeyId" in settings:
        try:
            key = kms.resolve(account_id, region, settings["kmsKeyId"])
        except (kms.KeyMissing, kms.KeyUnusable):
            raise CopyFails from None
    if account_id != backend.account_id and (contents.has_aws_managed_key or key == AWS_MANAGED_KEY):
        raise _managed_key()
    if key is not None or ec2.encrypts_by_default(account_id, region):
        return replace(
            contents, devices=encrypted(contents.devices, root_name, key or ec2.default_key(account_id, region))
        )
    if contents.is_encrypted:
        default = ec2.default_key(account_id, region)
        devices = (device if device.key is None else replace(device, key=default) for device in contents.devices)
        return replace(contents, devices=tuple(devices))
    return contents


def require_shareable(contents: AmiContents, account_id: str, permission: Mapping[str, Any]) -> None:
    """
    :param permission: a ``launchPermission`` of the API, for an AMI of this account.
    :raises ContentsRefused: EC2 does not let others use an AMI with these contents.
    """
    if contents is PLAIN:
        return
    is_public = "all" in permission.get("userGroups", ())
    others = [user for user in permission.get("userIds", ()) if user != account_id]
    organizations = permission.get("organizationArns") or permission.get("organizationalUnitArns")
    if contents.has_aws_managed_key and (is_public or others or organizations):
        raise _managed_key()
    if is_public and contents.is_encrypted:
        raise ContentsRefused("EC2 Client Error: 'AMIs with encrypted volumes can't be made public.'")
    if is_public and contents.watermarks:
        raise ContentsRefused("EC2 Client Error: 'AMIs with watermarks can't be made public.'")


def _managed_key() -> ContentsRefused:
    return ContentsRefused(
        "EC2 Client Error: 'Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.'"
    )
