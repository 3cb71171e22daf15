"""What a build needs before it may start: the rules that CreateImage, CreateImagePipeline and UpdateImagePipeline share.

Settings are the members of these requests, by their names in CreateImage; a pipeline's ``loggingConfiguration`` is
checked as it is. The rules are those of the API model's request shapes and of the user guide's page "Manage build and
test workflows for Image Builder images".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..arns import Arn
from ..documents.workflow_parameters import ParameterMismatchError, workflow_parameter_values
from ..exceptions import (
    ResourceDependencyException,
    invalid_combination,
    invalid_value,
)
from .container_build import SCAN_REPOSITORY
from .outputs import ecr
from .outputs.outbox import living_backend

if TYPE_CHECKING:
    from ..documents.workflow import WorkflowDocument
    from ..resources.base import BackendCore
    from ..resources.distribution_configuration import DistributionConfiguration
    from ..resources.recipe_versions import Recipe

MAX_WORKFLOWS = 10

#: Log groups below this name are written with the service-linked role.
_SERVICE_LOG_GROUPS = "/aws/imagebuilder/"


def check_build_settings(backend: BackendCore, settings: Mapping[str, Any]) -> Recipe:
    """Check everything that a build is made from, and return its recipe: of a wildcard ARN the newest version.

    :raises InvalidParameterValueException: the ARN of a recipe or workflow with a number right of a wildcard, a list of
        workflows that breaks a rule, or a value of another type than the workflow's parameter.
    :raises InvalidParameterCombinationException: no recipe or two; a setting without the other one that it needs;
        parameters that a workflow does not have, or none for one that needs a value.
    :raises ResourceNotFoundException: the recipe, a configuration or a workflow does not exist.
    :raises ResourceDependencyException: the build needs Amazon Inspector, which is not active.
    """
    member = recipe_member(settings)
    recipe = backend.require_recipe(settings[member], member)
    backend.infrastructure_configurations.get(settings["infrastructureConfigurationArn"])
    distribution = None
    if "distributionConfigurationArn" in settings:
        distribution = backend.distribution_configurations.get(settings["distributionConfigurationArn"])
    _check_workflows(backend, settings)
    check_log_groups(settings)
    _check_watermarks(recipe, distribution)
    _check_scanning(backend, settings, recipe.build_kind.image_type)
    return recipe


def recipe_member(settings: Mapping[str, Any]) -> str:
    """The name of the member that holds the recipe: ``imageRecipeArn`` or ``containerRecipeArn``.

    :raises InvalidParameterCombinationException: there is neither, or both.
    """
    given = [member for member in ("imageRecipeArn", "containerRecipeArn") if member in settings]
    if len(given) != 1:
        raise invalid_combination(
            "containerRecipeArn" if given else "imageRecipeArn",
            "You must specify either an imageRecipeArn or a containerRecipeArn, but not both.",
        )
    return given[0]


_DEFAULT_TESTS: Mapping[str, Any] = {"imageTestsEnabled": True, "timeoutMinutes": 720}


def image_tests_configuration(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The test settings with the defaults that the service stores and returns. Not to be changed."""
    given = settings.get("imageTestsConfiguration")
    return {**_DEFAULT_TESTS, **given} if given else _DEFAULT_TESTS


def _check_workflows(backend: BackendCore, settings: Mapping[str, Any]) -> None:
    workflows: Sequence[Mapping[str, Any]] = settings.get("workflows", ())
    if not workflows:
        return
    if "executionRole" not in settings:
        raise invalid_combination("workflows", "An execution role is required to provide workflows")
    if len(workflows) > MAX_WORKFLOWS:
        raise invalid_value("workflows", f"You can specify at most {MAX_WORKFLOWS} workflows.")
    types = [Arn.parse(workflow["workflowArn"]).type for workflow in workflows]
    for type_ in ("workflow/build", "workflow/distribution"):
        if types.count(type_) > 1:
            raise invalid_value("workflows", f"You can specify at most one {_type_name(type_)} workflow.")
    documents = [
        _check_workflow(backend, workflow, f"workflows[{number}]") for number, workflow in enumerate(workflows)
    ]
    names = [output.name for document in documents for output in document.outputs]
    for name in names:
        if names.count(name) > 1:
            raise invalid_value("workflows", f"The output name '{name}' must be unique across the workflows.")


