"""Infrastructure configurations: the instances on which images are built and tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.utilities.utils import get_partition

from ..arns import slug
from ..builds.outputs.outbox import living_backend
from ..exceptions import ResourceAlreadyExistsException, invalid_combination, invalid_value
from .base import Answer, BackendCore, Record, Resource, iso_date, now, operation, read_filters

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateInfrastructureConfigurationRequestTypeDef,
        DeleteInfrastructureConfigurationRequestTypeDef,
        GetInfrastructureConfigurationRequestTypeDef,
        ListInfrastructureConfigurationsRequestTypeDef,
        UpdateInfrastructureConfigurationRequestTypeDef,
    )

#: What create and update requests set, and an update without them takes away.
_SETTINGS = (
    "description",
    "instanceTypes",
    "instanceProfileName",
    "securityGroupIds",
    "subnetId",
    "logging",
    "keyPair",
    "terminateInstanceOnFailure",
    "terminateInstanceOnCompletion",
    "snsTopicArn",
    "resourceTags",
    "instanceMetadataOptions",
    "placement",
    "parentInstance",
)
_RESERVED_RESOURCE_TAGS = ("CreatedBy", "Ec2ImageBuilderArn", "Name", "Tags")


class InfrastructureConfiguration(Resource):
    """An infrastructure configuration; ``record`` in the members of the API's InfrastructureConfiguration."""


