"""Who may do what: moto's IAM enforcement, in the words of Image Builder and on its resources.

Imported with the first request that IAM has to look at, because moto's IAM comes with it. The resource types are those of
"Actions, resources, and condition keys for Amazon EC2 Image Builder" in AWS's Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from moto.iam.access_control import IAMRequest

from . import api
from .arns import Arn, slug
from .exceptions import AuthenticationError, ClientException
from .regions import partition_of

SERVICE = "imagebuilder"

#: What the operations make that make something. Their requests name other resources by ARN.
_MADE: Mapping[str, str] = {
    "CreateComponent": "component",
    "CreateContainerRecipe": "container-recipe",
    "CreateDistributionConfiguration": "distribution-configuration",
    "CreateImage": "image",
    "CreateImagePipeline": "image-pipeline",
    "CreateImageRecipe": "image-recipe",
    "CreateInfrastructureConfiguration": "infrastructure-configuration",
    "CreateLifecyclePolicy": "lifecycle-policy",
    "CreateWorkflow": "workflow",
    "DistributeImage": "image",
    "ImportComponent": "component",
    "ImportDiskImage": "image",
    "ImportVmImage": "image",
}

#: The members that name a resource without being an ARN.
_IDS: Mapping[str, str] = {
    "lifecycleExecutionId": "lifecycle-execution",
    "workflowExecutionId": "workflow-execution",
    "stepExecutionId": "workflow-step-execution",
}

#: What lists are permitted on whose request names no resource.
_LISTED: Mapping[str, str] = {
    "ListComponentBuildVersions": "component",
    "ListComponents": "component",
    "ListContainerRecipes": "container-recipe",
    "ListDistributionConfigurations": "distribution-configuration",
    "ListImageBuildVersions": "image",
    "ListImagePipelines": "image-pipeline",
    "ListImageRecipes": "image-recipe",
    "ListImageScanFindingAggregations": "image",
    "ListImageScanFindings": "image",
    "ListImages": "image",
    "ListInfrastructureConfigurations": "infrastructure-configuration",
    "ListLifecyclePolicies": "lifecycle-policy",
    "ListWorkflowBuildVersions": "workflow",
    "ListWorkflows": "workflow",
}


class ImageBuilderIAMRequest(IAMRequest):
    """A request before moto's IAM.

    :raises AuthenticationError: the request is not signed, or with an unknown key; later, that its signature is not
        right, or that the user or role may not do what it asks for.
    """

    def __init__(self, headers: Any, **request: Any) -> None:
        named = {name.title(): value for name, value in headers.items()}
        _require_signature(named)
        # moto would take the query for the body of a request without a body, and so refuse its signature.
        super().__init__(headers=named, **{**request, "data": {}})
        self._resource = "*"

    def check_action_permitted(self, _resource: str) -> None:
        """:raises AuthenticationError: no policy allows the action on its resource, or one denies it."""
        self._resource = self._asked_resource()
        super().check_action_permitted(self._resource)

    def _asked_resource(self) -> str:
        url = urlsplit(self._path)
        operation, parameters = api.route(self._method, url.path)
        try:
            members = api.raw_members(operation, parameters, url.query, self._body)
        except ClientException:
            members = {}
        home = Arn(partition_of(self._region), self._region, self.account_id, "", "")
        return resource_of(operation.name, members, home)

    def _raise_access_denied(self) -> NoReturn:
        raise AuthenticationError(
            "AccessDeniedException",
            f"User: {self._access_key.arn} is not authorized to perform: {self._action} on resource: {self._resource}",
        )

    def _raise_invalid_access_key(self, _: str) -> NoReturn:
        raise AuthenticationError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )

    def _raise_signature_does_not_match(self) -> NoReturn:
        raise AuthenticationError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )


def _require_signature(headers: Mapping[str, str]) -> None:
    """:raises AuthenticationError: there is no signature, or none in the form of AWS's Signature Version 4."""
    header = headers.get("Authorization")
    if not header:
        raise AuthenticationError("MissingAuthenticationTokenException", "Missing Authentication Token")
    parts = dict(part.strip().partition("=")[::2] for part in header.partition(" ")[2].split(","))
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if "X-Amz-Date" not in headers or "x-amz-date" not in parts.get("SignedHeaders", "").split(";"):
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise AuthenticationError("IncompleteSignatureException", f"{' '.join(missing)} Authorization={header}")
    scope = parts["Credential"].split("/")
    if len(scope) != 5:
        raise AuthenticationError(
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{parts['Credential']}'",
        )
    if scope[3] != SERVICE:
        raise AuthenticationError(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{SERVICE}'. "
        )


def resource_of(operation_name: str, members: Mapping[str, Any], home: Arn) -> str:
    """The ARN of the resource that an operation is permitted on.

    That is the ARN that the request names first; the ARN that a Create or an Import is going to make, up to the version;
    for lists without an ARN all resources of the type, such as ``arn:aws:imagebuilder:us-east-1:123456789012:image/*``.

    :param members: the request as it came, not checked.
    :param home: an ARN of the account and Region.
    :returns: ``*`` if the operation is permitted on no resource.
    """

    def own(type_: str, path: str) -> str:
        return f"arn:{home.partition}:imagebuilder:{home.region}:{home.owner}:{type_}/{path}"

    if operation_name in _MADE:
        return own(_MADE[operation_name], _made_path(operation_name, members))
    for name, value in members.items():
        if name.endswith("Arn") and isinstance(value, str):
            return value
    for name, type_ in _IDS.items():
        if isinstance(members.get(name), str):
            return own(type_, members[name])
    return own(_LISTED[operation_name], "*") if operation_name in _LISTED else "*"


def _made_path(operation_name: str, members: Mapping[str, Any]) -> str:
    """Slug and version of what a request makes, as far as it says so, and before them the type of a workflow."""
    name, version = members.get("name"), members.get("semanticVersion")
    if isinstance(name, str):
        path = f"{slug(name)}/{version}" if isinstance(version, str) else slug(name)
        return f"{str(members.get('type')).lower()}/{path}" if operation_name == "CreateWorkflow" else path
    # An image has the name and the version of its recipe.
    recipe = members.get("imageRecipeArn") or members.get("containerRecipeArn")
    return str(recipe).partition("-recipe/")[2] or "*"
