"""Pictures of what a channel shows, made from the messages of the loopback servers: `python -m tests.pictures`.

The daemon, its adapters and Claude Code are the real ones; the model is scripted. A headless Chromium draws the page.
"""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from echo_core.rehearsal.server import RehearsalServer
from tests.loopback.discord_model import BUTTON, SELECT, TEXT_DISPLAY
from tests.loopback.discord_model import Message as DiscordMessage
from tests.loopback.telegram_chat import Posted
from tests.stories.discord_person import DiscordPerson
from tests.stories.people import Somebody, somebody_on
from tests.stories.stage import INPUT, READY, Playbook, Stage, asks, says, writes
from tests.stories.telegram_person import TelegramPerson

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH = {"telegram": 430, "discord": 760}
THINKING = 0.8  # seconds before each piece of text: a model takes longer, and what is shown meanwhile comes by then

_MARKDOWN = MarkdownIt("commonmark", {"breaks": True, "html": False}).enable("strikethrough")
_TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre",
         "blockquote": "blockquote", "expandable_blockquote": "blockquote", "text_link": "a", "url": "a"}  # fmt: skip

_TELEGRAM_CSS = (Path(__file__).parent / "loopback" / "telegram.css").read_text(encoding="utf-8")
_DISCORD_CSS = (Path(__file__).parent / "loopback" / "discord.css").read_text(encoding="utf-8")


def telegram_html(messages: Sequence[Posted]) -> str:
    """Draw a Telegram chat as HTML."""
    return _page(_TELEGRAM_CSS, "".join(_telegram_message(message) for message in messages if not message.deleted))


def discord_html(messages: Sequence[DiscordMessage]) -> str:
    """Draw a Discord channel as HTML."""
    return _page(_DISCORD_CSS, "".join(_discord_message(message) for message in messages if not message.deleted))


def styled_html(text: str, entities: Sequence[dict[str, Any]]) -> str:
    """Give a text with its entities, which count UTF-16 units, as HTML."""
    raw = text.encode("utf-16-le")
    marks: list[tuple[int, int, int, str]] = []
    for entity in entities:
        tag, start, end = _TAGS.get(entity["type"]), entity["offset"], entity["offset"] + entity["length"]
        if tag:
            marks += [(start, 1, -entity["length"], f"<{tag}>"), (end, 0, entity["length"], f"</{tag}>")]
    out, at = [], 0
    for place, _, _, tag in sorted(marks):
        out += [html.escape(raw[at * 2 : place * 2].decode("utf-16-le")), tag]
        at = place
    return "".join((*out, html.escape(raw[at * 2 :].decode("utf-16-le"))))


