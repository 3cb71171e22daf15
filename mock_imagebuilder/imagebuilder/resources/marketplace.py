"""What AWS Marketplace keeps of components that one has subscribed to: GetMarketplaceResource."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..arns import Arn
from ..builds.outputs.outbox import backend_of
from ..exceptions import (
    InvalidRequestException,
    invalid_combination,
    invalid_value,
)
from ..managed.entries import ARN_OWNERS
from ..regions import dns_suffix_of
from .base import Answer, BackendCore, HasRecord, operation
from .s3_document import find_s3_object

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import GetMarketplaceResourceRequestTypeDef

URL_EXPIRES_SECONDS = 3600


class MarketplaceOperations(BackendCore):
    """Get the documents and artifacts of Marketplace components. Those of the catalogue count as subscribed to."""

    @operation("GetMarketplaceResource")
    def get_marketplace_resource(self, request: GetMarketplaceResourceRequestTypeDef) -> Answer:
        """``COMPONENT_DATA`` is the obfuscated document, ``COMPONENT_ARTIFACT`` the URL of an object in S3.

        :raises InvalidParameterCombinationException: an artifact without its location, or a location without artifact.
        :raises InvalidParameterValueException: the ARN is not that of a version of a Marketplace component; the object
            does not exist.
        :raises ResourceNotFoundException: the catalogue has no such component.
        :raises InvalidRequestException: the catalogue knows the component, but not its document.
        """
        is_artifact = request["resourceType"] == "COMPONENT_ARTIFACT"
        if is_artifact != ("resourceLocation" in request):
            raise invalid_combination(
                "resourceLocation",
                "You must specify the resource location of a COMPONENT_ARTIFACT, and of nothing else.",
            )
        component = self._marketplace_component(request["resourceArn"])
        if is_artifact:
            return {"resourceArn": component.arn, "url": self._artifact_url(request["resourceLocation"])}
        return {"resourceArn": component.arn, "data": self._obfuscated_document(component)}

    def _marketplace_component(self, arn_text: str) -> HasRecord:
        arn = Arn.parse(arn_text)
        if (arn.type, arn.owner) != ("component", ARN_OWNERS["AWSMarketplace"]) or arn.version is None:
            raise invalid_value("resourceArn", "The resource must be a version of an AWS Marketplace component.")
        return self.require_component(arn_text, "resourceArn")

    def _obfuscated_document(self, component: HasRecord) -> str:
        document = component.record.get("data") or self.catalogue.components()[Arn.parse(component.arn).slug].data
        if document is None:
            raise InvalidRequestException(
                f"The document of '{component.arn}' is not public, so this mock does not have it. "
                "An entry with data of one's own in the catalogue takes its place."
            )
        return base64.b64encode(document.encode()).decode()

    def _artifact_url(self, location: str) -> str:
        found = find_s3_object(location, "resourceLocation", self.account_id, self.partition)
        bucket = backend_of("s3", self.account_id, self.partition).get_bucket(found.bucket_name)
        region = bucket.region_name
        host = f"{bucket.name}.s3.{region}.{dns_suffix_of(region)}"
        request = AWSRequest("GET", f"https://{host}/{quote(found.name, safe='/~')}")
        # S3 in moto looks at no signature unless IAM is enforced, and then knows no key of AWS's own.
        credentials = Credentials("ASIAMARKETPLACE00000", "secret")
        S3SigV4QueryAuth(credentials, "s3", region, expires=URL_EXPIRES_SECONDS).add_auth(request)
        url: str = request.url
        return url
