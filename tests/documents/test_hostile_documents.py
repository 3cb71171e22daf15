"""Whatever is sent as a document: it is accepted, or it is refused with a DocumentError."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.documents.component import parameter_details, parse_component_document
from mock_imagebuilder.imagebuilder.documents.errors import DocumentError
from mock_imagebuilder.imagebuilder.documents.yaml_loader import MAX_DEPTH, MAX_EXPANDED_SIZE, load_yaml

from .sample_components import SAMPLES

PLATFORMS = st.sampled_from(["Linux", "Windows", "macOS"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["1.0", "build", "test", "ExecuteBash", "Reboot", "s3://a/b", "{{ Hosts }}", "{{ a.b.outputs.c }}"]
    )
)
KNOWN_KEYS = [
    "name", "schemaVersion", "phases", "steps", "action", "inputs", "commands", "path", "loop", "forEach", "for", "if",
    "and", "not", "stringEquals", "value", "parameters", "constants", "type", "default", "allowedValues", "then",
]  # fmt: skip
KEYS = st.sampled_from(KNOWN_KEYS) | st.text(max_size=5)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
YAML_PIECES = [
    "a", "b", "1", ".", "0x", "_", ":", "-", "[", "]", "{", "}", ",", "&", "*", "&x ", "*x ", "!", "!!int ", "!!str ",
    "!t ", "|", ">", "'", '"', "?", "<<", "#", "%", "---", "...", "~", "@", "`", "\\x", " ", "\n", "\n  ", "\t", ": ",
    "- ", "\x00",
]  # fmt: skip
YAML_TEXT = st.lists(st.sampled_from(YAML_PIECES), max_size=60).map("".join)
thorough = settings(max_examples=300)


def _parse(text: str, platform: str) -> None:
    try:
        document = parse_component_document(text, platform)
    except DocumentError:
        return
    assert document.type in ("BUILD", "TEST")
    assert all(phase.steps for phase in document.phases)
    json.dumps(parameter_details(document)).encode()


@thorough
@given(text=st.text() | YAML_TEXT | st.binary().map(lambda data: data.decode("latin-1")), platform=PLATFORMS)
def test_arbitrary_text(text: str, platform: str) -> None:
    _parse(text, platform)


@thorough
@given(data=DATA, platform=PLATFORMS)
def test_arbitrary_structures(data: object, platform: str) -> None:
    _parse(json.dumps(data), platform)
    _parse(yaml.safe_dump(data), platform)


@thorough
@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)), replacement=DATA)
def test_good_documents_with_one_part_replaced(data: st.DataObject, name: str, replacement: object) -> None:
    platform, _, text = SAMPLES[name]
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

    _parse(json.dumps(document), platform)


@thorough
@given(lines=st.lists(st.lists(st.integers(0, 20), max_size=12), min_size=2, max_size=20))
def test_aliases_never_escape_the_bounds(lines: list[list[int]]) -> None:
    """Line n is a list with an anchor and with aliases to the lines before it."""
    rows = [[f"*n{target % n}" for target in line] if n else [] for n, line in enumerate(lines)]
    try:
        loaded = load_yaml("\n".join(f"- &n{n} [{', '.join(['x', *row])}]" for n, row in enumerate(rows)))
    except DocumentError as refusal:
        too_much = ("its aliases expand to too much data", "it is nested more than 64 levels deep")
        if not any(reason in str(refusal) for reason in too_much):
            raise
        return

    values, pending = 0, [(loaded, 0)]
    while pending:
        value, depth = pending.pop()
        values += 1
        if isinstance(value, list):
            assert depth < MAX_DEPTH
            pending.extend((inner, depth + 1) for inner in value)
    assert values <= MAX_EXPANDED_SIZE
