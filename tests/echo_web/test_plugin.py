from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from echo_core.errors import ChannelUnavailableError
from echo_core.intents import Notice
from echo_web import PLUGIN, WebSettings
from echo_web.adapter import WebAdapter
from tests.echo_web.conftest import serving


def test_the_settings_need_no_library() -> None:
    """Reading the configuration imports neither FastAPI nor uvicorn."""
    line = (
        "import sys, echo_web; sys.exit(any(name in sys.modules for name in ('fastapi', 'uvicorn', 'jinja2', 'nh3')))"
    )
    folders = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "adapters")]
    code = f"import sys; sys.path[:0] = {folders!r}; {line}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_it_runs_by_default_and_lets_the_person_in() -> None:
    """Without any setting it is configured, on loopback, and lets in whoever the page lets in."""
    settings = WebSettings()
    assert settings.configured
    assert settings.open_to_anyone
    assert settings.host == "127.0.0.1"
    assert isinstance(PLUGIN.build(settings), WebAdapter)


async def test_a_channel_before_the_start_cannot_be_reached() -> None:
    """Nothing is lost that is sent before the page is served: it is tried again."""
    channel = WebAdapter(WebSettings()).channel("k3v9x0q2m7ab")
    with pytest.raises(ChannelUnavailableError):
        await channel.post(Notice("hello"), dedup="1")


async def test_it_can_be_run_again(tmp_path: Path) -> None:
    """After its end the same port can be taken at once."""
    async with serving(tmp_path) as first:
        port = int(first.url.rpartition(":")[2])
    async with serving(tmp_path) as second:
        assert (await second.client.get("/healthz")).text == "ok"
    assert port


async def test_the_probe_looks_at_the_port() -> None:
    """The doctor says who can reach the page, and when the port is taken."""
    assert PLUGIN.probe is not None
    (free,) = await PLUGIN.probe(WebSettings(port=0))
    assert free.ok
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (busy,) = await PLUGIN.probe(WebSettings(port=taken.getsockname()[1]))
    assert not busy.ok
    assert "ECHO_WEB__PORT" in busy.remedy
