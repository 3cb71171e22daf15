"""The AMIs of an image: the one that a build makes, its copies in other Regions and accounts, and who may launch them.

A build without a DISTRIBUTION workflow distributes as its distribution configuration says; the steps of such a workflow do
the same, one thing at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .ami_contents import (
    ContentsRefused,
    CopyFails,
    built_contents,
    contents_of,
    copied_contents,
    require_shareable,
)
from .distribution_failures import DistributionRefused, distribution_failed
from .execution_role import refusal_of_other_account
from .failure_rules import refusal_of
from .outputs import ec2, public_access
from .outputs.ami_contents import PLAIN, AmiContents
from .outputs.naming import names_of

if TYPE_CHECKING:
    from ..resources.image import Image

_SESSION = "Ec2ImageBuilderDistributionService"

#: An AMI in the members of the API's Ami, as an image's output resources have it.
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Destination:
    """A Region and an account that get the AMI; ``settings`` in the members of the API's AmiDistributionConfiguration."""

    region: str
    account_id: str
    settings: Mapping[str, Any]


class CopyRefused(Exception):
    """The AMI does not get to a destination; the text says why."""


def create_ami(
    image: Image,
    moment: datetime,
    *,
    is_output: bool = True,
    description: str | None = None,
    hardware: Mapping[str, str] | None = None,
    from_instance: bool = True,
) -> str:
    """Make an AMI in the build's own account and Region, with the name, description and tags of the image's settings.

    :param is_output: whether it is one of the image's output resources.
    :param description: instead of that of the settings.
    :param hardware: what is not as in the parent image: ``architecture``, ``root_device_name``, ``boot_mode``,
        ``snapshot_id``.
    :param from_instance: whether the AMI has the volumes of an instance.
    :returns: its id.
    :raises LookupError: the name has a placeholder for an SSM parameter that does not exist.
    :raises ContentsRefused: it cannot be made of its volumes and watermarks.
    """
    backend, recipe = image.backend, image.recipe_record
    settings = _build_region_settings(image)
    # An imported image has a description of its own.
    of_image = recipe.get("description") or image.record.get("description")
    description = description or settings.get("description") or of_image
    tags = recipe.get("amiTags", ec2.NO_TAGS)
    ami = _specification(image, settings, description, tags, moment, hardware or {})
    contents = built_contents(image, ami.ami_id, ami.root_device_name, moment, from_instance=from_instance)
    ami = _with_contents(image, ami, contents)
    if is_output:
        _leave(image, backend.region_name, backend.account_id, ami)
    else:
        ec2.register(backend.outbox, backend.account_id, backend.region_name, ami)
    return ami.ami_id


def source_ami(image: Image) -> Entry | None:
    """The AMI that is distributed: what a build has made, before any copies, or what DistributeImage was given.

    None if the build has made none yet.
    """
    if "sourceImage" in image.record:
        return _given_ami(image)
    amis: list[Entry] = image.record["outputResources"].get("amis", [])
    return amis[0] if amis else None


def distribute(image: Image, moment: datetime) -> None:
    """Copy and share the AMI as the distribution configuration says. Copies that are there already are not made again.

    A destination that does not get it does not keep the others from it.

    :raises StageFailed: a destination does not get it.
    """
    destinations = destinations_of(image, image.record["distributionConfiguration"]["distributions"])
    refusals = [refusal for destination in destinations if (refusal := _bring_to(image, destination, moment))]
    if refusals:
        raise distribution_failed(image, refusals)


def _bring_to(image: Image, destination: Destination, moment: datetime) -> DistributionRefused | None:
    """Copy the AMI to a destination and share it there; the refusal if that cannot be done."""
    try:
        entry = copy_to(image, destination, moment)
        share(image, destination, entry["image"], destination.settings.get("launchPermission", {}))
    except CopyRefused as error:
        return DistributionRefused(destination.region, destination.account_id, str(error))
    return None


def destinations_of(image: Image, distributions: Iterable[Mapping[str, Any]]) -> Iterator[Destination]:
    """Where entries of a distribution configuration send an AMI, in their order."""
    for distribution in distributions:
        if "amiDistributionConfiguration" in distribution:
            settings = distribution["amiDistributionConfiguration"]
            for account_id in settings.get("targetAccountIds", [image.backend.account_id]):
                yield Destination(distribution["region"], account_id, settings)


def copy_to(image: Image, destination: Destination, moment: datetime) -> Entry:
    """Bring the AMI to a destination: a copy, or in the build's own account and Region the AMI itself with its tags.

    A copy of the same name that is there already is taken; one that has been deregistered is made anew. The source AMI
    of DistributeImage becomes one of the image's output resources when its own place is a destination.

    :raises CopyRefused: a test wants it; the account does not let this one bring AMIs to it; the AMI is gone, it is not this
        account's to share, it can't be encrypted as the settings say, or a name or tag has a placeholder for an SSM
        parameter that does not exist.
    """
    backend, names = image.backend, names_of(image)
    region, account_id, settings = destination.region, destination.account_id, destination.settings
    source = source_ami(image)
    if source is None:
        raise CopyRefused("The build has made no AMI.")
    refusal = refusal_of(image, "DISTRIBUTING", region, f"AMI Copy Reported Failure For {source['image']}")
    if refusal is not None:
        raise CopyRefused(refusal)
    _require_role(image, account_id)
    try:
        ec2.require_ami(backend.account_id, backend.region_name, source["image"])
        tags = {key: names.fill(value) for key, value in settings.get("amiTags", {}).items()}
        if (region, account_id) == (backend.region_name, backend.account_id):
            if "sourceImage" in image.record:
                _require_may_share(source, destination)
                # It keeps the service's tags of the image that it comes from, if it has them.
                tags = {key: value for key, value in tags.items() if key not in ec2.service_tags(image.arn)}
                _list(image, source)
            else:
                tags |= ec2.service_tags(image.arn)
            ec2.tag(backend.outbox, account_id, region, source["image"], tags)
            return source
        copy = _specification(image, settings, settings.get("description"), tags, moment, {})
    except ec2.AmiGone as error:
        raise CopyRefused(f"EC2 Client Error: '{error}'") from None
    except LookupError as error:
        raise CopyRefused(str(error)) from None
    earlier = _earlier_copy(image, region, account_id, copy.name)
    if earlier is not None:
        return earlier
    try:
        contents = copied_contents(image, source, region, account_id, copy.root_device_name, settings)
    except ContentsRefused as error:
        raise CopyRefused(str(error)) from None
    except CopyFails:
        raise CopyRefused(f"AMI Copy Reported Failure For {copy.ami_id}") from None
    return _leave(image, region, account_id, _with_contents(image, copy, contents))


