"""What a user gets who installs the wheel: run with the Python of an environment that has nothing of the checkout.

``.ci/check.py`` makes the environment and names its Python in ``MOCK_IMAGEBUILDER_INSTALLED``.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mock_imagebuilder"
PYTHON = os.environ.get("MOCK_IMAGEBUILDER_INSTALLED", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="MOCK_IMAGEBUILDER_INSTALLED names no Python")


def installed(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment in a folder outside the checkout."""
    program = Path(PYTHON).with_name(str(command[0]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    return subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_file_of_the_package_is_in_the_wheel(tmp_path: Path) -> None:
    lists_files = (
        "import json, pathlib, mock_imagebuilder\n"
        "folder = pathlib.Path(mock_imagebuilder.__file__).parent\n"
        "print(json.dumps([str(folder), [path.relative_to(folder).as_posix() for path in folder.rglob('*')]]))"
    )
    folder, files = json.loads(installed(tmp_path, "python", "-c", lists_files).stdout)
    assert not Path(folder).is_relative_to(PACKAGE)
    ours = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    expected = {name for name in ours if "__pycache__" not in name}
    assert {name for name in expected if name.endswith((".json", "py.typed"))}
    assert expected - set(files) == set()


def test_the_golden_image_example_runs(tmp_path: Path) -> None:
    ended = installed(tmp_path, "python", ROOT / "examples" / "golden_image.py")
    assert ended.returncode == 0, ended.stderr
    assert "image/golden-image/1.0.0/1  AVAILABLE" in ended.stdout


def test_pytest_finds_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_story.py").write_text(
        "def test_story(imagebuilder, imagebuilder_client):\n"
        "    arn = imagebuilder.make_image('base')\n"
        "    image = imagebuilder_client.get_image(imageBuildVersionArn=arn)['image']\n"
        "    assert image['state']['status'] == 'AVAILABLE'\n"
    )
    ended = installed(tmp_path, "python", "-m", "pytest", "-q", "-W", "error", tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("1 passed")


def test_the_server_says_what_it_lacks(tmp_path: Path) -> None:
    """The wheel without its extra ``server``: flask is missing, and the command says what to install."""
    ended = installed(tmp_path, "mock_imagebuilder_server", "--help")
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("pip install 'mock-imagebuilder[server]'")
