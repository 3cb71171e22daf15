"""The examples for EC2 Image Builder that the AWS CLI comes with, read where it is installed, and a CLI that runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Runs commands in one process: starting the CLI takes longer than what it does.
DRIVER = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
answers = sys.stdout
for line in sys.stdin:
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = create_clidriver().main(json.loads(line))
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, output.getvalue(), errors.getvalue()]), file=answers, flush=True)
"""
FOLDER = "import awscli, pathlib; print(pathlib.Path(awscli.__file__).parent / 'examples' / 'imagebuilder')"


@dataclass(frozen=True)
class Example:
    """A command, what is in its file, and what it answers, as far as the text can be read."""

    name: str
    words: tuple[str, ...]
    input_text: str | None
    output_text: str | None

    @property
    def request(self) -> str:
        return " ".join(self.words) + (self.input_text or "")

    @property
    def region(self) -> str:
        found = re.search(r"arn:aws:imagebuilder:([a-z0-9-]+):[0-9]{12}:", self.request)
        return found[1] if found else "us-west-2"

    @property
    def arns(self) -> list[str]:
        """The resources of the account that the command refers to, in their order, each once."""
        # A policy names the resource that it is put on once more.
        text = self.request.replace("\\\\", "")
        return list(dict.fromkeys(re.findall(r"arn:aws:imagebuilder:[a-z0-9-]+:[0-9]{12}:[\w./-]+", text)))


def read_json(text: str | None) -> Any:
    """The value, or None for what is none: some examples have slips of the pen."""
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def read_example(path: Path) -> Example:
    """:raises StopIteration: the text has no command."""
    blocks: list[tuple[str, str]] = []
    introduction, block = "", list[str]()
    for line in [*path.read_text().splitlines(), "end"]:
        if line.startswith("    ") or (block and not line.strip()):
            block.append(line)
            continue
        if block:
            blocks.append((introduction, "\n".join(block)))
            block = []
        introduction = line or introduction
    command = next(text for _, text in blocks if text.strip().startswith("aws imagebuilder "))
    words = shlex.split(command.replace("\\\n", " "))[2:]
    files = [text for before, text in blocks if before.startswith("Contents of")]
    outputs = [text for before, text in blocks if before.startswith("Output")]
    return Example(path.stem, tuple(words), next(iter(files), None), next(iter(outputs), None))


def python_of(executable: str) -> str | None:
    """The Python that a CLI of version 1 runs in; None for others, which bring their own."""
    python = Path(executable).parent / ("python.exe" if os.name == "nt" else "python")
    return str(python) if python.exists() else None


def examples_of(python: str) -> list[Example]:
    """All examples of the installed CLI; none if it has none, or if this is not its Python."""
    ended = subprocess.run([python, "-c", FOLDER], capture_output=True, text=True, check=False)
    return [read_example(path) for path in sorted(Path(ended.stdout.strip() or os.devnull).glob("*.rst"))]


class CliProcess:
    """One process of the CLI for many commands."""

    def __init__(self, python: str, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [python, "-c", DRIVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        """The status, the output and the errors of a command."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(words) + "\n")
        process.stdin.flush()
        status, output, errors = json.loads(process.stdout.readline())
        return status, output, errors

    def close(self) -> None:
        self._process.communicate()
