"""Small component documents to test one rule with, and the sentence that refuses one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.documents.component import parse_component_document
from mock_imagebuilder.imagebuilder.documents.errors import DocumentError

BASH = {"name": "Run", "action": "ExecuteBash", "inputs": {"commands": ["uptime"]}}
RUN_FAILED = "Parsing step 'Run' in phase 'build' failed. Error: "
ALLOWED = "Allowed characters are combinations of numbers [0-9], english letters [a-z,A-Z] and special characters [-_]."


def with_steps(*steps: object, **document: Any) -> str:
    """A document with one phase, ``build``, of these steps; keywords are further keys of the document."""
    return json.dumps({"schemaVersion": 1.0, "phases": [{"name": "build", "steps": steps}], **document})


def a_step(action: str, inputs: object = ..., **keys: Any) -> dict[str, Any]:
    """A step named ``Run``, without inputs unless they are given."""
    given = {"name": "Run", "action": action, **keys}
    return given if inputs is ... else {**given, "inputs": inputs}


def refusal_of(text: str, platform: str = "Linux") -> str:
    """The sentence with which the document is refused."""
    with pytest.raises(DocumentError) as refused:
        parse_component_document(text, platform)
    return str(refused.value)
