"""Checks everything: lint, types, documentation, the wheel, and the tests with the newest and the oldest moto and boto3.

``python3 .ci/check.py`` needs nothing but Python 3.10 or newer. It makes environments of its own in the checkout
(``.venv-check*``, from the package index; kept for the next time), and after that nothing needs the network. Every job
writes its output to ``build/check/``; what fails is shown, and the tests' own report comes last.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "check"
WHEELS = LOGS / "wheel"
#: Written by the tests, read for the coverage page.
REFUSALS = str(LOGS / "refusals.json")

#: Read by tests/test_aws_cli.py and tests/test_installation.py, which are skipped without them.
AWS_CLI_VARIABLE = "MOCK_IMAGEBUILDER_AWS_CLI"
INSTALLED_VARIABLE = "MOCK_IMAGEBUILDER_INSTALLED"

#: What says nothing about an old moto: these tests are about tools and other processes.
NOT_WITH_THE_OLDEST = ("tests/test_aws_cli.py", "tests/test_docs.py", "tests/test_installation.py")

failures: list[str] = []
_printing = Lock()


class Failed(Exception):
    """A job has failed, and has been reported."""


class Environment:
    """A virtual environment in the checkout."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = ROOT / name

    def tool(self, name: str) -> Path:
        if os.name == "nt":
            return self.path / "Scripts" / f"{name}.exe"
        return self.path / "bin" / name

    @property
    def python(self) -> str:
        return str(self.tool("python"))

    def make(self) -> None:
        if not self.tool("python").exists():
            run(f"{self.name} made", [sys.executable, "-m", "venv", str(self.path)], quiet=True)
        self.pip("pip", "install", "--upgrade", "pip>=25.1")  # the first that knows --group

    def pip(self, job: str, command: str, *arguments: str) -> None:
        flags = ("--quiet", "--disable-pip-version-check", "--no-input")
        run(f"{self.name} {job}", [self.python, "-m", "pip", command, *flags, *arguments], quiet=job == "pip")


check = Environment(".venv-check")
oldest = Environment(".venv-check-oldest")
aws_cli = Environment(".venv-check-awscli")
installed = Environment(".venv-check-wheel")


def run(job: str, command: Sequence[str], quiet: bool = False, variables: dict[str, str] | None = None) -> Path:
    """Run a job in the checkout; its output goes to the log file that is returned.

    :param quiet: say nothing if it goes well.
    :param variables: for the environment of the process.
    :raises Failed: the process has not ended with 0.
    """
    log = LOGS / f"{job.replace(' ', '-').lstrip('.')}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        environment = {**os.environ, **(variables or {})}
        status = subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ).returncode
    seconds = time.monotonic() - began
    with _printing:
        if status:
            failures.append(job)
            print(f"FAILED  {job}  ({seconds:.0f} s, {' '.join(command)})", flush=True)
            print(log.read_text(errors="replace"), flush=True)
        elif not quiet:
            print(f"ok      {job}  ({seconds:.0f} s)", flush=True)
    if status:
        raise Failed(job)
    return log


def make_check() -> None:
    check.make()
    check.pip("installed", "install", "-c", ".ci/newest.txt", "-e", ".", "--group", "dev", "--group", "docs")


def make_oldest() -> None:
    oldest.make()
    oldest.pip("installed", "install", "-c", ".ci/oldest.txt", "-e", ".", "--group", "test")


def make_aws_cli() -> None:
    aws_cli.make()
    aws_cli.pip("installed", "install", "awscli")


def make_installed() -> None:
    """The wheel as a user gets it, with nothing but what it asks for, and pytest for its plugin."""
    installed.make()
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    installed.pip("built", "wheel", "--no-deps", "--wheel-dir", str(WHEELS), ".")
    (wheel,) = (str(path) for path in WHEELS.glob("*.whl"))
    installed.pip("installed", "install", "-c", ".ci/newest.txt", wheel, "pytest")
    installed.pip("pip", "install", "--force-reinstall", "--no-deps", wheel)  # the version is the same, the code is not


def lint_types_docs_and_the_oldest() -> None:
    python = [check.python, "-m"]
    jobs = {
        "ruff check": [*python, "ruff", "check", "--quiet", "."],
        "ruff format": [*python, "ruff", "format", "--check", "--quiet", "."],
        "mypy": [*python, "mypy"],
        "docs": [*python, "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build"],
        "tests with the oldest moto and boto3": [
            *(oldest.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(f"--ignore={path}" for path in NOT_WITH_THE_OLDEST),
        ],
    }
    for job, command in jobs.items():
        with suppress(Failed):  # so that the others are run too
            run(job, command)


def test() -> None:
    variables = {AWS_CLI_VARIABLE: str(aws_cli.tool("aws")), INSTALLED_VARIABLE: installed.python}
    python = [check.python, "-m"]
    run("tests", [*python, "pytest", "-q", "-p", "tests.refusal_record", "--refusals", REFUSALS], variables=variables)
    run("coverage page", [*python, "tests.coverage_page", "--check", "--refusals", REFUSALS])


def attempt(job: Callable[[], object]) -> None:
    with suppress(Failed):  # reported where it happened
        job()


def all_of(*jobs: Callable[[], None]) -> None:
    """Two at a time: most jobs use one processor, and two is what small machines have."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(attempt, jobs))


def main() -> int:
    WHEELS.mkdir(parents=True, exist_ok=True)
    all_of(make_check, make_oldest, make_aws_cli, make_installed)
    if not failures:
        all_of(test, lint_types_docs_and_the_oldest)
        if "tests" not in failures:
            print(LOGS.joinpath("tests.log").read_text(errors="replace"), end="")
    if failures:
        print(f"FAILED: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
