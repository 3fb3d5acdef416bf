from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from echo_telegram.adapter import TelegramAdapter
from tests.echo_telegram.recording import RecordingCore, serving
from tests.loopback.telegram import Person, Place, TelegramServer


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Give a loopback Bot API; at the end no request may have broken its published description."""
    async with TelegramServer() as running:
        yield running
        assert running.violations == []


@pytest.fixture
def ada(server: TelegramServer) -> Person:
    """Give somebody to talk with the bot."""
    return server.person("Ada", username="ada")


@pytest.fixture
def chat(server: TelegramServer, ada: Person) -> Place:
    """Give Ada's private chat with the bot."""
    return server.private(ada)


@pytest.fixture
def core() -> RecordingCore:
    """Give a core that accepts everything and writes it down."""
    return RecordingCore()


@pytest.fixture
async def adapter(server: TelegramServer, core: RecordingCore, ada: Person) -> AsyncIterator[TelegramAdapter]:
    """Give a connected adapter that serves Ada."""
    async with serving(server, core, allowed_users=[ada.id]) as running:
        yield running


@pytest.fixture
def heard(adapter: TelegramAdapter, core: RecordingCore) -> RecordingCore:  # noqa: ARG001 - it runs meanwhile
    """Give the core that a connected adapter serves."""
    return core