def draw(page: str, target: Path, *, width: int) -> None:
    """Have Chromium draw a page as a PNG as high as its content. Raises `FileNotFoundError` without a Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise FileNotFoundError("chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a picture is drawn

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            tab = browser.new_page(viewport={"width": width, "height": 200}, device_scale_factor=1.5)
            tab.set_content(page)
            tab.screenshot(path=str(target), full_page=True)
        finally:
            browser.close()


async def pictured(platform: str, folder: Path) -> str:
    """Play a short story on a platform and give the channel as HTML."""
    async with AsyncExitStack() as stack:
        person = await somebody_on(platform, stack)
        model = await stack.enter_async_context(RehearsalServer(Playbook()))
        stage = Stage(person, model, folder)
        stack.push_async_callback(stage.close)
        model.script = _script(stage)
        await _story(stage, person)
        shown = _shown(person)
        await stage.stop()
        return shown


def _script(stage: Stage) -> Playbook:
    there = stage.workspace()
    question = asks(
        "Who should be able to use the first version?",
        ("Only us two (recommended)", "Ready in days; sharing with others must wait."),
        ("Anyone with a link", "Easy to show around; needs limits against misuse at once."),
    )
    return Playbook(
        office_hours=[
            says("A shared list lives or dies by who may see it: that comes first.", question, delay=THINKING),
            says("I write it down.", writes(there / "office-hours.md", "# Office hours\n\nOnly the two of you.\n")),
            says(
                "Only you two, then. What the first version is:\n\n- **one list**, always open\n- a tap ticks an item "
                "off, and the other sees it at once\n- no accounts: a link you both keep\n\n| Piece | Days |\n"
                f"|---|---|\n| List | 2 |\n| Live sync | 3 |\n\nThe document has the details.\n\n{READY}"
            ),
        ],
        plan_ceo_review=[says(f"Before I look at the scope: what would make you stop using it?\n\n{INPUT}")],
    )


async def _story(stage: Stage, person: Somebody) -> None:
    await stage.start()
    person.command("/plan todo-app A todo list for two")
    await person.is_offered("Only us two")
    person.choose("Only us two")
    await person.is_offered("Continue to CEO review")
    await stage.plan()
    await asyncio.sleep(4)  # the card follows at its own pace


def _shown(person: Somebody) -> str:
    if isinstance(person, TelegramPerson):
        return telegram_html(list(person.place._all()))
    assert isinstance(person, DiscordPerson)
    return discord_html(list(person.place.everything))


def _page(css: str, body: str) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{css}</style><body>{body}</body>"


def _telegram_message(message: Posted) -> str:
    own = "" if message.by_bot else " me"
    file = "".join(f'<div class="f"><i>▤</i><b>{html.escape(name)}</b></div>' for name in message.files)
    rows = "".join(
        "<div>" + "".join(f"<span>{html.escape(str(key['text']))}</span>" for key in row) + "</div>"
        for row in message.keyboard
    )
    keys = f'<div class="k">{rows}</div>' if rows else ""
    sign = f'<div class="r">{message.sign}</div>' if message.sign else ""
    text = re.sub(r"\n*(</?pre>)\n*", r"\1", styled_html(message.text, message.entities))
    return f'<div class="m{own}">{file}{text}{sign}</div>{keys}'


def _discord_message(message: DiscordMessage) -> str:
    own = "" if message.author.bot else " me"
    tag = "<em>APP</em>" if message.author.bot else ""
    parts = [f'<div class="t">{_discord_text(message.content)}</div>' if message.content else ""]
    parts += [_component(part) for part in message.components]
    parts += [f'<div class="f">▤ {html.escape(item.filename)}</div>' for item in message.attachments]
    parts += [f'<div class="r">{emoji} {len(people)}</div>' for emoji, people in message.reactions.items()]
    name = html.escape(message.author.name)
    return (
        f'<div class="m{own}"><div class="a">{name[:1].upper()}</div><div><div class="n">{name}{tag}</div>'
        f"{''.join(parts)}</div></div>"
    )


def _component(part: dict[str, Any]) -> str:
    children = "".join(_component(child) for child in part.get("components", []))
    match part["type"]:
        case kind if kind == TEXT_DISPLAY:
            return f'<div class="t">{_discord_text(part["content"])}</div>'
        case kind if kind == BUTTON:
            return f'<span class="s{part.get("style", 2)}">{html.escape(part.get("label", ""))}</span>'
        case kind if kind == SELECT:
            return f'<div class="o">{html.escape(part.get("placeholder", ""))} ▾</div>'
        case 17:
            return f'<div class="c">{children}</div>'
        case 1:
            return f'<div class="k">{children}</div>'
    return children


def _discord_text(text: str) -> str:
    return "".join(_paragraphs(text))


def _paragraphs(text: str) -> Iterator[str]:
    """Give Discord's dialect as HTML; its small lines are not Markdown."""
    block: list[str] = []
    for line in (*text.split("\n"), "-# "):
        if not line.startswith("-# "):
            block.append(line)
            continue
        yield _MARKDOWN.render("\n".join(block))
        block = []
        if line != "-# ":
            yield f"<small>{_MARKDOWN.renderInline(line.removeprefix('-# '))}</small>"


def main() -> None:
    """Draw both platforms into `docs/images`."""
    FOLDER.mkdir(exist_ok=True)
    for platform, width in WIDTH.items():
        with tempfile.TemporaryDirectory() as folder:
            page = asyncio.run(pictured(platform, Path(folder)))
        draw(page, FOLDER / f"{platform}.png", width=width)
        print(FOLDER / f"{platform}.png")


if __name__ == "__main__":
    main()
