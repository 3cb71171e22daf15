"""Benchmarks: every figure a ratio of two things measured in one run, or a size; see ``python -m benchmarks``."""
