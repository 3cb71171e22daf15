"""Whatever is sent as a workflow document: it is accepted, or it is refused with a DocumentError."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.documents.errors import DocumentError
from mock_imagebuilder.imagebuilder.documents.workflow import (
    parse_workflow_document,
    resolve_inputs,
    resolve_outputs,
    resolve_rollback_enabled,
)
from mock_imagebuilder.imagebuilder.documents.workflow_conditions import evaluate_condition
from mock_imagebuilder.imagebuilder.documents.workflow_parameters import workflow_parameter_details
from mock_imagebuilder.imagebuilder.documents.workflow_references import RunContext
from mock_imagebuilder.imagebuilder.documents.yaml_loader import load_yaml

from .sample_workflows import SAMPLES

TYPES = st.sampled_from(["BUILD", "TEST", "DISTRIBUTION"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "1.0", "Run", "LaunchInstance", "WaitForAction", "DistributeImage", "ssmAgent", "Abort", "$.", "$.parameters.a",
            "$.stepOutputs.Run.reason", "$.imagebuilder.platform", "$.workflowOutputs.a[0]", "{{ $.parameters.a }}",
            "{{ $. }}",
        ]
    )
)  # fmt: skip
KNOWN_KEYS = [
    "name", "schemaVersion", "steps", "action", "inputs", "inputs.$", "instanceId.$", "instanceId", "if", "and", "or", "not",
    "stringEquals", "numberEquals", "booleanEquals", "value", "parameters", "type", "default", "outputs", "onFailure",
    "rollbackEnabled", "timeoutSeconds", "description", "distributions", "region", "configurations", "payload",
]  # fmt: skip
KEYS = st.sampled_from(KNOWN_KEYS) | st.text(max_size=5)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
thorough = settings(max_examples=300)


def _parse(text: str, workflow_type: str) -> None:
    try:
        document = parse_workflow_document(text, workflow_type)
    except DocumentError:
        return
    assert 1 <= len(document.steps) <= 15
    json.dumps(workflow_parameter_details(document)).encode()
    context = RunContext()
    for step in document.steps:
        # What has no value, or no value that can be compared, is told by these errors and no others.
        with suppress(LookupError, ValueError):
            resolve_inputs(step, context)
        with suppress(LookupError, ValueError):
            resolve_rollback_enabled(step, context)
        with suppress(LookupError, ValueError):
            evaluate_condition(step.if_, context)
    resolve_outputs(document, context)


@thorough
@given(text=st.text() | st.binary().map(lambda data: data.decode("latin-1")), workflow_type=TYPES)
def test_arbitrary_text(text: str, workflow_type: str) -> None:
    _parse(text, workflow_type)
    _parse(f"schemaVersion: 1.0\nsteps:\n  - name: Run\n    action: WaitForAction\n    inputs: {text}", workflow_type)


@thorough
@given(data=DATA, workflow_type=TYPES)
def test_arbitrary_structures(data: object, workflow_type: str) -> None:
    for document in (data, {"schemaVersion": 1.0, "steps": data}):
        _parse(json.dumps(document), workflow_type)
        _parse(yaml.safe_dump(document), workflow_type)


@thorough
@given(condition=DATA, inputs=DATA, output=DATA, parameter=DATA, workflow_type=TYPES)
def test_arbitrary_parts(
    condition: object, inputs: object, output: object, parameter: object, workflow_type: str
) -> None:
    step = {"name": "Run", "action": "WaitForAction"}
    parts: list[dict[str, Any]] = [
        {"steps": [{**step, "if": condition}]},
        {"steps": [{**step, "inputs": {"payload": inputs}}]},
        {"steps": [{**step, "inputs": {"payload.$": inputs}}]},
        {"steps": [{**step, "rollbackEnabled": inputs, "description": condition}]},
        {"steps": [step], "outputs": [{"name": "o", "value": output}]},
        {"steps": [step], "parameters": [{"name": "p", "default": parameter}]},
    ]
    for part in parts:
        _parse(json.dumps({"schemaVersion": 1.0, **part}), workflow_type)


@thorough
@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)), replacement=DATA)
def test_good_documents_with_one_part_replaced(data: st.DataObject, name: str, replacement: object) -> None:
    workflow_type, text = SAMPLES[name]
    document: Any = load_yaml(text)
    place: Any = document
    key: Any = data.draw(st.sampled_from(sorted(document)) | KEYS)
    for _ in range(data.draw(st.integers(0, 8))):
        inner = place[key] if isinstance(place, list) else place.get(key)
        if not isinstance(inner, (dict, list)) or not inner:
            break
        place = inner
        key = data.draw(
            st.sampled_from(sorted(place)) | KEYS if isinstance(place, dict) else st.integers(0, len(place) - 1)
        )
    place[key] = replacement

    _parse(json.dumps(document), workflow_type)
