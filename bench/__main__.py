"""`make bench`: measure what stands in this folder."""

from __future__ import annotations

from bench import journal

if __name__ == "__main__":
    journal.main()
