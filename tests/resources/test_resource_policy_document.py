"""The documents of resource policies: what is accepted, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..conftest import ACCOUNT
from ..refusals import invalid
from .container_recipes import create_repository
from .sharings import COMPONENT, KINDS, OTHER_ACCOUNT, Shareable, build_arn, policy_of

ARN = build_arn("component/install-nginx/1.0.0/1")
OTHER_BUILD = build_arn("component/install-nginx/1.0.0/2")
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/service/builder"
ORGANIZATION = f"arn:aws:organizations::{OTHER_ACCOUNT}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{OTHER_ACCOUNT}:ou/o-abcdefghij/ou-a1b2-f6g7h111"
ACTIONS = "imagebuilder:GetComponent, imagebuilder:ListComponents"


@pytest.fixture
def component(client: Any) -> str:
    assert COMPONENT.create(client) == ARN
    return ARN


def statement(**elements: Any) -> dict[str, Any]:
    return COMPONENT.statement(ARN, **elements)


ACCEPTED = {
    "the example of the user guide": policy_of(statement()),
    "a single statement": {"Version": "2012-10-17", "Statement": statement()},
    "texts instead of lists": policy_of(
        statement(Principal={"AWS": OTHER_ACCOUNT}, Action="imagebuilder:GetComponent", Resource=ARN)
    ),
    "an id": policy_of(statement(), Id="sharing"),
    "sids": policy_of(statement(Sid="One"), statement(Sid="Two"), statement(Sid=""), statement(Sid="")),
    "actions in any case": policy_of(statement(Action=["imagebuilder:getcomponent", "ImageBuilder:ListComponents"])),
    "an action twice": policy_of(statement(Action=["imagebuilder:GetComponent", "imagebuilder:GetComponent"])),
    "the own account": policy_of(statement(Principal={"AWS": ACCOUNT})),
    "the root of an account": policy_of(statement(Principal={"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"})),
    "a user": policy_of(statement(Principal={"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice@example.com"})),
    "a role": policy_of(statement(Principal={"AWS": [ROLE]})),
    "an organization": policy_of(statement(Principal={"AWS": [ORGANIZATION]})),
    "an organizational unit": policy_of(statement(Principal={"AWS": [UNIT]})),
}

PRINCIPAL = (
    "Statement[0].Principal must be an account, a user, a role, an organization or an organizational unit, not '{}'."
)
PRINCIPAL_OBJECT = "Statement[0].Principal must be an object with the element AWS."
NOT_JSON = "The policy is not valid JSON."
STATEMENTS = "The Statement must be a statement or a list of statements."

REFUSED: dict[str, tuple[Any, str]] = {
    "no JSON": ("Allow all", NOT_JSON),
    "an unfinished object": ('{"Version": ', NOT_JSON),
    "endless lists": ("[" * 30000, NOT_JSON),
    "a member twice": ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', NOT_JSON),
    "a list": ([], "The policy is not a JSON object."),
    "null": ("null", "The policy is not a JSON object."),
    "nothing": ({}, 'The policy must have the element "Version".'),
    "no statement": ({"Version": "2012-10-17"}, 'The policy must have the element "Statement".'),
    "an older version": (policy_of(statement(), Version="2008-10-17"), "The Version must be 2012-10-17."),
    "a version that is no text": (policy_of(statement(), Version=20121017), "The Version must be 2012-10-17."),
    "an unknown element": (policy_of(statement(), Statements=[]), 'The policy can\'t have the element "Statements".'),
    "an element in lower case": ({"version": "2012-10-17"}, 'The policy can\'t have the element "version".'),
    "an empty list": (policy_of(), STATEMENTS),
    "a text as statement": (policy_of() | {"Statement": "Allow"}, STATEMENTS),
    "a statement that is no object": (policy_of(statement(), "Allow"), "Statement[1] must be an object."),
    "the same sid": (policy_of(statement(Sid="A"), statement(Sid="A")), 'The Sid "A" must be unique.'),
    "a sid with a space": (policy_of(statement(Sid="A b")), "Statement[0].Sid must be letters and digits."),
    "a sid that is a number": (policy_of(statement(Sid=1)), "Statement[0].Sid must be letters and digits."),
    "deny": (policy_of(statement(Effect="Deny")), "Statement[0].Effect must be Allow."),
    "an effect that is an object": (policy_of(statement(Effect={})), "Statement[0].Effect must be Allow."),
    "a condition": (
        policy_of(statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}})),
        'Statement[0] can\'t have the element "Condition".',
    ),
    "an action that is left out": (
        policy_of(statement(Action=None, NotAction="imagebuilder:GetComponent")),
        'Statement[0] can\'t have the element "NotAction".',
    ),
    **{
        f"no {element}": (policy_of(statement(**{element: None})), f'Statement[0] must have the element "{element}".')
        for element in ("Effect", "Principal", "Action", "Resource")
    },
    "everybody": (policy_of(statement(Principal="*")), PRINCIPAL_OBJECT),
    "a service": (policy_of(statement(Principal={"Service": "ec2.amazonaws.com"})), PRINCIPAL_OBJECT),
    "an account and a service": (
        policy_of(statement(Principal={"AWS": OTHER_ACCOUNT, "Service": "ec2.amazonaws.com"})),
        PRINCIPAL_OBJECT,
    ),
    "everybody of AWS": (policy_of(statement(Principal={"AWS": "*"})), PRINCIPAL.format("*")),
    "an account of eleven digits": (
        policy_of(statement(Principal={"AWS": [OTHER_ACCOUNT, "11122223333"]})),
        PRINCIPAL.format("11122223333"),
    ),
    "a session": (
        policy_of(statement(Principal={"AWS": f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/builder/me"})),
        PRINCIPAL.format(f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/builder/me"),
    ),
    "a role of another partition": (
        policy_of(statement(Principal={"AWS": ROLE.replace("aws", "aws-cn")})),
        PRINCIPAL.format(ROLE.replace("aws", "aws-cn")),
    ),
    "an organization of another partition": (
        policy_of(statement(Principal={"AWS": ORGANIZATION.replace("aws", "aws-cn")})),
        PRINCIPAL.format(ORGANIZATION.replace("aws", "aws-cn")),
    ),
    "no principals": (
        policy_of(statement(Principal={"AWS": []})),
        "Statement[0].Principal must be a text or a list of texts.",
    ),
    "an account that is a number": (
        policy_of(statement(Principal={"AWS": 111122223333})),
        "Statement[0].Principal must be a text or a list of texts.",
    ),
    "no actions": (policy_of(statement(Action=[])), "Statement[0].Action must be a text or a list of texts."),
    "an action that changes": (
        policy_of(statement(Action=["imagebuilder:GetComponent", "imagebuilder:DeleteComponent"])),
        f"Statement[0].Action must be one of {ACTIONS}, not 'imagebuilder:DeleteComponent'.",
    ),
    "an action on another kind": (
        policy_of(statement(Action="imagebuilder:GetImage")),
        f"Statement[0].Action must be one of {ACTIONS}, not 'imagebuilder:GetImage'.",
    ),
    "all actions": (
        policy_of(statement(Action="imagebuilder:Get*")),
        f"Statement[0].Action must be one of {ACTIONS}, not 'imagebuilder:Get*'.",
    ),
    "every resource": (policy_of(statement(Resource="*")), f"Statement[0].Resource must be '{ARN}'."),
    "another resource": (policy_of(statement(Resource=OTHER_BUILD)), f"Statement[0].Resource must be '{ARN}'."),
    "another resource too": (
        policy_of(statement(Resource=[ARN, OTHER_BUILD])),
        f"Statement[0].Resource must be '{ARN}'.",
    ),
    "the version": (
        policy_of(statement(Resource=ARN.removesuffix("/1"))),
        f"Statement[0].Resource must be '{ARN}'.",
    ),
    "the second statement": (
        policy_of(statement(), statement(Effect="Deny")),
        "Statement[1].Effect must be Allow.",
    ),
}


@pytest.mark.parametrize("policy", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(client: Any, component: str, policy: Any) -> None:
    COMPONENT.put_policy(client, component, policy)
    assert json.loads(COMPONENT.policy(client, component)) == policy


@pytest.mark.parametrize(("policy", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(client: Any, component: str, policy: Any, sentence: str) -> None:
    with invalid("policy", sentence):
        COMPONENT.put_policy(client, component, policy)
    assert COMPONENT.policy(client, component) == "{}"


@pytest.mark.parametrize("kind", KINDS, ids=[shareable.kind for shareable in KINDS])
def test_every_kind_has_its_own_actions(client: Any, kind: Shareable) -> None:
    create_repository()
    arn = kind.create(client)
    for each in KINDS:
        policy = policy_of(kind.statement(arn, Action=each.actions()))
        if each is kind:
            kind.put_policy(client, arn, policy)
            continue
        sentence = f"Statement[0].Action must be one of {', '.join(kind.actions())}, not '{each.actions()[0]}'."
        with invalid("policy", sentence):
            kind.put_policy(client, arn, policy)


def test_a_long_policy(client: Any, component: str) -> None:
    text = json.dumps(policy_of(statement()))
    COMPONENT.put_policy(client, component, text.ljust(30000))
    with invalid("policy", "policy must have between 1 and 30000 characters"):
        COMPONENT.put_policy(client, component, text.ljust(30001))
