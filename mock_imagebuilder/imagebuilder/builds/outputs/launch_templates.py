"""Launch templates in moto's EC2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .ec2 import CREATED_BY
from .outbox import living_backend


class NoLaunchTemplate(Exception):
    """The launch template, or the version of it, does not exist; the text is the service's."""


def add_version(account_id: str, region: str, template_id: str, ami_id: str, is_default: bool, moment: datetime) -> int:
    """Add a version to a template: its default version with another AMI.

    The template gets the service's tag, without which the documented policies do not let it in.

    :param is_default: whether the new version becomes the default version.
    :returns: the number of the version.
    :raises NoLaunchTemplate: the account has no such template in the Region.
    """
    template = _find(account_id, region, {"launchTemplateId": template_id})
    template.add_tags({"CreatedBy": CREATED_BY})
    # moto answers with the tags as they were when the template was made.
    template.tags = template.get_tags()
    version = template.create_version({**template.default_version().data, "ImageId": ami_id}, None)
    version.create_time = moment.replace(tzinfo=None)
    if is_default:
        template.default_version_number = version.number
    return int(version.number)


def require(account_id: str, region: str, template: Mapping[str, Any]) -> None:
    """
    :param template: in the members of the API's FastLaunchLaunchTemplateSpecification.
    :raises NoLaunchTemplate: the account has no such template in the Region, or not that version of it.
    """
    found, version = _find(account_id, region, template), template.get("launchTemplateVersion")
    if version in (None, "$Default", "$Latest"):
        return
    if version not in [str(known.number) for known in found.versions]:
        raise NoLaunchTemplate(f"Could not find the specified version {version} for the launch template {found.id}.")


def _find(account_id: str, region: str, template: Mapping[str, Any]) -> Any:
    """moto's template."""
    ec2 = living_backend("ec2", account_id, region)
    template_id, name = template.get("launchTemplateId"), template.get("launchTemplateName")
    if template_id is None:
        template_id = None if ec2 is None else ec2.launch_template_name_to_ids.get(name)
    found = None if ec2 is None else ec2.launch_templates.get(template_id)
    if found is None:
        subject = f"ID '{template_id}'" if name is None else f"name '{name}'"
        raise NoLaunchTemplate(f"The launch-template {subject} does not exist")
    return found
