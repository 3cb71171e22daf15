"""The documentation: its Python blocks run, its routes exist, and the README has the two commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mock_imagebuilder import control_routes

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CHECK = "python3 .ci/check.py"


def blocks(text: str, language: str) -> dict[int, str]:
    """The fenced blocks of a language, by the number of their first line."""
    return {
        text.count("\n", 0, match.start("text")) + 1: match["text"]
        for match in BLOCK.finditer(text)
        if match["language"] == language
    }


def pages_with_python() -> list[Path]:
    return [page for page in PAGES if blocks(page.read_text(), "python")]


@pytest.mark.parametrize("page", pages_with_python(), ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """Each is a test module of its own, as a reader would paste it, in an environment without Region and credentials."""
    for line, text in blocks(page.read_text(), "python").items():
        (tmp_path / f"test_{page.stem.replace('-', '_')}_line_{line}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    # The plugin is named, because the package need not be installed here; a second registration would be an error.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    ended = subprocess.run(
        [*command, "-p", "mock_imagebuilder_pytest_plugin", str(tmp_path)],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summary = ended.stdout.splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary


def test_every_python_block_has_a_test() -> None:
    """A block without a test would run, but assert nothing."""
    without = [
        f"{page.name}:{line}"
        for page in pages_with_python()
        for line, text in blocks(page.read_text(), "python").items()
        if not re.search(r"^\s*def test_", text, re.MULTILINE)
    ]
    assert without == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_control_routes_of_a_page_exist(page: Path) -> None:
    named = set(re.findall(r"/moto-api/imagebuilder/([a-z-]+)", page.read_text()))
    assert named <= {*control_routes._METHODS, "timeline"}


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """Sphinx looks after those of the other pages."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


class TestTheTwoCommands:
    def commands(self) -> list[str]:
        section = README.read_text().split("\n## Two commands\n")[1].split("\n## ")[0]
        return list(blocks(section, "sh").values())

    def test_each_is_one_line_to_be_pasted(self) -> None:
        assert [command.count("\n") for command in self.commands()] == [1, 1]
        assert set(blocks(README.read_text(), "sh").values()) == set(self.commands())

    def test_they_need_nothing_but_python_and_the_clone(self) -> None:
        for command in self.commands():
            assert command.startswith("python3 ")
            for path in re.findall(r"(?<= )[\w.]+/[\w./]+\.py", command):
                assert (ROOT / path).is_file()

    def test_the_second_is_what_the_pipeline_runs(self) -> None:
        assert self.commands()[1].strip() == _CHECK
        assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == _CHECK
