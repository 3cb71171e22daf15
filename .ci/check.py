"""Checks everything: lint, types, documentation, the wheel, and the tests with the newest and the oldest moto and boto3.

``python3 .ci/check.py`` needs nothing but Python 3.10 or newer. It makes environments of its own in the checkout
(``.venv-check*``, from the package index; kept for the next time), and after that nothing needs the network. Every job
writes its output to ``build/check/``; what fails is shown, and the tests' own report comes last.
"""

from __future__ import annotations

import hashlib
import os
import shutil
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

#: Read by tests/test_aws_cli.py, tests/test_aws_cli_examples.py and tests/test_installation.py, skipped without them.
AWS_CLI_VARIABLE = "MOCK_IMAGEBUILDER_AWS_CLI"
INSTALLED_VARIABLE = "MOCK_IMAGEBUILDER_INSTALLED"

#: What tests/test_timeline_page.py needs, and is skipped without: the programs, and the packages of Debian.
BROWSER = ("chromium", "chromedriver")
BROWSER_PACKAGES = ("chromium", "chromium-driver")
#: Seconds for each of the two commands that install it.
BROWSER_LIMIT = 100

#: The tests in two halves, which take about the same time.
TESTS = ("tests of rules", "all other tests")
RULES = ("tests/resources", "tests/builds")
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")

#: Variables that could make a job here another one than elsewhere.
NOT_OURS = ("AWS_", "MOTO_", "PYTEST_", "PYTHON")

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

    def install(self, *requirements: str) -> None:
        """Make the environment, unless it was made with the same Python for the same requirements before."""
        stamp = self.path / "made-for"
        key = fingerprint(*requirements)
        if stamp.exists() and stamp.read_text() == key:
            return
        run(f"{self.name} made", [sys.executable, "-m", "venv", "--clear", str(self.path)], quiet=True)
        self.pip("upgraded", "install", "--upgrade", "pip>=25.1")  # the first that knows --group
        self.pip("installed", "install", *requirements)
        stamp.write_text(key)

    def pip(self, job: str, command: str, *arguments: str) -> None:
        flags = ("--quiet", "--disable-pip-version-check", "--no-input")
        run(f"{self.name} {job}", [self.python, "-m", "pip", command, *flags, *arguments])


check = Environment(".venv-check")
oldest_moto = Environment(".venv-check-oldest-moto")
oldest_boto3 = Environment(".venv-check-oldest-boto3")
aws_cli = Environment(".venv-check-awscli")
installed = Environment(".venv-check-wheel")


def log_of(job: str) -> Path:
    return LOGS / f"{job.replace(' ', '-').lstrip('.')}.log"


def run(job: str, command: Sequence[str], quiet: bool = False, variables: dict[str, str] | None = None) -> Path:
    """Run a job in the checkout; its output goes to the log file that is returned.

    :param quiet: say nothing if it goes well.
    :param variables: for the environment of the process.
    :raises Failed: the process has not ended with 0.
    """
    log = log_of(job)
    began = time.monotonic()
    with log.open("wb") as output:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
        status = subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=environment | (variables or {}),
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


def fingerprint(*requirements: str) -> str:
    """Changes when an environment has to be made again."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob(".ci/*.txt"))]
    parts = [str(ROOT), sys.version, *requirements, *(path.read_text() for path in files)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make_check_and_wheel() -> None:
    """The wheel goes where a user would have it, with nothing but what it asks for, and pytest for its plugin."""
    check.install("-c", ".ci/newest.txt", "-e", ".[speed]", "--group", "dev", "--group", "docs", "hatchling")
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    check.pip("built the wheel", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(WHEELS), ".")
    (wheel,) = (str(path) for path in WHEELS.glob("*.whl"))
    installed.install("-c", ".ci/newest.txt", wheel, "pytest")
    # The version of the wheel is the same, what is in it may have changed since.
    installed.pip("has the wheel", "install", "--force-reinstall", "--no-deps", wheel)


def install_browser() -> None:
    """Chromium, as root on a Debian that has none. Without it a test is skipped: nothing fails here."""
    if all(map(shutil.which, BROWSER)):
        return
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        print("skipped chromium: it is not installed, and only root on Debian can install it here", flush=True)
        return
    log, began = LOGS / "chromium.log", time.monotonic()
    commands = (
        ["apt-get", "update"],
        ["apt-get", "install", "--yes", "--no-install-recommends", *BROWSER_PACKAGES],
    )
    with log.open("wb") as output, suppress(subprocess.TimeoutExpired):
        for command in commands:
            subprocess.run(
                command,
                check=False,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=BROWSER_LIMIT,
            )
    is_there = all(map(shutil.which, BROWSER))
    word = "ok      chromium installed" if is_there else f"skipped chromium: it cannot be installed, see {log}"
    print(f"{word}  ({time.monotonic() - began:.0f} s)", flush=True)


def make_oldest_and_aws_cli() -> None:
    install_browser()
    oldest_moto.install("-c", ".ci/oldest-moto.txt", "-e", ".", "--group", "test")
    oldest_boto3.install("-c", ".ci/oldest-boto3.txt", "-e", ".", "--group", "test")
    aws_cli.install("awscli")


def check_lint_types_and_docs() -> None:
    python = [check.python, "-m"]
    jobs = {
        "ruff check": [*python, "ruff", "check", "--quiet", "."],
        "ruff format": [*python, "ruff", "format", "--check", "--quiet", "."],
        "mypy": [*python, "mypy"],
        "docs": [*python, "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build"],
    }
    for job, command in jobs.items():
        with suppress(Failed):  # so that the others are run too
            run(job, command)


def test_rules() -> None:
    """The rules of the service, and the page that says which of them have tests."""
    python = [check.python, "-m"]
    record = ["-p", "tests.refusal_record", "--refusals", REFUSALS]
    run(TESTS[0], [*python, *PYTEST, *record, *RULES])
    run("coverage page", [*python, "tests.coverage_page", "--check", "--refusals", REFUSALS])


def test_the_rest() -> None:
    variables = {AWS_CLI_VARIABLE: str(aws_cli.tool("aws")), INSTALLED_VARIABLE: installed.python}
    others = [f"--ignore={folder}" for folder in RULES]
    run(TESTS[1], [check.python, "-m", *PYTEST, *others], variables=variables)


def test_oldest_moto() -> None:
    """The files of arguments leave out what the old version says nothing about, or can't know."""
    run("tests with the oldest moto", [oldest_moto.python, "-m", *PYTEST, "@.ci/oldest-moto.args"])


def test_oldest_boto3() -> None:
    run("tests with the oldest moto and boto3", [oldest_boto3.python, "-m", *PYTEST, "@.ci/oldest-boto3.args"])


def attempt(job: Callable[[], object]) -> None:
    with suppress(Failed):  # reported where it happened
        job()


def all_of(*jobs: Callable[[], None]) -> None:
    """Two at a time: most jobs use one processor, and two is what small machines have."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(attempt, jobs))


def main() -> int:
    WHEELS.mkdir(parents=True, exist_ok=True)
    all_of(make_check_and_wheel, make_oldest_and_aws_cli)
    if not failures:
        all_of(test_rules, test_the_rest, test_oldest_moto, check_lint_types_and_docs, test_oldest_boto3)
        for job in TESTS:
            if job not in failures:
                print(log_of(job).read_text(errors="replace"), end="")
    if failures:
        print(f"FAILED: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
