from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from echo_core.adapter import Channel
from echo_core.desk import Waiting
from echo_core.intents import (
    AskPermission,
    AskQuestion,
    AskRecovery,
    Closed,
    Document,
    FileEntry,
    FileList,
    Intent,
    Option,
    PhaseReady,
    PlanCard,
    Reply,
    buttons,
)
from echo_core.messages import Action, Press, Pressed
from echo_core.testing.adapter_conformance import AdapterConformance, Harness, Seen
from echo_core.testing.harness import everything, send
from echo_core.texts import say, speaking
from echo_web.adapter import WebAdapter
from echo_web.channel import WebChannel
from tests.echo_web.conftest import CSRF, Served, serving, until
from tests.echo_web.recording import KEY

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, *, tag: str = "", css: str = "", name: str = "") -> list[Element]:
        """Give the elements inside, itself included, that have this tag, class and name."""
        found = [self] if self._is(tag, css, name) else []
        inner = [child for child in self.children if isinstance(child, Element)]
        return [*found, *(one for child in inner for one in child.all(tag=tag, css=css, name=name))]

    def text(self) -> str:
        """Give the text inside."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def _is(self, tag: str, css: str, name: str) -> bool:
        classes = self.attributes.get("class", "").split()
        return (
            (not tag or self.tag == tag)
            and (not css or css in classes)
            and (not name or self.attributes.get("id") == name)
        )


class Tree(HTMLParser):
    """Reads a page; a tag that closes nothing fails."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open = [Element("", {})]
        self.feed(html)
        assert len(self.open) == 1, [one.tag for one in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        assert self.open.pop().tag == tag, tag

    def handle_data(self, data: str) -> None:
        """Take in text."""
        self.open[-1].children.append(data)


class Mirror(WebChannel):
    """A channel whose replies and offers stand on the desk too, as those of the core do."""

    def __init__(self, inner: WebChannel, served: Served) -> None:
        self._inner = inner
        self._served = served

    def parts(self, intent: Intent) -> Sequence[Intent]:
        """See the inner channel."""
        return self._inner.parts(intent)

    async def fetch(self, *arguments: Any, **values: Any) -> None:
        """See the inner channel."""
        await self._inner.fetch(*arguments, **values)

    async def post(self, part: Intent, *, dedup: str) -> str:
        """Show a part, on the desk as well."""
        desk = self._served.desk
        match part:
            case Reply(markdown=text, note=note) | Document(text=text, note=note):
                desk.say("", text, tools=(note,) if note else ())
            case AskQuestion() | AskPermission() | AskRecovery() | PhaseReady():
                desk.change(offer=part)
            case FileList() | PlanCard() | Closed():
                pass
        return await self._inner.post(part, dedup=dedup)


class WebHarness(Harness):
    """Somebody who has a plan's page open, without JavaScript; the page is read again and again."""

    def __init__(self, served: Served) -> None:
        self.core = served.core
        self.channel_id = KEY.channel_id
        self.adapter = self  # type: ignore[assignment]
        self._served = served
        self._seen: list[Seen] = []
        self._refused: list[Seen] = []
        self._reading = asyncio.create_task(self._read())
        self.path = f"/plans/{KEY}"

    def channel(self, channel_id: str) -> Channel[Any]:
        """Give the adapter's channel, mirrored on the desk."""
        assert isinstance(self._served.adapter, WebAdapter)
        return Mirror(self._served.adapter.channel(channel_id), self._served)

    async def say(self, text: str) -> None:
        """Write in the composer."""
        await self._form("messages", text=text)

    async def command(self, name: str, argument: str) -> None:
        """Type a command into the composer."""
        await self._form("messages", text=f"/{name} {argument}")

    async def attach(self, text: str, files: Mapping[str, bytes]) -> None:
        """Attach files in the composer."""
        await self._form("messages", uploads=files, text=text)

    async def choose(self, *labels: str) -> None:
        """Fill in the form of what stands open."""
        await self._chosen(labels, "")

    async def answer(self, label: str, text: str) -> None:
        """Give an answer in own words."""
        await self._chosen((label,), text)

    def seen(self) -> Sequence[Seen]:
        """Give what was last read, and what was refused before."""
        return [*self._refused, *self._seen]

    async def end(self, *, seconds: float) -> None:
        """Cancel the adapter."""
        self._served.running.cancel()
        async with asyncio.timeout(seconds):
            with suppress(asyncio.CancelledError):
                await self._served.running

    async def close(self) -> None:
        """Look no more."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def page(self) -> Element:
        """Read the page."""
        return Tree((await self._served.client.get(self.path)).text).open[0]

    async def _read(self) -> None:
        while not self._served.running.done():
            with suppress(httpx.HTTPError):
                self._seen = _messages(await self.page())
            await asyncio.sleep(0.02)

    async def _chosen(self, labels: Sequence[str], words: str) -> None:
        """Fill in the form of what stands open, and send it."""
        async with asyncio.timeout(5):
            while not (form := await self._offer(labels)):  # noqa: ASYNC110 - a person who looks
                await asyncio.sleep(0.02)
        named = {_label(one): one.all(tag="input")[0] for one in form.all(css="option")}
        pressed = [one for one in form.all(tag="button") if one.text().strip() in labels]
        fields: dict[str, Any] = {
            one.attributes["name"]: one.attributes["value"]
            for one in form.all(tag="input")
            if one.attributes.get("type") == "hidden"
        }
        if pressed:
            fields["press"] = pressed[0].attributes["value"]
        else:
            fields |= {"choice": [named[label].attributes["value"] for label in labels], "other": words}
        answer = await self._served.client.post(form.attributes["action"], data=fields)
        self._answered(answer)
        receipt = self.core.answer(self.core.received[-1])
        if receipt.accepted and not receipt.keep:
            self._served.desk.change(offer=None, unanswered=(Waiting("you", receipt.label, running=True),))

    async def _offer(self, labels: Sequence[str]) -> Element | None:
        forms = (await self.page()).all(tag="form", css="offer")
        offered = [form for form in forms if all(label in form.text() for label in labels)]
        return offered[0] if offered else None

    async def _form(self, what: str, *, uploads: Mapping[str, bytes] | None = None, **fields: str) -> None:
        token = CSRF.search((await self._served.client.get(self.path)).text)
        assert token
        files = [("files", (name, content)) for name, content in (uploads or {}).items()]
        answer = await self._served.client.post(
            f"{self.path}/{what}", data={"csrf": token[1], **fields}, files=files or None
        )
        self._answered(answer)

    def _answered(self, answer: httpx.Response) -> None:
        """Go on to the page; one that is shown instead says why something was refused."""
        assert answer.status_code in {303, 409}, answer.text
        if answer.status_code == 409:
            (problem,) = Tree(answer.text).open[0].all(name="problem")
            self._refused.append(Seen(problem.text()))


def _label(option: Element) -> str:
    return option.all(css="label")[0].text().strip()


def _messages(page: Element) -> list[Seen]:
    """Give what a person reads: what was said, what was said in passing, and what stands open."""
    regions = [*page.all(name="turns"), *page.all(name="waiting")]
    turns = [one for region in regions for one in region.all(tag="article")]
    seen = [Seen(" ".join([*_texts(one, "tools"), *_texts(one, "md")])) for one in turns]
    for notice in page.all(css="notice"):
        files = tuple(one.text().strip() for one in notice.all(tag="li"))
        links = tuple(one.text().strip() for one in notice.all(tag="a"))
        seen.append(Seen(" ".join(_texts(notice, "md")), links, files))
    for form in page.all(tag="form", css="offer"):
        options = tuple(
            f"{_label(one)} {'★' if one.all(css='badge') else ''}".strip() for one in form.all(css="option")
        )
        pressed = tuple(one.text().strip() for one in form.all(tag="button"))
        seen.append(Seen(form.text(), options or pressed))
    return seen


def _texts(element: Element, css: str) -> list[str]:
    inner = [one for found in element.all(css=css) for one in (found.all(tag="li") if css == "tools" else [found])]
    return [one.text() for one in inner]


class TestWeb(AdapterConformance):
    """The suite, through the page's own forms."""

    @pytest.fixture
    async def harness(self, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WebHarness]:
        """Give a plan's page that is open."""
        async with serving(tmp_path_factory.mktemp("web")) as served:
            served.desk.put()
            served.client.headers["Accept-Language"] = "en"
            await served.client.get("/plans")
            harness = WebHarness(served)
            harness.language = "en"
            yield harness
            await harness.close()

    async def test_a_list_of_files_stays(self, harness: Harness) -> None:
        """Each file of a list is a link that fetches it: a page needs no press for that."""
        files = FileList(
            "Two files.", (FileEntry("plan.md", 1200, "file0001"), FileEntry("notes/a.md", 80, "file0002"))
        )
        await send(harness, files)
        await until(lambda: any(seen.choices == ("plan.md", "notes/a.md") for seen in harness.seen()))

    async def test_a_recommended_option_is_marked(self, harness: Harness) -> None:
        """What is recommended is marked, and can be chosen like any other option; only what is open now is shown."""
        marked = (Option("Fast", "in a week"), Option("Safe", "in a month", recommended=True))
        await send(harness, AskQuestion("Which?", "Pace", marked, "tok12345"))
        await until(lambda: any(seen.choices[:2] == ("Fast", "Safe ★") for seen in harness.seen()))
        await harness.choose("Safe")
        inbound = await harness.core.next(1)
        assert inbound.body == Pressed(Press(Action.ANSWER, "tok12345", 0, 0b10).encode())

    async def test_the_words_are_those_of_the_language(self, harness: Harness) -> None:
        """What the page itself says is in the language of the browser."""
        assert isinstance(harness, WebHarness)
        intent = AskPermission("Comanda: `ls`", "comanda `ls`", "tok12345")
        await send(harness, intent)
        harness._served.client.headers["Accept-Language"] = "ro"
        with speaking("ro"):
            labels = {say("button-allow-once"), say("button-allow-for-plan"), say("button-deny")}
        await until(lambda: labels <= {choice for seen in harness.seen() for choice in seen.choices})
        assert not any(button.label in everything(harness) for button in buttons(intent))
