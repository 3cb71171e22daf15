"""Where moto's EC2 lets an instance run.

By moto's own rules for RunInstances: subnets, security groups and hosts have to exist, key pairs and instance types too if
moto's settings want them validated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto import settings

from .outbox import backend_of, living_backend

#: The settings that name something in EC2.
_PLACES = frozenset(("subnetId", "securityGroupIds", "placement"))


class LaunchRefused(Exception):
    """EC2 does not launch the instance; the code and the text are EC2's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def require_place(account_id: str, region: str, infrastructure: Mapping[str, Any], instance_type: str) -> None:
    """Look up where an instance is to run.

    :param infrastructure: in the members of the API's InfrastructureConfiguration.
    :raises LaunchRefused: there is no such subnet, security group, key pair, Availability Zone or Dedicated Host, or they
        do not go together.
    """
    placement: Mapping[str, Any] = infrastructure.get("placement", {})
    must_ask = not _PLACES.isdisjoint(infrastructure) or any(
        (settings.ENABLE_KEYPAIR_VALIDATION, settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION)
    )
    ec2 = (backend_of if must_ask else living_backend)("ec2", account_id, region)
    if ec2 is None:
        return  # an EC2 that nobody has used has room for any instance
    groups = [
        _found(
            ec2.get_security_group_from_id(id_), "InvalidGroup.NotFound", f"The security group '{id_}' does not exist"
        )
        for id_ in infrastructure.get("securityGroupIds", ())
    ]
    subnet = subnet_of(ec2, infrastructure)
    for group in groups:
        if group.vpc_id != subnet.vpc_id:
            raise LaunchRefused(
                "InvalidParameter", f"Security group {group.id} and subnet {subnet.id} belong to different networks."
            )
    zone = placement.get("availabilityZone")
    if zone not in (None, subnet.availability_zone):
        raise LaunchRefused(
            "InvalidParameterValue",
            f"The availability zone '{zone}' of the placement does not match that of the subnet '{subnet.id}'.",
        )
    if placement.get("tenancy") == "host":
        _require_host(ec2, placement, instance_type)
    _require_what_moto_validates(ec2, infrastructure, instance_type)


def subnet_of(ec2: Any, infrastructure: Mapping[str, Any]) -> Any:
    """moto's subnet in which an instance comes up.

    :raises LaunchRefused: it does not exist, or none is named and there is no default one.
    """
    subnet_id = infrastructure.get("subnetId")
    if subnet_id is not None:
        for by_zone in ec2.subnets.values():
            if subnet_id in by_zone:
                return by_zone[subnet_id]
        raise LaunchRefused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    vpc, zone = ec2.get_default_vpc(), infrastructure.get("placement", {}).get("availabilityZone")
    if vpc is None:
        raise LaunchRefused("VPCIdNotSpecified", "No default VPC for this user.")
    defaults: dict[str, Any] = ec2.get_default_subnets()
    if not defaults:
        raise LaunchRefused(
            "MissingInput", f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet."
        )
    if zone is None:
        return defaults[min(defaults)]
    return _found(defaults.get(zone), "InvalidInput", f"No default subnet for availability zone: '{zone}'.")


def groups_of(ec2: Any, infrastructure: Mapping[str, Any], subnet: Any) -> list[Any]:
    """moto's security groups of an instance: those that are named, or the default one of the network."""
    named = infrastructure.get("securityGroupIds")
    if not named:
        default = ec2.get_security_group_from_name("default", subnet.vpc_id)
        return [] if default is None else [default]
    return [ec2.get_security_group_from_id(id_) for id_ in named]


def _require_host(ec2: Any, placement: Mapping[str, Any], instance_type: str) -> None:
    """:raises LaunchRefused: the Dedicated Host does not exist, or none is free for this type where any will do."""
    if "hostResourceGroupArn" in placement:
        return  # moto's resource groups say nothing of hosts
    family = instance_type.split(".", 1)[0]
    hosts = [host for host in ec2.hosts.values() if host.state == "available"]
    if "hostId" in placement:
        is_there = any(host.id == placement["hostId"] for host in hosts)
    else:
        is_there = any(
            host.auto_placement == "on" and (host.instance_type == instance_type or host.instance_family == family)
            for host in hosts
        )
    if is_there:
        return
    if "hostId" in placement:
        raise LaunchRefused("InvalidHostID.NotFound", f"The host '{placement['hostId']}' does not exist")
    raise LaunchRefused("InsufficientHostCapacity", "There is no host with sufficient capacity.")


def _require_what_moto_validates(ec2: Any, infrastructure: Mapping[str, Any], instance_type: str) -> None:
    """:raises LaunchRefused: moto is to validate key pairs or instance types, and this one does not exist."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    key = infrastructure.get("keyPair")
    if settings.ENABLE_KEYPAIR_VALIDATION and key is not None and key not in ec2.key_pairs:
        raise LaunchRefused("InvalidKeyPair.NotFound", f"The keypair '{key}' does not exist.")
    if settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION and instance_type not in INSTANCE_TYPES:
        raise LaunchRefused("InvalidInstanceType.NotFound", f"The instance type '{instance_type}' does not exist")


def _found(thing: Any, code: str, message: str) -> Any:
    if thing is None:
        raise LaunchRefused(code, message)
    return thing
