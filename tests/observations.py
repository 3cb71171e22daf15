"""Everything that builds can leave anywhere, as boto3 shows it: for tests that compare two worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .conftest import ACCOUNT, REGION
from .images import client_of

OTHER_ACCOUNT = "210987654321"
EUROPE = "eu-west-1"
ACCOUNTS = (ACCOUNT, OTHER_ACCOUNT)
PLACES = [(account, region) for account in ACCOUNTS for region in (REGION, EUROPE)]

#: What is seen of a service in one place: a name, and what is there.
Seen = Iterator[tuple[str, Any]]


def neighbours(order: Iterable[str] | None = None) -> dict[str, Any]:
    """What there is in the neighbouring services, in all places.

    :param order: the services in the order in which they are looked at, which must make no difference.
    """
    seen: dict[str, Any] = {}
    for service in order or SERVICES:
        for account_id, region in PLACES:
            for name, what in SERVICES[service](client_of(service, account_id, region)):
                seen[f"{service} of {account_id} in {region}: {name}"] = what
    return seen


def _ec2(ec2: Any) -> Seen:
    amis = ec2.describe_images()["Images"]
    yield "own AMIs", ec2.describe_images(Owners=["self"])["Images"]
    yield "AMIs", amis
    for ami in amis:
        attribute = ec2.describe_image_attribute(ImageId=ami["ImageId"], Attribute="launchPermission")
        yield f"permissions of {ami['ImageId']}", attribute["LaunchPermissions"]
    # Amazon's own are in an EC2 from its birth.
    yield "snapshots", ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    yield "volumes", ec2.describe_volumes()["Volumes"]
    yield "instances", ec2.describe_instances()["Reservations"]
    yield "interfaces", ec2.describe_network_interfaces()["NetworkInterfaces"]
    yield "profiles", ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    yield "templates", templates
    for template in templates:
        versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
        yield f"versions of {template['LaunchTemplateId']}", versions["LaunchTemplateVersions"]
    yield "fast launches", ec2.describe_fast_launch_images()["FastLaunchImages"]
    yield "imports", ec2.describe_import_image_tasks()["ImportImageTasks"]
    yield "exports", ec2.describe_export_image_tasks()["ExportImageTasks"]


def _ecr(ecr: Any) -> Seen:
    for repository in ecr.describe_repositories()["repositories"]:
        name = repository["repositoryName"]
        yield f"images in {name}", ecr.describe_images(repositoryName=name)["imageDetails"]


def _kms(kms: Any) -> Seen:
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    yield "keys", sorted(keys, key=lambda key: str(key["KeyId"]))
    aliases = [alias for alias in kms.list_aliases()["Aliases"] if "TargetKeyId" in alias]
    yield "aliases", sorted(aliases, key=lambda alias: str(alias["AliasName"]))


def _logs(logs: Any) -> Seen:
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        yield f"group {name}", group
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            place = {"logGroupName": name, "logStreamName": stream["logStreamName"]}
            yield f"stream {name} {stream['logStreamName']}", stream
            yield (
                f"events of {name} {stream['logStreamName']}",
                logs.get_log_events(**place, startFromHead=True)["events"],
            )


def _s3(s3: Any) -> Seen:
    for bucket in s3.list_buckets()["Buckets"]:
        for entry in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ()):
            found = s3.get_object(Bucket=bucket["Name"], Key=entry["Key"])
            yield f"s3://{bucket['Name']}/{entry['Key']}", [entry, found["Body"].read(), found["Metadata"]]


def _sqs(sqs: Any) -> Seen:
    for url in sqs.list_queues().get("QueueUrls", ()):
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
        yield f"messages in {url}", bodies


def _ssm(ssm: Any) -> Seen:
    described = ssm.describe_parameters()["Parameters"]
    yield "parameters", described
    for entry in described:
        yield f"history of {entry['Name']}", ssm.get_parameter_history(Name=entry["Name"])["Parameters"]


#: By service, what looks there.
SERVICES: dict[str, Callable[[Any], Seen]] = {
    "ec2": _ec2,
    "ecr": _ecr,
    "kms": _kms,
    "logs": _logs,
    "s3": _s3,
    "sqs": _sqs,
    "ssm": _ssm,
}


def image_builder() -> dict[str, Any]:
    """What Image Builder itself answers, in all places."""
    seen: dict[str, Any] = {}
    for account_id, region in PLACES:
        for name, what in _image_builder(client_of("imagebuilder", account_id, region)):
            seen[f"imagebuilder of {account_id} in {region}: {name}"] = what
    return seen


def _image_builder(client: Any) -> Seen:
    images = [image["arn"] for image in client.list_image_build_versions()["imageSummaryList"]]
    yield "image versions", client.list_images()["imageVersionList"]
    for arn in images:
        yield arn, client.get_image(imageBuildVersionArn=arn)["image"]
        executions = client.list_workflow_executions(imageBuildVersionArn=arn)["workflowExecutions"]
        yield f"executions of {arn}", executions
        for execution in executions:
            answer = client.list_workflow_step_executions(workflowExecutionId=execution["workflowExecutionId"])
            yield f"steps of {execution['workflowExecutionId']}", answer["steps"]
    yield "findings", client.list_image_scan_findings()["findings"]
    yield "pipelines", client.list_image_pipelines()["imagePipelineList"]
    for policy in client.list_lifecycle_policies()["lifecyclePolicySummaryList"]:
        for execution in client.list_lifecycle_executions(resourceArn=policy["arn"])["lifecycleExecutions"]:
            id_ = execution["lifecycleExecutionId"]
            yield f"execution {id_}", execution
            for arn in (None, *images):
                request = {} if arn is None else {"parentResourceId": arn}
                answer = client.list_lifecycle_execution_resources(lifecycleExecutionId=id_, **request)
                yield f"resources of {id_} in {arn}", answer["resources"]
