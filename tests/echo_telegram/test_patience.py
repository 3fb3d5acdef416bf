from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter

from echo_core.errors import AdapterError, JournalError
from echo_telegram.client import make_bot
from echo_telegram.config import TelegramSettings
from echo_telegram.patience import Patience, Pauses

TOKEN = "123:abcdef"


@pytest.fixture
def patience() -> Patience:
    """Give patience that does not take long."""
    return Patience(make_bot(TelegramSettings.model_validate({"token": TOKEN})), Pauses(first=0.0, most=0.0))


def test_pauses_grow_to_their_most() -> None:
    """Each is twice the one before, up to the most, however many tries there were."""
    pauses = Pauses(first=0.5, most=30)
    assert [pauses.before(attempt) for attempt in (0, 1, 2, 5, 6, 7, 10**6)] == [0.5, 1, 2, 16, 30, 30, 30]


async def test_each_trouble_is_said_once(patience: Patience) -> None:
    """A line when trouble begins, a line when it turns into another, one when it is over, and none without trouble."""
    with capture_logs() as log:
        patience.over()
        await patience.wait(NetworkError(f"no way to /bot{TOKEN}/getMe"))
        await patience.wait(NetworkError("still none"))
        await patience.wait(Conflict("terminated by other getUpdates request"))
        assert patience.has_rival
        await patience.wait(JournalError(doing="accepting", reason="No space left on device"))
        await patience.wait(ValueError("somebody's words"))
        patience.over()
        patience.over()
    assert [line["event"] for line in log] == [
        "telegram_lost",
        "telegram_conflict",
        "message_not_kept",
        "telegram_not_understood",
        "telegram_works_again",
    ]
    assert TOKEN not in repr(log)
    assert "somebody's words" not in repr(log)
    assert "No space left on device" in log[2]["reason"]
    assert not patience.tried


async def test_telegrams_own_time_is_taken(patience: Patience) -> None:
    """When Telegram says how long to wait, that is said and kept to."""
    with capture_logs() as log:
        await patience.wait(RetryAfter(0))
    assert [line["event"] for line in log] == ["telegram_asks_to_wait"]


async def test_a_rejected_token_is_not_waited_out(patience: Patience) -> None:
    """The library's text holds the token; ours says what to do instead."""
    with pytest.raises(AdapterError, match="@BotFather") as caught:
        await patience.wait(InvalidToken(f"The token `{TOKEN}` was rejected"))
    assert TOKEN not in str(caught.value)
