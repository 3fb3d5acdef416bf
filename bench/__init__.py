"""Measurements: `make bench`, or `python -m bench`. Each figure is a ratio of two things measured in turn."""
