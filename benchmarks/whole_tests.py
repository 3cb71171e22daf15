"""Whole tests, over the same test on a service that moto ships, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from .measure import ROOT, Figure, in_processes

IMPORT = """
import pytest
from time import perf_counter
start = perf_counter()
import mock_imagebuilder_pytest_plugin
print((perf_counter() - start) * 1000)
"""


def figures() -> list[Figure]:
    ours, moto, fixtures = in_processes(
        "benchmarks.one_test imagebuilder", "benchmarks.one_test codebuild", "benchmarks.fixture_test"
    )
    imports = [
        float(
            subprocess.run(
                [sys.executable, "-c", IMPORT], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout.split()[-1]
        )
        for _ in range(7)
    ]
    detail = f"{ours:.1f} ms over {moto:.1f} ms"
    return [
        Figure("one test over the same test on moto's codebuild", ours / moto, 0.2, detail=detail),
        # A twentieth of moto's, or 3 ms: on a fast machine moto itself needs less than 60.
        Figure("the same with the fixtures", fixtures / moto, max(0.05, 3 / moto), detail=f"{fixtures:.1f} ms"),
        Figure("importing the pytest plugin in a run that does not use it", median(imports), 5, "ms"),
    ]
