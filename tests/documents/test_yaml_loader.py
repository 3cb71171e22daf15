"""Reading YAML: plain data for what is valid, one DocumentError for everything else."""

from __future__ import annotations

import json

import pytest
import yaml

from mock_imagebuilder.imagebuilder.documents import yaml_loader
from mock_imagebuilder.imagebuilder.documents.errors import DocumentError
from mock_imagebuilder.imagebuilder.documents.yaml_loader import load_yaml


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML: the one in C is not there on every machine."""
    if request.param == "python":
        monkeypatch.setattr(yaml_loader, "_EventSource", yaml.SafeLoader)


def _refusal(text: str) -> str:
    with pytest.raises(DocumentError) as refused:
        load_yaml(text)
    return str(refused.value)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# only a comment", None),
        ("---", None),
        ("just text", "just text"),
        ("a: 1.0\nb: '1.0'\nc: 1", {"a": 1.0, "b": "1.0", "c": 1}),
        ("[yes, No, true, on, y]", [True, False, True, True, "y"]),
        ("[~, null, '']", [None, None, ""]),
        ("a:", {"a": None}),
        ("when: 2024-01-31", {"when": "2024-01-31"}),
        ("at: 12:30:45", {"at": "12:30:45"}),
        ("mode: 0755", {"mode": 493}),
        ("odd: 0b_", {"odd": "0b_"}),
        ("sum: " + "7" * 5000, {"sum": "7" * 5000}),
        ("'<<': text", {"<<": "text"}),
        ("a: <<", {"a": "<<"}),
        ("a: =", {"a": "="}),
        ("a: !!str 1.0", {"a": "1.0"}),
        ("a: !!int '5'", {"a": 5}),
        ("a: !!float 5", {"a": 5.0}),
        ("a: !!bool yes", {"a": True}),
        ("a: !!null x", {"a": None}),
        ("a: !!map {b: !!seq [c]}", {"a": {"b": ["c"]}}),
        ("a: ! 5", {"a": "5"}),
        ("a: &x {b: [1]}\nc: *x", {"a": {"b": [1]}, "c": {"b": [1]}}),
        ("- &key name\n- {*key : 1}", ["name", {"name": 1}]),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("\ufeffa: Grüße 🚀", {"a": "Grüße 🚀"}),
        ("[" * 64 + "]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
)
def test_a_valid_document_is_plain_data(text: str, expected: object) -> None:
    loaded = load_yaml(text)

    assert loaded == expected
    assert repr(loaded) == repr(expected)  # True and 1, 1.0 and 1 are equal but not the same


@pytest.mark.usefixtures("_parser")
def test_json_is_yaml() -> None:
    data = {"schemaVersion": "1.0", "phases": [{"name": "build", "n": 1, "f": 1.5, "t": True, "z": None, "é": '/\\"'}]}

    assert load_yaml(json.dumps(data)) == data
    assert load_yaml(json.dumps(data, indent=2, ensure_ascii=False)) == data


def test_scalars_can_be_read_as_they_were_written() -> None:
    text = "a: 1.10\nb: yes\nc:\nd: 0755\ne: !!int 5\nf: [~, 'x']"

    assert load_yaml(text, scalars_as_text=True) == {
        "a": "1.10", "b": "yes", "c": "", "d": "0755", "e": "5", "f": ["~", "x"],
    }  # fmt: skip


INVALID = "The document is not valid YAML: "


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3", "the key 'a' appears twice (line 3, column 1)."),
        ("x:\n  - {a: 1, a: 2}", "the key 'a' appears twice (line 2, column 12)."),
        ("1: x", "the key 1 is not text (line 1, column 1)."),
        ("on: x", "the key on is not text (line 1, column 1)."),
        ("a:\n  ~: x", "the key ~ is not text (line 2, column 3)."),
        ("? \n: x", "the key null is not text (line 1, column 2)."),
        ("- &a 1\n- {*a : x}", "the key *a is not text (line 2, column 4)."),
        ("? [a]\n: b", "a key must be text, not a list or a map (line 1, column 3)."),
        ("commands:\n  - {{ Name }}", "a key must be text, not a list or a map (line 2, column 6)."),
        ("a: {<<: {b: 1}}", "merge keys are not supported (line 1, column 5)."),
        ("a: &a {b: 1}\nc:\n  <<: *a", "merge keys are not supported (line 3, column 3)."),
        ("a: !Sub x", "the tag !Sub is not supported (line 1, column 4)."),
        ("!!python/object/apply:os.system [x]",
         "the tag tag:yaml.org,2002:python/object/apply:os.system is not supported (line 1, column 1)."),
        ("a: !!binary aGk=", "the tag tag:yaml.org,2002:binary is not supported (line 1, column 4)."),
        ("a: !!set {x}", "the tag tag:yaml.org,2002:set is not supported (line 1, column 4)."),
        ("a: !!timestamp 2024-01-31", "the tag tag:yaml.org,2002:timestamp is not supported (line 1, column 4)."),
        ("a: !!int x", "the value is not of the type int (line 1, column 4)."),
        ("a: !!bool maybe", "the value is not of the type bool (line 1, column 4)."),
        ("a: !!float ''", "the value is not of the type float (line 1, column 4)."),
        ("&a [*a]", "the alias *a stands inside its own value (line 1, column 5)."),
        ("a: *b", "the alias *b has no value (line 1, column 4)."),
        ("--- 1\n--- 2", "only one document is allowed (line 2, column 1)."),
        ("a: b: c", None),
        ("a: [1,", None),
        ("a: 'open", None),
        ("\ta: 1", None),
        ("a: %x", None),
        ("a: b\n...\nc: d", None),
        ("%YAML 2.0\n--- x", None),
        ("a: \x07", "the character U+0007 is not allowed (line 1, column 4)."),
        ("a: b\nc: d\x00", "the character U+0000 is not allowed (line 2, column 5)."),
        ("a: \ud800", "the character U+D800 is not allowed (line 1, column 4)."),
        ('a: "\\0"', "an escape stands for a character that is not allowed (line 1, column 4)."),
        ('a: "\\ud800"', None),
        ('a: "\\U00110000"', None),
        ("[" * 65 + "]" * 65, "it is nested more than 64 levels deep (line 1, column 65)."),
        ("{a: " * 65 + "}" * 65, "it is nested more than 64 levels deep (line 1, column 257)."),
        ("[" * 60_000, "it is nested more than 64 levels deep (line 1, column 65)."),
    ],
)  # fmt: skip
def test_an_invalid_document_is_refused(text: str, sentence: str | None) -> None:
    refusal = _refusal(text)

    if sentence is None:  # the words are the parser's
        assert refusal.startswith(INVALID)
        assert refusal.endswith(".")
    else:
        assert refusal == INVALID + sentence


def test_the_parsers_own_words_come_with_line_and_column() -> None:
    assert _refusal("phases:\n  - name: a: b") == (
        INVALID + "mapping values are not allowed in this context (line 2, column 12)."
    )


@pytest.mark.usefixtures("_parser")
def test_aliases_that_multiply_are_refused_before_they_do() -> None:
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    assert _refusal("\n".join(levels)).startswith(INVALID + "its aliases expand to too much data (line 5, ")


@pytest.mark.usefixtures("_parser")
def test_a_long_text_counts_as_often_as_it_is_aliased() -> None:
    text = "- &a " + "x" * 20_000 + "\n"

    assert load_yaml(text + "- *a\n" * 10) == ["x" * 20_000] * 11
    assert _refusal(text + "- *a\n" * 20) == INVALID + "its aliases expand to too much data (line 14, column 3)."


@pytest.mark.usefixtures("_parser")
def test_aliases_that_nest_count_as_depth() -> None:
    levels = ["- &a0 [x]"] + [f"- &a{n} [*a{n - 1}]" for n in range(1, 80)]

    assert load_yaml("\n".join(levels[:63])) is not None
    assert _refusal("\n".join(levels)) == INVALID + "it is nested more than 64 levels deep (line 64, column 9)."


def test_the_size_is_bounded_in_bytes() -> None:
    assert load_yaml("x" * 65_536) == "x" * 65_536
    assert _refusal("x" * 65_537) == "The document has 65537 bytes; it can have at most 65536."
    assert _refusal("é" * 40_000) == "The document has 80000 bytes; it can have at most 65536."
