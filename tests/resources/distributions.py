"""Distribution configurations for the tests of them."""

from __future__ import annotations

from typing import Any

from ..conftest import ACCOUNT, REGION

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/"
OTHER_ACCOUNT = "210987654321"
NO_OUTPUT = "One or more outputs should be provided for each region in a distribution configuration."

PLAIN: list[dict[str, Any]] = [{"region": REGION, "amiDistributionConfiguration": {}}]

FULL: list[dict[str, Any]] = [
    {
        "region": REGION,
        "amiDistributionConfiguration": {
            "name": "web-{{ imagebuilder:buildDate }}",
            "description": "A web server",
            "targetAccountIds": [OTHER_ACCOUNT],
            "amiTags": {"Stage": "{{ imagebuilder:buildVersion }}"},
            "kmsKeyId": "alias/web",
            "launchPermission": {
                "userIds": ["111111111111"],
                "userGroups": ["all"],
                "organizationArns": ["arn:aws:organizations::111111111111:organization/o-abcdefghij"],
                "organizationalUnitArns": [
                    "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-abcd-abcdefgh",
                ],
            },
        },
        "licenseConfigurationArns": [
            f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-{'0123456789abcdef' * 2}"
        ],
        "launchTemplateConfigurations": [
            {"launchTemplateId": "lt-0123456789abcdef0", "accountId": ACCOUNT, "setDefaultVersion": False}
        ],
        "s3ExportConfiguration": {
            "roleName": "vmexport",
            "diskImageFormat": "VHD",
            "s3Bucket": "disk-images",
            "s3Prefix": "web/",
        },
        "fastLaunchConfigurations": [
            {
                "enabled": True,
                "snapshotConfiguration": {"targetResourceCount": 5},
                "maxParallelLaunches": 6,
                "launchTemplate": {"launchTemplateName": "web", "launchTemplateVersion": "$Latest"},
                "accountId": OTHER_ACCOUNT,
            }
        ],
        "ssmParameterConfigurations": [
            {"parameterName": "/web/ami", "amiAccountId": OTHER_ACCOUNT, "dataType": "aws:ec2:image"}
        ],
    },
    {
        "region": "eu-west-1",
        "containerDistributionConfiguration": {
            "description": "A web server",
            "containerTags": ["latest"],
            "targetRepository": {"service": "ECR", "repositoryName": "web"},
        },
    },
]


def create(client: Any, name: str = "web", distributions: list[dict[str, Any]] | None = None, **members: Any) -> str:
    answer = client.create_distribution_configuration(name=name, distributions=distributions or PLAIN, **members)
    arn: str = answer["distributionConfigurationArn"]
    return arn


def get(client: Any, arn: str) -> Any:
    return client.get_distribution_configuration(distributionConfigurationArn=arn)["distributionConfiguration"]


def summaries(client: Any, **request: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.list_distribution_configurations(**request)[
        "distributionConfigurationSummaryList"
    ]
    return entries
