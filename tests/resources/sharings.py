"""What can be shared, its policies, and the accounts that share, for the tests of policies and of sharing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..conftest import ACCOUNT, REGION
from ..images import client_of, import_image
from . import container_recipes, image_recipes
from .components import create_component

OTHER_ACCOUNT = "111122223333"
THIRD_ACCOUNT = "210987654321"


@dataclass(frozen=True)
class Shareable:
    """A kind of resource with policies, and its part of the API through boto3."""

    kind: str
    policy_member: str
    get_member: str
    summaries_member: str
    create: Callable[..., str]

    def put_policy(self, client: Any, arn: str, policy: Any) -> Any:
        """``policy``: the document, or a text as it stands."""
        text = policy if isinstance(policy, str) else json.dumps(policy)
        return self._call(client, f"put_{self._snake}_policy", **{self.policy_member: arn, "policy": text})

    def policy(self, client: Any, arn: str) -> str:
        answer = self._call(client, f"get_{self._snake}_policy", **{self.policy_member: arn})
        return str(answer["policy"])

    def get(self, client: Any, arn: str) -> Any:
        answer = self._call(client, f"get_{self._snake}", **{self.get_member: arn})
        return answer[self.get_member.removesuffix("BuildVersionArn").removesuffix("Arn")]

    def entries(self, client: Any, **request: Any) -> list[Any]:
        summaries: list[Any] = self._call(client, f"list_{self._snake}s", **request)[self.summaries_member]
        return summaries

    def shared_arns(self, client: Any, **request: Any) -> list[str]:
        """The ARNs of one page of the list of what others share."""
        return [summary["arn"] for summary in self.entries(client, owner="Shared", **request)]

    def delete(self, client: Any, arn: str) -> None:
        self._call(client, f"delete_{self._snake}", **{self.get_member: arn})

    def actions(self, *verbs: str) -> list[str]:
        plural = {"Get": "", "List": "s"}
        return [f"imagebuilder:{verb}{self.kind}{plural[verb]}" for verb in verbs or plural]

    def statement(self, arn: str, *principals: str, **elements: Any) -> dict[str, Any]:
        """The one statement of the user guide's examples; None leaves an element out."""
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [*principals] or [OTHER_ACCOUNT]},
            "Action": self.actions(),
            "Resource": [arn],
            **elements,
        }
        return {name: value for name, value in statement.items() if value is not None}

    def share(self, client: Any, arn: str, *principals: str, **elements: Any) -> None:
        """Put a policy with one statement."""
        self.put_policy(client, arn, policy_of(self.statement(arn, *principals, **elements)))

    @property
    def _snake(self) -> str:
        return {"Component": "component", "Image": "image", "ImageRecipe": "image_recipe"}.get(
            self.kind, "container_recipe"
        )

    @staticmethod
    def _call(client: Any, operation: str, **members: Any) -> Any:
        return getattr(client, operation)(**members)


def policy_of(*statements: Any, **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **elements}


COMPONENT = Shareable("Component", "componentArn", "componentBuildVersionArn", "componentVersionList", create_component)
IMAGE = Shareable("Image", "imageArn", "imageBuildVersionArn", "imageVersionList", import_image)
IMAGE_RECIPE = Shareable(
    "ImageRecipe", "imageRecipeArn", "imageRecipeArn", "imageRecipeSummaryList", image_recipes.create
)
CONTAINER_RECIPE = Shareable(
    "ContainerRecipe",
    "containerRecipeArn",
    "containerRecipeArn",
    "containerRecipeSummaryList",
    container_recipes.create,
)
KINDS = (COMPONENT, IMAGE, IMAGE_RECIPE, CONTAINER_RECIPE)


def other(account_id: str = OTHER_ACCOUNT, region: str = REGION) -> Any:
    """Image Builder's client of another account."""
    return client_of("imagebuilder", account_id, region)


def build_arn(path: str, account_id: str = ACCOUNT) -> str:
    return f"arn:aws:imagebuilder:{REGION}:{account_id}:{path}"
