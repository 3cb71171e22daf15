"""Distribution configurations: where the outputs of a build go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..arns import slug
from ..exceptions import ResourceAlreadyExistsException, invalid_combination, invalid_value
from ..regions import is_region, partition_of
from .base import Answer, BackendCore, Resource, iso_date, now, operation, read_filters

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateDistributionConfigurationRequestTypeDef,
        DeleteDistributionConfigurationRequestTypeDef,
        GetDistributionConfigurationRequestTypeDef,
        ListDistributionConfigurationsRequestTypeDef,
        UpdateDistributionConfigurationRequestTypeDef,
    )

#: A member of the model that cannot be set and has no effect; the service answers with this.
TIMEOUT_MINUTES = 720

_OUTPUTS = frozenset(
    (
        "amiDistributionConfiguration",
        "containerDistributionConfiguration",
        "licenseConfigurationArns",
        "launchTemplateConfigurations",
        "s3ExportConfiguration",
        "fastLaunchConfigurations",
        "ssmParameterConfigurations",
    )
)
_BUILD_DATE = re.compile(r"\{\{\s*imagebuilder:buildDate\s*\}\}")


class DistributionConfiguration(Resource):
    """A distribution configuration; ``record`` in the members of the API's DistributionConfiguration and its summary."""


class DistributionConfigurationOperations(BackendCore):
    """Create, get, update, delete and list distribution configurations."""

    @operation("CreateDistributionConfiguration")
    def create_distribution_configuration(self, request: CreateDistributionConfigurationRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: a distribution breaks a rule, see :func:`check_distributions`.
        :raises ResourceAlreadyExistsException: the name is taken in this account and Region.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        check_distributions(request["distributions"], self.partition, self.account_id)
        arn = str(self.arn("distribution-configuration", slug(request["name"])))
        if self.distribution_configurations.find(arn):
            raise ResourceAlreadyExistsException(self.distribution_configurations.kind, arn)
        self.require_place("Distribution configurations", len(self.distribution_configurations))
        self.stop_dry_run(request)
        self.distribution_configurations.add(
            DistributionConfiguration(
                {
                    "arn": arn,
                    "name": request["name"],
                    "description": request.get("description"),
                    "distributions": request["distributions"],
                    "regions": _regions(request["distributions"]),
                    "timeoutMinutes": TIMEOUT_MINUTES,
                    "dateCreated": iso_date(now()),
                    "tags": request.get("tags", {}),
                }
            )
        )
        return {"distributionConfigurationArn": arn}

    @operation("GetDistributionConfiguration")
    def get_distribution_configuration(self, request: GetDistributionConfigurationRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such configuration."""
        return {
            "distributionConfiguration": self.distribution_configurations.get(
                request["distributionConfigurationArn"]
            ).record
        }

    @operation("UpdateDistributionConfiguration")
    def update_distribution_configuration(self, request: UpdateDistributionConfigurationRequestTypeDef) -> Answer:
        """Replaces description and distributions; what is left out is removed. Name and tags stay.

        :raises ResourceNotFoundException: there is no such configuration.
        :raises InvalidParameterValueException: a distribution breaks a rule, see :func:`check_distributions`.
        """
        configuration = self.distribution_configurations.get(request["distributionConfigurationArn"])
        check_distributions(request["distributions"], self.partition, self.account_id)
        configuration.update(
            description=request.get("description"),
            distributions=request["distributions"],
            regions=_regions(request["distributions"]),
            dateUpdated=iso_date(now()),
        )
        return {"distributionConfigurationArn": configuration.arn}

    @operation("DeleteDistributionConfiguration")
    def delete_distribution_configuration(self, request: DeleteDistributionConfigurationRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: there is no such configuration.
        :raises ResourceDependencyException: a pipeline refers to it.
        """
        configuration = self.distribution_configurations.get(request["distributionConfigurationArn"])
        self.require_no_pipeline_uses(configuration.arn)
        self.distribution_configurations.remove(configuration.arn).forget()
        return {"distributionConfigurationArn": configuration.arn}

    @operation("ListDistributionConfigurations")
    def list_distribution_configurations(self, request: ListDistributionConfigurationsRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filter: ``name``."""
        filters = read_filters(request, {"name"})
        rows, token = self.list_page(
            "ListDistributionConfigurations",
            request,
            lambda after: self.distribution_configurations.rows(after, filters.get("name")),
        )
        return {"distributionConfigurationSummaryList": [row.record for row in rows], **token}


def _regions(distributions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [distribution["region"] for distribution in distributions]


def check_distributions(distributions: Sequence[Mapping[str, Any]], partition: str, account_id: str) -> None:
    """The rules for the ``distributions`` of a create or update request of an account.

    :raises InvalidParameterValueException: no entry at all, a Region that does not exist in the partition or
        appears twice, an entry without output, or one of the rules of its members.
    :raises InvalidParameterCombinationException: a launch template is given by id and by name.
    """
    if not distributions:
        raise invalid_value("distributions", "At least one distribution should be provided.")
    seen = set()
    for number, distribution in enumerate(distributions):
        path = f"distributions[{number}]"
        region = distribution["region"]
        if partition_of(region) != partition or not is_region(region):
            raise invalid_value(f"{path}.region", f"The Region '{region}' does not exist.")
        if region in seen:
            raise invalid_value(path, f"The Region '{region}' can appear at most once in the distributions.")
        seen.add(region)
        if _OUTPUTS.isdisjoint(distribution):
            raise invalid_value(
                path, "One or more outputs should be provided for each region in a distribution configuration."
            )
        if "amiDistributionConfiguration" in distribution:
            _check_ami(distribution["amiDistributionConfiguration"], f"{path}.amiDistributionConfiguration")
        if "fastLaunchConfigurations" in distribution:
            _check_fast_launch(distribution["fastLaunchConfigurations"], f"{path}.fastLaunchConfigurations")
        if "ssmParameterConfigurations" in distribution:
            _check_parameters(distribution, f"{path}.ssmParameterConfigurations", account_id)


def _check_ami(ami: Mapping[str, Any], path: str) -> None:
    name = ami.get("name")
    if name is not None and not _BUILD_DATE.search(name):
        raise invalid_value(f"{path}.name", "The AMI name must contain {{ imagebuilder:buildDate }}.")
    groups = ami["launchPermission"].get("userGroups", ()) if "launchPermission" in ami else ()
    if set(groups) - {"all"}:
        raise invalid_value(f"{path}.launchPermission.userGroups", "The only supported value is all.")


def _check_fast_launch(configurations: Sequence[Mapping[str, Any]], path: str) -> None:
    for number, configuration in enumerate(configurations):
        template = configuration.get("launchTemplate", {})
        if "launchTemplateId" in template and "launchTemplateName" in template:
            raise invalid_combination(
                f"{path}[{number}].launchTemplate",
                "You can specify either the launchTemplateName or the launchTemplateId, but not both.",
            )


def _check_parameters(distribution: Mapping[str, Any], path: str, own_account_id: str) -> None:
    # Without target accounts the image goes to the account itself.
    targets = distribution.get("amiDistributionConfiguration", {}).get("targetAccountIds", [own_account_id])
    for number, configuration in enumerate(distribution["ssmParameterConfigurations"]):
        account_id = configuration.get("amiAccountId")
        if account_id is not None and account_id not in targets:
            raise invalid_value(
                f"{path}[{number}].amiAccountId",
                f"The account '{account_id}' must be one of the target accounts of the Region.",
            )