class InfrastructureConfigurationOperations(BackendCore):
    """Create, get, update, delete and list infrastructure configurations."""

    @operation("CreateInfrastructureConfiguration")
    def create_infrastructure_configuration(self, request: CreateInfrastructureConfigurationRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: a setting breaks a rule, see :func:`check_settings`.
        :raises InvalidParameterCombinationException: two settings clash, see :func:`check_settings`.
        :raises ResourceAlreadyExistsException: the name is taken in this account and Region.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        check_settings(self, request)
        arn = str(self.arn("infrastructure-configuration", slug(request["name"])))
        if self.infrastructure_configurations.find(arn):
            raise ResourceAlreadyExistsException(self.infrastructure_configurations.kind, arn)
        self.require_place("Infrastructure configurations", len(self.infrastructure_configurations))
        self.stop_dry_run(request)
        configuration = InfrastructureConfiguration(
            {"arn": arn, "name": request["name"], "dateCreated": iso_date(now()), "tags": request.get("tags", {})}
        )
        configuration.update(**_settings(request))
        self.infrastructure_configurations.add(configuration)
        return {"infrastructureConfigurationArn": arn}

    @operation("GetInfrastructureConfiguration")
    def get_infrastructure_configuration(self, request: GetInfrastructureConfigurationRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such configuration."""
        return {
            "infrastructureConfiguration": self.infrastructure_configurations.get(
                request["infrastructureConfigurationArn"]
            ).record
        }

    @operation("UpdateInfrastructureConfiguration")
    def update_infrastructure_configuration(self, request: UpdateInfrastructureConfigurationRequestTypeDef) -> Answer:
        """Replaces every setting; what is left out is removed or gets its default. Name and tags stay.

        :raises ResourceNotFoundException: there is no such configuration.
        :raises InvalidParameterValueException: a setting breaks a rule, see :func:`check_settings`.
        :raises InvalidParameterCombinationException: two settings clash, see :func:`check_settings`.
        """
        configuration = self.infrastructure_configurations.get(request["infrastructureConfigurationArn"])
        check_settings(self, request)
        configuration.update(**_settings(request), dateUpdated=iso_date(now()))
        return {"infrastructureConfigurationArn": configuration.arn}

    @operation("DeleteInfrastructureConfiguration")
    def delete_infrastructure_configuration(self, request: DeleteInfrastructureConfigurationRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: there is no such configuration.
        :raises ResourceDependencyException: a pipeline refers to it.
        """
        configuration = self.infrastructure_configurations.get(request["infrastructureConfigurationArn"])
        self.require_no_pipeline_uses(configuration.arn)
        self.infrastructure_configurations.remove(configuration.arn).forget()
        return {"infrastructureConfigurationArn": configuration.arn}

    @operation("ListInfrastructureConfigurations")
    def list_infrastructure_configurations(self, request: ListInfrastructureConfigurationsRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filter: ``name``."""
        filters = read_filters(request, {"name"})
        rows, token = self.list_page(
            "ListInfrastructureConfigurations",
            request,
            lambda after: self.infrastructure_configurations.rows(after, filters.get("name")),
        )
        summaries = [row.record for row in rows]
        return {"infrastructureConfigurationSummaryList": summaries, **token}


def _settings(request: Mapping[str, Any]) -> Record:
    settings = {name: request.get(name) for name in _SETTINGS}
    # Both terminate settings act as true when they were not given; only this one is then answered as true.
    settings["terminateInstanceOnFailure"] = request.get("terminateInstanceOnFailure", True)
    return settings


def check_settings(backend: BackendCore, request: Mapping[str, Any]) -> None:
    """The rules for the settings of a create or update request (CreateInfrastructureConfiguration in the API model).

    The log bucket is looked up when a build needs it, not here; the subnet, security groups and key pair are not at all.

    :raises InvalidParameterValueException: the instance profile, the SNS topic or the Auto Scaling group does not exist,
        or a resource tag has a key that the service keeps for itself.
    :raises InvalidParameterCombinationException: a subnet without security groups, or a Dedicated Host that is named
        twice or without the tenancy ``host``.
    """
    _check_instance_profile(backend, request["instanceProfileName"])
    if "snsTopicArn" in request:
        _check_topic(request["snsTopicArn"])
    if "parentInstance" in request:
        _check_auto_scaling_group(backend, request["parentInstance"]["autoScalingGroup"]["name"])
    if "subnetId" in request and not request.get("securityGroupIds"):
        raise invalid_combination(
            "subnetId", "One or more security group IDs must be specified in securityGroupIds along with the subnet."
        )
    for key in request.get("resourceTags", {}):
        if key in _RESERVED_RESOURCE_TAGS:
            raise invalid_value(
                "resourceTags",
                f"The tag key '{key}' is reserved. Reserved keys: {', '.join(_RESERVED_RESOURCE_TAGS)}.",
            )
    _check_placement(request.get("placement", {}))


def _check_instance_profile(backend: BackendCore, name: str) -> None:
    # A backend that nobody has used has no instance profiles: nothing is created to look there. moto files IAM under
    # partitions of its own, which lack some of the isolated ones.
    iam = living_backend("iam", backend.account_id, get_partition(backend.region_name))
    if iam is None or name not in iam.instance_profiles:
        raise invalid_value(
            "instanceProfileName",
            "The provided instance profile does not exist. Please specify a different instance profile and try again.",
        )


def _check_topic(arn: str) -> None:
    _, _, _, region, account_id, _ = arn.split(":")
    sns = living_backend("sns", account_id, region)
    if sns is None or arn not in sns.topics:
        raise invalid_value(
            "snsTopicArn",
            "The provided SNS topic does not exist. Please specify a different SNS topic and try again.",
        )


def _check_auto_scaling_group(backend: BackendCore, name: str) -> None:
    autoscaling = living_backend("autoscaling", backend.account_id, backend.region_name)
    if autoscaling is None or name not in autoscaling.autoscaling_groups:
        raise invalid_value(
            "parentInstance.autoScalingGroup.name", f"The Auto Scaling group '{name}' does not exist in this Region."
        )


def _check_placement(placement: Mapping[str, Any]) -> None:
    hosts = [target for target in ("hostId", "hostResourceGroupArn") if target in placement]
    if hosts and placement.get("tenancy") != "host":
        raise invalid_combination(f"placement.{hosts[0]}", "A placement target only applies if tenancy is host.")
    if len(hosts) > 1:
        raise invalid_combination(
            "placement", "You can specify either the hostId or the hostResourceGroupArn, but not both."
        )
