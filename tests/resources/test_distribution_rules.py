"""The rules for the distributions of a configuration, when it is created and when it is updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from ..conftest import REGION
from ..refusals import clashing, invalid
from .distributions import FULL, NO_OUTPUT, OTHER_ACCOUNT, PLAIN, create, get, summaries

if TYPE_CHECKING:
    from mock_imagebuilder import Control


@pytest.fixture(params=["create", "update"])
def distribute(request: pytest.FixtureRequest, client: Any) -> Any:
    """Asks for distributions and returns what was kept. A refusal changes nothing."""
    arn = create(client, "kept", PLAIN, description="as it was")
    before = get(client, arn)

    def ask(distributions: list[dict[str, Any]]) -> Any:
        if request.param == "create":
            return get(client, create_exactly(distributions))["distributions"]
        client.update_distribution_configuration(distributionConfigurationArn=arn, distributions=distributions)
        return get(client, arn)["distributions"]

    def create_exactly(distributions: list[dict[str, Any]]) -> str:
        answer = client.create_distribution_configuration(name="asked for", distributions=distributions)
        created: str = answer["distributionConfigurationArn"]
        return created

    def nothing_has_changed() -> bool:
        return get(client, arn) == before and len(summaries(client)) == 1

    ask.nothing_has_changed = nothing_has_changed  # type: ignore[attr-defined]
    return ask


AMI = "distributions[0].amiDistributionConfiguration"
BUILD_DATE = "The AMI name must contain {{ imagebuilder:buildDate }}."


def ami(**settings: Any) -> list[dict[str, Any]]:
    return [{"region": REGION, "amiDistributionConfiguration": settings}]


@pytest.mark.parametrize(
    ("distributions", "parameter", "sentence"),
    [
        pytest.param([], "distributions", "At least one distribution should be provided.", id="none"),
        pytest.param(
            [{"region": "us-moon-1", "amiDistributionConfiguration": {}}],
            "distributions[0].region",
            "The Region 'us-moon-1' does not exist.",
            id="no such region",
        ),
        pytest.param(
            [{"region": "cn-north-1", "amiDistributionConfiguration": {}}],
            "distributions[0].region",
            "The Region 'cn-north-1' does not exist.",
            id="a region of another partition",
        ),
        pytest.param(
            [*PLAIN, {"region": "eu-west-1", "amiDistributionConfiguration": {}}, *PLAIN],
            "distributions[2]",
            f"The Region '{REGION}' can appear at most once in the distributions.",
            id="region twice",
        ),
        pytest.param([{"region": REGION}], "distributions[0]", NO_OUTPUT, id="no output"),
        pytest.param([*PLAIN, {"region": "eu-west-1"}], "distributions[1]", NO_OUTPUT, id="no output in the second"),
        pytest.param(ami(name="web"), f"{AMI}.name", BUILD_DATE, id="no build date"),
        pytest.param(ami(name="{{ imagebuilder:buildVersion }}"), f"{AMI}.name", BUILD_DATE, id="other placeholder"),
        pytest.param(ami(name="imagebuilder:buildDate"), f"{AMI}.name", BUILD_DATE, id="no placeholder"),
        pytest.param(
            ami(launchPermission={"userGroups": ["all", "some"]}),
            f"{AMI}.launchPermission.userGroups",
            "The only supported value is all.",
            id="user group",
        ),
        pytest.param(
            [
                {
                    **ami(targetAccountIds=[OTHER_ACCOUNT])[0],
                    "ssmParameterConfigurations": [
                        {"parameterName": "a", "amiAccountId": OTHER_ACCOUNT},
                        {"parameterName": "b", "amiAccountId": "111111111111"},
                    ],
                }
            ],
            "distributions[0].ssmParameterConfigurations[1].amiAccountId",
            "The account '111111111111' must be one of the target accounts of the Region.",
            id="parameter for an account that is no target",
        ),
    ],
)
def test_distributions_that_are_refused(
    distribute: Any, distributions: list[dict[str, Any]], parameter: str, sentence: str
) -> None:
    with invalid(parameter, sentence):
        distribute(distributions)
    assert distribute.nothing_has_changed()


def test_a_fast_launch_template_has_one_identity(distribute: Any) -> None:
    both = {"launchTemplateId": "lt-0123456789abcdef0", "launchTemplateName": "web"}
    fast_launch = [{"enabled": True}, {"enabled": True, "launchTemplate": both}]
    with clashing(
        "distributions[0].fastLaunchConfigurations[1].launchTemplate",
        "You can specify either the launchTemplateName or the launchTemplateId, but not both.",
    ):
        distribute([{"region": REGION, "fastLaunchConfigurations": fast_launch}])
    assert distribute.nothing_has_changed()


@pytest.mark.parametrize(
    "distributions",
    [
        pytest.param(PLAIN, id="empty ami settings count as an output"),
        pytest.param([*PLAIN, {"region": "eu-west-1", "amiDistributionConfiguration": {}}], id="two regions"),
        *(
            pytest.param([{"region": REGION, output: FULL[0][output]}], id=output)
            for output in (
                "licenseConfigurationArns",
                "launchTemplateConfigurations",
                "s3ExportConfiguration",
                "fastLaunchConfigurations",
            )
        ),
        pytest.param(
            [{"region": REGION, "ssmParameterConfigurations": [{"parameterName": "/web/ami"}]}],
            id="ssmParameterConfigurations",
        ),
        pytest.param(FULL[1:], id="containerDistributionConfiguration"),
        pytest.param(ami(name="{{ imagebuilder:buildDate }}"), id="build date alone"),
        pytest.param(ami(name="web-{{imagebuilder:buildDate}}"), id="build date without spaces"),
        pytest.param(ami(name="web {{ imagebuilder:buildDate }} {{ imagebuilder:buildVersion }}"), id="placeholders"),
        pytest.param(ami(launchPermission={"userGroups": ["all"]}), id="public"),
        pytest.param(ami(launchPermission={"userIds": ["111111111111"]}), id="user"),
        pytest.param(
            [
                {
                    **ami(targetAccountIds=[OTHER_ACCOUNT])[0],
                    "ssmParameterConfigurations": [{"parameterName": "a", "amiAccountId": OTHER_ACCOUNT}],
                }
            ],
            id="parameter for a target account",
        ),
        pytest.param(
            [
                {
                    "region": REGION,
                    "fastLaunchConfigurations": [
                        {"enabled": True, "launchTemplate": {"launchTemplateId": "lt-0123456789abcdef0"}},
                        {"enabled": False, "launchTemplate": {"launchTemplateName": "web"}},
                    ],
                }
            ],
            id="fast launch templates by id and by name",
        ),
    ],
)
def test_distributions_that_are_kept_as_they_are(distribute: Any, distributions: list[dict[str, Any]]) -> None:
    assert distribute(distributions) == distributions


def test_moto_can_be_told_to_allow_any_region(distribute: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    distributions = [{"region": "us-moon-1", "amiDistributionConfiguration": {}}]
    assert distribute(distributions) == distributions


def test_an_empty_list_of_target_accounts_is_refused(mocked: Control) -> None:
    client = boto3.client("imagebuilder", region_name=REGION, config=Config(parameter_validation=False))
    with invalid(f"{AMI}.targetAccountIds", f"{AMI}.targetAccountIds must have between 1 and 1536 entries"):
        create(client, distributions=ami(targetAccountIds=[]))
