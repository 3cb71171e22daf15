"""``python -m benchmarks``: measures everything and prints the table. Exit status 1 if a target is missed."""

from __future__ import annotations

import sys

from . import calls, growth, pages, schedules, whole_tests


def main() -> int:
    figures = []
    for module in (calls, whole_tests, growth, schedules, pages):
        for figure in module.figures():
            print(figure, flush=True)
            figures.append(figure)
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
