"""Small workflow documents to test one rule with, and the sentence that refuses one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.errors import DocumentError
from mock_imagebuilder.imagebuilder.documents.workflow import WorkflowDocument, parse_workflow_document

INSTANCE = "$.stepOutputs.Launch.instanceId"
LAUNCH = {"name": "Launch", "action": "LaunchInstance", "inputs": {"waitFor": "ssmAgent"}}
WAIT = {"name": "Wait", "action": "WaitForAction"}
RUN_FAILED = "Parsing step 'Run' failed. Error: "


def with_steps(*steps: object, **document: Any) -> str:
    """A document of these steps; keywords are further keys of the document."""
    return json.dumps({"schemaVersion": 1.0, "steps": steps, **document})


def a_step(action: str, inputs: object = ..., name: str = "Run", **keys: Any) -> dict[str, Any]:
    """A step, without inputs unless they are given."""
    given = {"name": name, "action": action, **keys}
    return given if inputs is ... else {**given, "inputs": inputs}


def with_input(inputs: Mapping[str, object], action: str = "WaitForAction", **document: Any) -> str:
    """A document that launches an instance in a step ``Launch`` and then has a step ``Run`` with these inputs."""
    return with_steps(LAUNCH, a_step(action, inputs), **document)


def parsed(text: str, workflow_type: str = "BUILD") -> WorkflowDocument:
    return parse_workflow_document(text, workflow_type)


def refusal_of(text: str, workflow_type: str = "BUILD") -> str:
    """The sentence with which the document is refused."""
    with pytest.raises(DocumentError) as refused:
        parse_workflow_document(text, workflow_type)
    return str(refused.value)
