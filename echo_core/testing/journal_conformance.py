"""What every journal has to do, as tests that any journal's author can run.

    from echo_core.testing.journal_conformance import JournalConformance

    class TestMyJournal(JournalConformance):
        def journal(self, place): return MyJournal(place)

        @contextmanager
        def broken(self, place): ...  # a time in which nothing can be written to `place`

Closing a journal writes nothing that a caller waited for, so a journal that is closed in the middle of something and
opened again shows what a process that died would leave; a real `kill -9` is the author's to add.
"""

from __future__ import annotations

from echo_core.testing.journal_memory import MemorySuite
from echo_core.testing.journal_replies import ReplySuite
from echo_core.testing.journal_trouble import TroubleSuite
from echo_core.testing.journal_turns import TurnSuite
from echo_core.testing.journal_waiting import WaitingSuite


class JournalConformance(TurnSuite, WaitingSuite, MemorySuite, ReplySuite, TroubleSuite):
    """The tests. A subclass says how a journal is made, and how to break it."""
