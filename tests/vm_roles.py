"""Roles for VM Import/Export."""

from __future__ import annotations

import json
from typing import Any


def trust(service: str = "vmie.amazonaws.com") -> str:
    """The trust policy of the VM Import/Export user guide."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:Externalid": "vmimport"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_vm_role(iam: Any, name: str = "vmimport", service: str = "vmie.amazonaws.com") -> None:
    """A role that VM Import/Export may assume."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
