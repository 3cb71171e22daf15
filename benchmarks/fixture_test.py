"""A program: the time of one unit test with the pytest fixtures, in milliseconds, set-up and teardown included."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .measure import ROOT

TESTS = 60
CONFTEST = """
from time import perf_counter
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    start = perf_counter()
    result = yield
    print(f"TOOK {(perf_counter() - start) * 1000:.4f}")
    return result
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(CONFTEST)
        for name, body in (("test_with.py", "imagebuilder_client"), ("test_without.py", "request")):
            use = "use(imagebuilder_client)" if body == "imagebuilder_client" else "pass"
            Path(folder, name).write_text(
                "import pytest\nfrom benchmarks.one_test import use\n\n\n"
                f'@pytest.mark.parametrize("number", range({TESTS}))\n'
                f"def test_one(number, {body}):\n    {use}\n"
            )
        medians = [_median_of(folder, name) for name in ("test_with.py", "test_without.py")]
    # What pytest itself needs for an empty test is not the fixtures' cost.
    print(medians[0] - medians[1])


def _median_of(folder: str, name: str) -> float:
    plugin = ["-p", "mock_imagebuilder_pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *plugin, str(Path(folder, name))]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=folder).stdout
    return median(float(value) for value in re.findall(r"TOOK ([0-9.]+)", output))


if __name__ == "__main__":
    main()
