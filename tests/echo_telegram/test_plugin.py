from __future__ import annotations

import subprocess
import sys

from echo_telegram import PLUGIN, TelegramSettings
from echo_telegram.adapter import TelegramAdapter


def test_the_plugin_builds_the_adapter() -> None:
    """What the entry point names knows its settings, its extra, and how to make an adapter."""
    assert (PLUGIN.name, PLUGIN.settings, PLUGIN.extra) == ("telegram", TelegramSettings, "telegram")
    assert isinstance(PLUGIN.build(TelegramSettings()), TelegramAdapter)


def test_the_library_is_loaded_only_when_it_is_used() -> None:
    """Reading the settings of an adapter that is not used costs nothing and needs no library."""
    code = "import sys, echo_telegram; sys.exit(bool({'telegram', 'telegramify_markdown', 'httpx'} & set(sys.modules)))"
    path = [entry for entry in sys.path if entry]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"], check=False, timeout=60
    )
    assert done.returncode == 0
