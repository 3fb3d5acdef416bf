"""The log: one line for each thing that happened, to standard error, for people on a terminal and as JSON elsewhere.

Modules log with `structlog.get_logger()`; the libraries' own `logging` records take the same way. The secrets that
`configure` is given never appear in a line, wherever they came in: event, field, exception or address.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Style = Literal["auto", "human", "json"]
Level = Literal["debug", "info", "warning", "error"]

MASK = "***"
SHORTEST_SECRET = 8
QUIET = ("aiohttp.access", "claude_agent_sdk", "hpack", "httpcore", "httpx", "markdown_it", "mcp")


class Redactor:
    """Takes secrets out of a text, also as JSON, a Python literal or a part of an address would write them.

    A value under eight characters protects nothing and would tear words apart, so it is left alone.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _written(secret)}
        self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
        self._empty = not forms

    def __call__(self, text: str) -> str:
        """Give `text` with stars in the place of each secret."""
        return text if self._empty else self._pattern.sub(MASK, text)


def configure(style: Style, level: Level, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up all logging of the process; calling it again replaces the earlier set-up.

    `style` "auto" is "human" when `stream` (standard error by default) is a terminal, else "json". People see an
    exception as one line, and its traceback only at the level "debug"; JSON has the traceback as a field.
    """
    stream = stream or sys.stderr
    human = style == "human" or (style == "auto" and stream.isatty())
    shared = _shared(human=human, short=level != "debug")
    renderer = _people(stream) if human else structlog.processors.JSONRenderer(default=str)
    redact = Redactor(secrets)

    def redacted(_logger: WrappedLogger, _method: str, line: Any) -> str:  # noqa: ANN401 - what a renderer returned
        return redact(str(line))

    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, redacted],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _install(handler, level.upper())


def one_line(error: BaseException) -> str:
    """Say an exception in one line: its type and text; of a group, those of its members."""
    return "; ".join(" ".join(f"{type(leaf).__name__}: {leaf}".split()) for leaf in leaves(error))


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the exceptions that a group is made of; of any other exception, itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be found again among other handlers of the root logger."""


def _install(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _shared(*, human: bool, short: bool) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
        structlog.processors.StackInfoRenderer(),
        _short_exception if human and short else structlog.processors.format_exc_info,
    ]


def _people(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty() and not os.environ.get("NO_COLOR"),
        exception_formatter=structlog.dev.plain_traceback,
        pad_event_to=0,
        sort_keys=False,
    )


def _short_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = _exception(event.pop("exc_info", None))
    if error is not None:
        event.setdefault("error", one_line(error))
    return event


def _exception(
    value: bool | BaseException | tuple[type[BaseException], BaseException, TracebackType] | None,
) -> BaseException | None:
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return value[1]
    return sys.exc_info()[1] if value else None


def _written(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
