from __future__ import annotations

import pytest

from tests.echo_web.conftest import Served, until
from tests.echo_web.recording import KEY

VARYING = {"date", "set-cookie"}


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/", "/plans", "/plans/new", f"/plans/{KEY}", "/api/plans", "/static/app.css", "/nowhere", "/logout"],
)
async def test_head_has_the_header_of_get_and_no_content(served: Served, path: str) -> None:
    """A monitor that asks for the header alone gets just that; the connection serves the next request."""
    whole, header = await served.client.get(path), await served.client.head(path)
    assert (header.status_code, header.content) == (whole.status_code, b"")
    shown = [{name: value for name, value in each.headers.items() if name not in VARYING} for each in (whole, header)]
    assert shown[0] == shown[1]
    assert (await served.client.get("/healthz")).text == "ok"


async def test_the_header_of_a_stream_keeps_no_stream(served: Served) -> None:
    """Asking for a stream's header takes no place among those that listen."""
    header = await served.client.head(f"/plans/{KEY}/live")
    assert header.headers["content-type"].startswith("text/event-stream")
    await until(lambda: not served.desk.watched)
    assert (await served.client.get("/healthz")).text == "ok"
