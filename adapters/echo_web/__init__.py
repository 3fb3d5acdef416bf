"""A page in the browser and a REST interface, by FastAPI: all plans of all adapters, and plans of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from echo_core.adapter import Adapter, Check, Plugin
from echo_web.config import NAME, WebSettings

__all__ = ["PLUGIN", "WebSettings"]


LIBRARIES = ("fastapi", "uvicorn", "jinja2", "nh3", "markdown_it")


def _build(settings: WebSettings) -> Adapter:
    from echo_web.adapter import WebAdapter  # noqa: PLC0415 - the libraries only where they are used

    for library in LIBRARIES:
        if find_spec(library) is None:
            raise ModuleNotFoundError(name=library)
    return WebAdapter(settings)


async def _probe(settings: WebSettings) -> Sequence[Check]:
    from echo_web.probe import probe  # noqa: PLC0415 - the libraries only where they are used

    return await probe(settings)


PLUGIN = Plugin(name=NAME, settings=WebSettings, build=_build, probe=_probe, extra="web")