def share(image: Image, destination: Destination, ami_id: str, permission: Mapping[str, Any]) -> None:
    """Apply a ``launchPermission`` of a distribution configuration to an AMI.

    :raises CopyRefused: EC2 does not let others use an AMI that is encrypted like this one, or has watermarks, or the
        account keeps its AMIs from the public.
    """
    if not permission:
        return
    backend, account_id, region = image.backend, destination.account_id, destination.region
    if "all" in permission.get("userGroups", ()) and public_access.is_blocked(account_id, region):
        raise CopyRefused(f"EC2 Client Error: '{public_access.REFUSAL}'")
    try:
        require_shareable(contents_of(backend, account_id, region, ami_id), account_id, permission)
    except ContentsRefused as error:
        raise CopyRefused(str(error)) from None
    ec2.share(backend.outbox, account_id, region, ami_id, permission)


def _specification(
    image: Image,
    settings: Mapping[str, Any],
    description: str | None,
    tags: Mapping[str, str],
    moment: datetime,
    hardware: Mapping[str, Any],
) -> ec2.AmiSpecification:
    """:raises LookupError: the name has a placeholder for an SSM parameter that does not exist."""
    names = names_of(image)
    if image.parent is not None and image.parent.ami is not None:
        parent = image.parent.ami
        hardware = {"architecture": parent.architecture, "root_device_name": parent.root_device_name, **hardware}
    return ec2.AmiSpecification(
        ami_id=ec2.new_id("ami"),
        name=names.fill(settings["name"]) if "name" in settings else names.default_ami_name,
        description=description,
        platform=image.record["platform"],
        created=moment,
        image_arn=image.arn,
        tags=tags,
        **hardware,
    )


def _with_contents(image: Image, ami: ec2.AmiSpecification, contents: AmiContents) -> ec2.AmiSpecification:
    """The AMI with contents that copies and children of it will find."""
    if contents is PLAIN:
        return ami
    image.backend.ami_contents[ami.ami_id] = contents
    return replace(ami, contents=contents)


def _leave(image: Image, region: str, account_id: str, ami: ec2.AmiSpecification) -> Entry:
    ec2.register(image.backend.outbox, account_id, region, ami)
    image.backend.note_output_ami(region, account_id, ami.ami_id, image)
    entry = {"region": region, "image": ami.ami_id, "name": ami.name, "accountId": account_id}
    if ami.description is not None:
        entry["description"] = ami.description
    _list(image, entry)
    return entry


def _list(image: Image, entry: Entry) -> None:
    """Add an AMI to the image's output resources, if it is not there."""
    amis: list[Entry] = image.record["outputResources"]["amis"]
    if entry not in amis:
        image.update(outputResources={"amis": [*amis, entry]})


def _given_ami(image: Image) -> Entry | None:
    """The AMI of the source image that DistributeImage was given."""
    ami = None if image.parent is None else image.parent.ami
    if ami is None:
        return None
    return {"region": image.backend.region_name, "image": ami.ami_id, "name": ami.name, "accountId": ami.owner_id}


def _require_role(image: Image, account_id: str) -> None:
    """:raises CopyRefused: another account has no role in which the service could bring an AMI to it."""
    backend = image.backend
    refusal = refusal_of_other_account(backend.account_id, account_id, backend.partition, _SESSION)
    if refusal is not None:
        raise CopyRefused(refusal)


def _require_may_share(source: Entry, destination: Destination) -> None:
    """:raises CopyRefused: launch permissions are to be set on an AMI that belongs to somebody else."""
    if destination.settings.get("launchPermission") and source["accountId"] != destination.account_id:
        raise CopyRefused(f"EC2 Client Error: 'Not authorized for image:{source['image']}'")


def _earlier_copy(image: Image, region: str, account_id: str, name: str) -> Entry | None:
    """The copy that an earlier run of the build has left. One that EC2 does not have any more is forgotten."""
    amis: list[Entry] = image.record["outputResources"]["amis"]
    source, place = source_ami(image), (region, account_id, name)
    for entry in amis:
        if entry != source and (entry["region"], entry["accountId"], entry["name"]) == place:
            try:
                ec2.require_ami(account_id, region, entry["image"])
            except ec2.AmiGone:
                image.update(outputResources={"amis": [other for other in amis if other is not entry]})
                return None
            return entry
    return None


def _build_region_settings(image: Image) -> Mapping[str, Any]:
    for distribution in image.record.get("distributionConfiguration", {}).get("distributions", ()):
        if distribution["region"] == image.backend.region_name:
            settings: Mapping[str, Any] = distribution.get("amiDistributionConfiguration", {})
            return settings
    return {}
