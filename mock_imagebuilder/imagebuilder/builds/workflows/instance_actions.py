"""The step actions that use an instance: run commands on it, make an AMI of it.

No command is run: what happens on a build instance is taken to succeed. Outputs are those of the user guide's page on
supported step actions, in the form of recorded step executions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.moto_api._internal import mock_random

from ...exceptions import ImageBuilderException
from ..ami_contents import ContentsRefused
from ..ami_outputs import create_ami
from ..outputs import component_logs, documents, ec2, s3, states
from ..outputs.instances import RUNNING, TERMINATED
from ..outputs.naming import names_of
from .launch_actions import no_instance
from .step_run import Outputs, StepRun


def execute_components(run: StepRun) -> Outputs | None:
    try:
        components = run.image.workflow_runs.note_components(run.workflow_type)
    except ImageBuilderException as error:
        raise run.failed(error.message) from None
    if not components:
        return None
    outputs = run_command(run)
    try:
        component_logs.write_files(run.image, components, run.begin, run.end)
    except component_logs.LogsRefused as refusal:
        raise run.failed(str(refusal)) from None
    return outputs


def run_command(run: StepRun, output: Any = "") -> Outputs:
    """What the actions have in common that are a Systems Manager command."""
    instance_id, account_id = run.inputs["instanceId"], run.image.backend.account_id
    if run.instance_state != RUNNING:
        raise run.api_error(
            "InvalidInstanceId",
            "SendCommand",
            f"Instances [[{instance_id}]] not in a valid state for account {account_id}",
        )
    return {"status": "Success", "output": output, "runCommandId": str(mock_random.uuid4())}


def run_command_document(run: StepRun) -> Outputs:
    backend, name = run.image.backend, run.inputs["documentName"]
    if not documents.exists(backend, name, run.inputs.get("documentVersion", "$DEFAULT")):
        raise run.api_error("InvalidDocument", "SendCommand", f"Document with name {name} does not exist.")
    return run_command(run, [""])


def sanitize_instance(run: StepRun) -> Outputs:
    _require_ami_build(run)
    return run_command(run, "Skipping cleanup\n")


def run_sysprep(run: StepRun) -> Outputs:
    _require_ami_build(run)
    return run_command(run)


def collect_image_metadata(run: StepRun) -> Outputs:
    _require_ami_build(run)
    run_command(run)
    os_version = None if run.image.parent is None else run.image.parent.os_version
    outputs = {"associationId": str(mock_random.uuid4())}
    if os_version is None:
        return outputs
    run.image.update(osVersion=os_version)
    return {"osVersion": os_version, **outputs}


def create_image(run: StepRun) -> Outputs:
    _require_ami_build(run)
    if run.instance_state in (None, TERMINATED):
        raise no_instance(run, "CreateImage")
    return _create_ami(run)


def register_image(run: StepRun) -> Outputs:
    _require_ami_build(run)
    names = {"architecture": "architecture", "bootMode": "boot_mode", "rootDeviceName": "root_device_name"}
    hardware = {names[name]: value for name, value in run.inputs.items() if name in names}
    for mapping in run.inputs.get("blockDeviceMapping", ())[:1]:
        volume = mapping.get("Ebs")
        if isinstance(volume, Mapping) and isinstance(volume.get("SnapshotId"), str):
            hardware["snapshot_id"] = volume["SnapshotId"]
    return _create_ami(run, description=run.inputs.get("description"), hardware=hardware, from_instance=False)


def create_image_from_iso(run: StepRun) -> Outputs:
    image, backend = run.image, run.image.backend
    uri = image.record.get("uri")
    if uri is None:
        raise run.failed(f"Action {run.step.action} is for images that are imported from a disk file only")
    run_command(run)
    if not s3.has_object(backend.account_id, backend.partition, uri):
        raise run.api_error("404", "HeadObject", f"Not Found: {uri}")
    snapshot_id, tags = ec2.new_id("snap"), ec2.service_tags(image.arn)
    place = backend.account_id, backend.region_name
    description = f"Created by {ec2.CREATED_BY} from {uri}"
    ec2.add_snapshot(backend.outbox, *place, snapshot_id, description, tags, run.moment)
    return {"amiName": names_of(image).default_ami_name, "snapshotId": snapshot_id, "architecture": "x86_64"}


def wait_for_ssm_agent(run: StepRun) -> Outputs:
    return {"status": run_command(run)["status"]}


def execute_state_machine(run: StepRun) -> Outputs:
    arn, text = run.inputs["stateMachineArn"], run.inputs.get("input", "{}")
    try:
        execution = states.execute(arn, text, run.moment)
    except states.ExecutionRefused as refusal:
        raise run.api_error(refusal.code, "StartExecution", str(refusal)) from None
    outputs = {"executionArn": execution.arn, "output": execution.output, "status": execution.status}
    if execution.status != "SUCCEEDED":
        raise run.failed(f"The execution '{execution.arn}' ended with the status {execution.status}", outputs)
    return outputs


def _create_ami(run: StepRun, **settings: Any) -> Outputs:
    try:
        ami_id = create_ami(run.image, run.moment, is_output=run.workflow_type == "BUILD", **settings)
    except (LookupError, ContentsRefused) as error:
        raise run.failed(str(error)) from None
    return {"imageId": ami_id}


def _require_ami_build(run: StepRun) -> None:
    if run.image.record["type"] != "AMI":
        raise run.failed(f"Action {run.step.action} is for images that create AMIs only")
