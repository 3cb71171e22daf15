"""Makes what the CLI's examples presuppose, as far as the examples show what it is like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .build_parts import ACCOUNT_BASE
from .resources.components import component_document
from .served import Address

PROFILES = ("EC2InstanceProfileForImageBuilder", "EC2InstanceProfileForImageFactory")
WINDOWS = "windows-server-2016-english-full-base-x86/x.x.x"
LINUX = "amazon-linux-2-x86/x.x.x"
#: The examples' own has the five fields that cron expressions had until 2021.
SCHEDULE = {"scheduleExpression": "cron(0 0 ? * SUN *)"}
WINDOWS_DOCUMENT = component_document().replace("ExecuteBash", "ExecutePowerShell")


def resources_in(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects in a documented answer that have an ARN and a name, by ARN."""
    if isinstance(value, dict):
        if isinstance(value.get("arn"), str) and "name" in value:
            yield value["arn"], value
        for item in value.values():
            yield from resources_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from resources_in(item)


@cache
def _client(address: Address, service: str, region: str) -> Any:
    """A client for all examples: to make one takes longer than most of them."""
    return address.client(service, region)


class Stock:
    """The resources of an account in one Region of a server that was reset."""

    def __init__(self, address: Address, region: str, shown: Mapping[str, Mapping[str, Any]]) -> None:
        """
        :param shown: what the examples show of resources, by ARN.
        """
        self._client = _client(address, "imagebuilder", region)
        self._base = ACCOUNT_BASE.replace("us-east-1", region)
        self._shown = shown
        self._made: set[str] = set()
        iam, s3, sns = (_client(address, *place) for place in (("iam", region), ("s3", "us-west-2"), ("sns", region)))
        for profile in PROFILES:
            iam.create_instance_profile(InstanceProfileName=profile)
        s3.create_bucket(Bucket="s3-bucket-name", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        s3.put_object(Bucket="s3-bucket-name", Key="s3-bucket-path/component.yaml", Body=WINDOWS_DOCUMENT.encode())
        for topic in ("sns-topic-name", "sns-name"):
            sns.create_topic(Name=topic)

    def make(self, arn: str) -> None:
        """Make a resource of the account, unless it was made before."""
        type_, slug, *version = arn.split(":", 5)[5].split("/")
        key = "/".join((type_, slug, *version[:1]))
        if key in self._made:
            return
        self._made.add(key)
        shown = self._shown.get(arn) or self._shown.get(f"{self._base}:{key}") or {}
        members = {member: shown[member] for member in ("description", "tags") if shown.get(member)}
        members["name"] = shown.get("name", slug)
        if version:
            members["semanticVersion"] = version[0]
        getattr(self, "_make_" + type_.replace("-", "_"))(members, shown, arn)

    def _make_component(self, members: dict[str, Any], shown: Mapping[str, Any], _arn: str) -> None:
        platform = shown.get("platform", "Windows")
        data = shown.get("data") or (WINDOWS_DOCUMENT if platform == "Windows" else component_document(phase="test"))
        if "changeDescription" in shown:
            members["changeDescription"] = shown["changeDescription"]
        self._client.create_component(platform=platform, data=data, **members)

    def _make_image_recipe(self, members: dict[str, Any], shown: Mapping[str, Any], _arn: str) -> None:
        if "components" in shown:
            members["components"] = shown["components"]
        for entry in shown.get("components", ()):
            self.make(entry["componentArn"])
        image = LINUX if shown.get("platform") == "Linux" else WINDOWS
        parent = f"{self._base.replace('123456789012', 'aws')}:image/{image}"
        self._client.create_image_recipe(parentImage=parent, **members)

    def _make_infrastructure_configuration(self, members: dict[str, Any], shown: Mapping[str, Any], _arn: str) -> None:
        left_out = ("arn", "name", "dateCreated", "tags")
        settings = {member: value for member, value in shown.items() if member not in left_out}
        settings = {"instanceProfileName": PROFILES[0], **settings, **members}
        self._client.create_infrastructure_configuration(**settings)

    def _make_distribution_configuration(self, members: dict[str, Any], shown: Mapping[str, Any], _arn: str) -> None:
        distributions = [{"region": "us-west-2", "amiDistributionConfiguration": {}}]
        self._client.create_distribution_configuration(
            distributions=shown.get("distributions", distributions), **members
        )

    def _make_image_pipeline(self, members: dict[str, Any], shown: Mapping[str, Any], _arn: str) -> None:
        parts = {
            "imageRecipeArn": f"{self._base}:image-recipe/mybasicrecipe/2019.12.03",
            "infrastructureConfigurationArn": f"{self._base}:infrastructure-configuration/myexampleinfrastructure",
            "distributionConfigurationArn": f"{self._base}:distribution-configuration/myexampledistribution",
        }
        for part in parts.values():
            self.make(part)
        if "imageTestsConfiguration" in shown:
            members["imageTestsConfiguration"] = shown["imageTestsConfiguration"]
        self._client.create_image_pipeline(schedule=SCHEDULE, **parts, **members)

    def _make_image(self, members: dict[str, Any], shown: Mapping[str, Any], arn: str) -> None:
        slug, version = arn.split("/")[1:3]
        build = int(arn.split("/")[3]) if arn.count("/") == 3 else 1
        recipe, infrastructure = (
            f"{self._base}:{part}"
            for part in (f"image-recipe/{slug}/{version}", "infrastructure-configuration/myexampleinfrastructure")
        )
        self.make(recipe)
        self.make(infrastructure)
        for _ in range(build):
            self._client.create_image(imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure)
