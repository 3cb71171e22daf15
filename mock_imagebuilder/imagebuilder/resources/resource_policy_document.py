"""The documents of resource policies: what Put...Policy accepts, and whom a policy lets read.

A policy has the form of the examples in the user guide ("Create an AWS RAM resource share for your Image Builder
resources"): statements that let AWS principals get and list the one resource. The service leaves the checks to AWS RAM
(PutImagePolicy.policy in the API model), whose sentences are not known. What the examples and RAM's managed permissions
do not have, such as ``Deny``, conditions and other actions, is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..arns import Arn
from ..exceptions import InvalidParameterValueException, invalid_value

VERSION = "2012-10-17"

#: What a policy lets principals do, by its action: ``Get`` for ``imagebuilder:GetImage``.
VERBS = ("Get", "List")

_POLICY_ELEMENTS = ("Version", "Id", "Statement")
_STATEMENT_ELEMENTS = ("Effect", "Principal", "Action", "Resource")
_SID = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_PRINCIPAL = re.compile(
    r"[0-9]{12}"
    r"|arn:(?P<iam>[^:]+):iam::[0-9]{12}:(?:root|(?:user|role)/[\w+=,.@/-]+)"
    r"|arn:(?P<organizations>[^:]+):organizations::[0-9]{12}:(?:organization/o-[a-z0-9]+|ou/o-[a-z0-9]+/ou-[a-z0-9-]+)",
    re.ASCII,
)


@dataclass(frozen=True)
class Grant:
    """What one statement of a policy, or a resource share, lets principals do: ``verbs`` are some of :data:`VERBS`."""

    principals: tuple[str, ...]
    verbs: frozenset[str]


def read_policy(text: str, resource: Arn) -> tuple[Grant, ...]:
    """The grants of a policy, one for each statement.

    :param resource: what the policy is put on.
    :raises InvalidParameterValueException: the text is no policy, or one that does not only share this resource.
    """
    policy = _parse(text)
    _check_elements(policy, "The policy", ("Version", "Statement"), _POLICY_ELEMENTS)
    if policy["Version"] != VERSION:
        raise _invalid(f"The Version must be {VERSION}.")
    statements = policy["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _invalid("The Statement must be a statement or a list of statements.")
    sids = [statement.get("Sid") for statement in statements if isinstance(statement, dict)]
    for sid in sids:
        if sid and sids.count(sid) > 1:
            raise _invalid(f"The Sid {json.dumps(sid)} must be unique.")
    return tuple(_grant(statement, f"Statement[{number}]", resource) for number, statement in enumerate(statements))


def written_policy(grants: Sequence[Grant], resource: Arn) -> str:
    """The policy that grants this, as a text."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": list(grant.principals)},
            "Action": [action for action, verb in _actions(resource).items() if verb in grant.verbs],
            "Resource": [str(resource)],
        }
        for grant in grants
    ]
    return json.dumps({"Version": VERSION, "Statement": statements}, separators=(",", ":"))


def _parse(text: str) -> Mapping[str, Any]:
    try:
        policy = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise _invalid("The policy is not valid JSON.") from None
    if not isinstance(policy, dict):
        raise _invalid("The policy is not a JSON object.")
    return policy


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def _grant(statement: object, place: str, resource: Arn) -> Grant:
    if not isinstance(statement, dict):
        raise _invalid(f"{place} must be an object.")
    _check_elements(statement, place, _STATEMENT_ELEMENTS, ("Sid", *_STATEMENT_ELEMENTS))
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise _invalid(f"{place}.Sid must be letters and digits.")
    if statement["Effect"] != "Allow":
        raise _invalid(f"{place}.Effect must be Allow.")
    principals = _principals(statement["Principal"], place, resource.partition)
    actions = {action.lower(): verb for action, verb in _actions(resource).items()}
    verbs = set()
    for action in _texts(statement["Action"], f"{place}.Action"):
        if action.lower() not in actions:
            raise _invalid(f"{place}.Action must be one of {', '.join(_actions(resource))}, not '{action}'.")
        verbs.add(actions[action.lower()])
    if set(_texts(statement["Resource"], f"{place}.Resource")) != {str(resource)}:
        raise _invalid(f"{place}.Resource must be '{resource}'.")
    return Grant(principals, frozenset(verbs))


def _principals(given: object, place: str, partition: str) -> tuple[str, ...]:
    if not isinstance(given, dict) or set(given) != {"AWS"}:
        raise _invalid(f"{place}.Principal must be an object with the element AWS.")
    principals = _texts(given["AWS"], f"{place}.Principal")
    for principal in principals:
        match = _PRINCIPAL.fullmatch(principal)
        if match is None or (match["iam"] or match["organizations"] or partition) != partition:
            raise _invalid(
                f"{place}.Principal must be an account, a user, a role, an organization or an organizational unit, "
                f"not '{principal}'."
            )
    return tuple(principals)


def _actions(resource: Arn) -> dict[str, str]:
    """The actions that can be shared on a resource, and the verb of each."""
    return {f"imagebuilder:{verb}{resource.kind}{'s' if verb == 'List' else ''}": verb for verb in VERBS}


def _texts(given: object, place: str) -> list[str]:
    entries = given if isinstance(given, list) else [given]
    texts = [entry for entry in entries if isinstance(entry, str)]
    if not texts or len(texts) < len(entries):
        raise _invalid(f"{place} must be a text or a list of texts.")
    return texts


def _check_elements(given: Mapping[str, Any], place: str, required: Sequence[str], allowed: Sequence[str]) -> None:
    for element in given:
        if element not in allowed:
            raise _invalid(f"{place} can't have the element {json.dumps(element)}.")
    for element in required:
        if element not in given:
            raise _invalid(f'{place} must have the element "{element}".')


def _invalid(sentence: str) -> InvalidParameterValueException:
    return invalid_value("policy", sentence)