def _check_workflow(backend: BackendCore, workflow: Mapping[str, Any], path: str) -> WorkflowDocument:
    arn = Arn.parse(workflow["workflowArn"])
    if arn.owner == "aws" and (arn.version, arn.build) != ("x.x.x", None):
        # The service never fills this placeholder in.
        raise invalid_value(
            "workflows", "AWS managed workflows must have latest version 'x.x.x' for '{workflow_arn_str}'"
        )
    found = backend.require_workflow(workflow["workflowArn"], f"{path}.workflowArn")
    for member in ("parallelGroup", "onFailure"):
        if member in workflow and arn.type != "workflow/test":
            raise invalid_combination(
                f"{path}.{member}",
                f"{member} applies to TEST workflows only, and this is a {_type_name(arn.type)} workflow.",
            )
    try:
        workflow_parameter_values(found.document, workflow.get("parameters", ()))
    except ParameterMismatchError as error:
        raise invalid_combination(f"{path}.parameters", str(error)) from None
    except ValueError as error:
        raise invalid_value(f"{path}.parameters", str(error)) from None
    return found.document


def _type_name(arn_type: str) -> str:
    """The API's name of a workflow type: ``BUILD`` for ``workflow/build``."""
    return arn_type.removeprefix("workflow/").upper()


def check_log_groups(settings: Mapping[str, Any]) -> None:
    """:raises InvalidParameterCombinationException: a log group that is not the service's own, without a role for it."""
    if "executionRole" in settings:
        return
    # logGroupName of an image; imageLogGroupName and pipelineLogGroupName of a pipeline.
    for member, name in settings.get("loggingConfiguration", {}).items():
        if not name.startswith(_SERVICE_LOG_GROUPS):
            raise invalid_combination(
                f"loggingConfiguration.{member}",
                f"An execution role is required for log groups outside of {_SERVICE_LOG_GROUPS}.",
            )


def _check_watermarks(recipe: Recipe, distribution: DistributionConfiguration | None) -> None:
    if distribution is None or not recipe.record.get("amiWatermarks"):
        return
    for entry in distribution.record["distributions"]:
        permission = entry.get("amiDistributionConfiguration", {}).get("launchPermission", {})
        if "all" in permission.get("userGroups", ()):
            raise invalid_combination(
                "distributionConfigurationArn",
                f"The recipe adds watermarks to its AMIs, and AMIs with watermarks can't be public: "
                f"in the Region '{entry['region']}' everyone has launch permission.",
            )


def _check_scanning(backend: BackendCore, settings: Mapping[str, Any], image_type: str) -> None:
    path = "imageScanningConfiguration"
    scanning: Mapping[str, Any] = settings.get(path, {})
    scans_output_ami = scanning.get("imageScanningTypes") == ["ON_DEMAND_AMI_CVE"]
    if scans_output_ami and image_type != "AMI":
        raise invalid_combination(
            f"{path}.imageScanningTypes", "The scan type ON_DEMAND_AMI_CVE requires an image recipe."
        )
    if "scanResultCondition" in scanning and not scans_output_ami:
        raise invalid_combination(
            f"{path}.scanResultCondition",
            "A scan result condition can only be set when imageScanningTypes is ON_DEMAND_AMI_CVE.",
        )
    if not scanning.get("imageScanningEnabled"):
        return
    if not image_tests_configuration(settings)["imageTestsEnabled"]:
        raise invalid_combination(f"{path}.imageScanningEnabled", "Image scanning requires image tests to be enabled.")
    if image_type == "DOCKER":
        _require_inspector(backend, "ecr")
        _check_scan_repository(backend, scanning.get("ecrConfiguration", {}).get("repositoryName"))
    elif not scans_output_ami:
        _require_inspector(backend, "ec2")


def _check_scan_repository(backend: BackendCore, name: str | None) -> None:
    """Image Builder itself creates the repository of a configuration that names none, and one with that one's name."""
    if name in (None, SCAN_REPOSITORY):
        return
    if ecr.find_repository(backend.account_id, backend.region_name, name) is None:
        raise invalid_value(
            "imageScanningConfiguration.ecrConfiguration.repositoryName",
            f"{ecr.no_repository(backend.account_id, name)}.",
        )


def _require_inspector(backend: BackendCore, resource_type: str) -> None:
    """:raises ResourceDependencyException: Amazon Inspector does not scan ``ec2`` or ``ecr`` in this account and Region."""
    inspector = living_backend("inspector2", backend.account_id, backend.region_name)
    accounts = inspector.batch_get_account_status([backend.account_id]) if inspector is not None else []
    if not any(account["resourceState"][resource_type]["status"] == "ENABLED" for account in accounts):
        raise ResourceDependencyException(
            f"Amazon Inspector is not enabled for '{resource_type}' resources in account '{backend.account_id}'."
        )
