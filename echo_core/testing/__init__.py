"""Suites that any adapter or journal author can run."""
