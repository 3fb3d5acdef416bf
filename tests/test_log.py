from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from echo_core import log

TOKEN = "123456:AAE-secret_token"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in log.QUIET}
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read what was written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_where_no_terminal_is() -> None:
    """Off a terminal each event is one JSON object with its fields, its level, its logger and a time in UTC."""
    stream = io.StringIO()
    log.configure("auto", "info", stream=stream)
    structlog.get_logger("echo_core.router").warning("refused", key="discord:1")
    [line] = lines(stream)
    assert line["event"] == "refused"
    assert line["key"] == "discord:1"
    assert line["level"] == "warning"
    assert line["logger"] == "echo_core.router"
    assert line["timestamp"].endswith("Z")


def test_words_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line is words, with colours unless NO_COLOR is set."""
    stream = Terminal()
    log.configure("auto", "info", stream=stream)
    structlog.get_logger("x").info("serving", adapters=["telegram"])
    assert "serving" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    log.configure("auto", "info", stream=plain)
    structlog.get_logger("x").info("serving")
    assert "\x1b[" not in plain.getvalue()
    assert stream.getvalue().count("serving") == 1  # a new set-up takes the place of the old


def test_libraries_take_the_same_way() -> None:
    """A record of a library's `logging` comes out like our own events."""
    stream = io.StringIO()
    log.configure("json", "info", stream=stream)
    logging.getLogger("some.library").info("Shard %s connected", 3)
    [line] = lines(stream)
    assert line["event"] == "Shard 3 connected"
    assert line["logger"] == "some.library"


@pytest.mark.parametrize("level", ["debug", "info"])
def test_http_clients_are_quiet(level: log.Level) -> None:
    """The lines that HTTP clients write for each request stay out, whatever the level; their warnings do not."""
    stream = io.StringIO()
    log.configure("json", level, stream=stream)
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("httpcore").debug("connect_tcp.started")
    logging.getLogger("httpx").warning("slow")
    assert [line["event"] for line in lines(stream)] == ["slow"]


def test_the_level_is_obeyed() -> None:
    """Below the level nothing is written."""
    stream = io.StringIO()
    log.configure("json", "warning", stream=stream)
    structlog.get_logger().info("no")
    structlog.get_logger().error("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


@pytest.mark.parametrize("style", ["human", "json"])
@pytest.mark.parametrize("level", ["debug", "info"])
def test_secrets_stay_out(style: log.Style, level: log.Level) -> None:
    """A secret is masked in the event, in fields of any kind, in addresses and in exceptions."""
    stream = io.StringIO()
    log.configure(style, level, secrets=[TOKEN], stream=stream)
    logger = structlog.get_logger("x")
    logger.info(f"token {TOKEN}", nested={"url": [f"https://api/bot{TOKEN}/getMe"]}, quoted=quote(TOKEN))
    error = ValueError(f"POST https://api/bot{quote(TOKEN, safe='')}/x")
    logger.error("failed", exc_info=error)
    logging.getLogger("library").error("bad %s", TOKEN, exc_info=error)
    text = stream.getvalue()
    assert "secret_token" not in text
    assert text.count(log.MASK) >= 5


def test_people_see_exceptions_as_one_line() -> None:
    """On a terminal an exception is its type and text; the traceback appears at the level debug only."""
    stream = io.StringIO()
    for level in ("info", "debug"):
        log.configure("human", level, stream=stream)
        error = ExceptionGroup("several", [ValueError("first\nproblem"), OSError("second")])
        structlog.get_logger("x").error("failed", key="discord:1", exc_info=error)
        if level == "info":
            assert "ValueError: first problem; OSError: second" in stream.getvalue()
            assert "ExceptionGroup" not in stream.getvalue()
            assert len(stream.getvalue().splitlines()) == 1
    assert "ExceptionGroup: several" in stream.getvalue()


def test_json_has_the_traceback_as_a_field() -> None:
    """In JSON an exception is still one line, with the traceback in a field of its own."""
    stream = io.StringIO()
    log.configure("json", "info", stream=stream)
    structlog.get_logger().error("failed", exc_info=ValueError("why"))
    [line] = lines(stream)
    assert "ValueError: why" in line["exception"]


def test_short_values_are_no_secrets() -> None:
    """A value that is too short to protect anything does not tear the words of the log apart."""
    assert log.Redactor(["token", ""])("the token is good") == "the token is good"


@given(st.text(min_size=8), st.text(), st.text())
def test_redaction_finds_every_form(secret: str, before: str, after: str) -> None:
    """Whatever a secret is made of, none of its written forms is left over in a line that holds it."""
    redact = log.Redactor([secret])
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert secret not in redact(before + form + after).replace(log.MASK, "\0")
