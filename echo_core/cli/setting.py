"""What commands start from: the configuration, the adapters, the log, and where output goes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import structlog
from rich.console import Console

from echo_core import log
from echo_core.config import Settings, load_settings, unknown_variables
from echo_core.registry import Registry

CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def prepare(*, log_to: TextIO | None = None, **values: Any) -> tuple[Settings, Registry]:  # noqa: ANN401 - any setting
    """Read the configuration and set up the log. Raises `ConfigError`.

    `values` win over what is configured. Names that look like a typing mistake and adapters that cannot be loaded are
    logged as warnings.
    """
    registry = Registry()
    settings = load_settings(registry.sections(), **values)
    log.configure(
        settings.log.format, settings.log.level, secrets=(*settings.secrets, *credentials(os.environ)), stream=log_to
    )
    logger = structlog.get_logger(__name__)
    for name in unknown_variables(registry.sections(), os.environ):
        logger.warning("unknown_variable", name=name, effect="none; is it a typing mistake?")
    for problem in registry.problems.values():
        logger.warning("adapter_unavailable", adapter=problem.adapter, reason=problem.reason)
    return settings, registry


def credentials(environ: Mapping[str, str]) -> Iterator[str]:
    """Give the values in an environment by which the agent signs in, so that they stay out of the log."""
    return (environ[name] for name in CREDENTIALS if environ.get(name))


def output() -> Console:
    """Give the console that answers are printed to."""
    return Console(highlight=False, markup=False, emoji=False)


def print_json(value: object) -> None:
    """Print a value as JSON; times and paths become strings."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
