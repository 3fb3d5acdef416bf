"""The HTML of the pictures: what a message says stands in it, styled, and nothing of it becomes markup."""

from __future__ import annotations

from tests.loopback.discord_model import GUILD_TEXT, Channel, Message, User
from tests.loopback.telegram_chat import Chat, Person, Posted
from tests.pictures import discord_html, styled_html, telegram_html


def test_entities_count_utf_16_units() -> None:
    """A style behind an emoji stands where it belongs; inside each other they are closed in order; `<` is escaped."""
    text = "\N{PARTY POPPER} bold <b>"
    outer = {"type": "bold", "offset": 3, "length": 8}
    inner = {"type": "italic", "offset": 3, "length": 4}
    unknown = {"type": "hashtag", "offset": 0, "length": 2}
    shown = styled_html(text, [inner, outer, unknown])
    assert shown == "\N{PARTY POPPER} <b><i>bold</i> &lt;b&gt;</b>"


def test_a_telegram_chat() -> None:
    """Text, buttons and who wrote it are there; what was deleted is not."""
    chat = Chat(id=1, kind="private", title="Ada")
    bot, ada = Person(id=2, name="Echo", is_bot=True), Person(id=1, name="Ada")
    keys = [[{"text": "Yes & no", "callback_data": "x"}]]
    said = Posted(id=2, chat=chat, sender=bot, text="A question", keyboard=keys)
    mine = Posted(id=3, chat=chat, sender=ada, text="mine", sign="\N{EYES}")
    gone = Posted(id=4, chat=chat, sender=bot, text="taken away", deleted=True)
    page = telegram_html([said, mine, gone])
    assert "A question" in page
    assert '<div class="r">\N{EYES}</div>' in page
    assert "<span>Yes &amp; no</span>" in page
    assert '<div class="m me">' in page
    assert "taken away" not in page


def test_a_discord_channel() -> None:
    """Markdown, components and the platform's small lines are drawn; markup in a message is text."""
    bot, alice = User(1, "echo", "Echo", bot=True), User(2, "alice", "Alice")
    channel = Channel(3, GUILD_TEXT, "planning")
    button = {"type": 2, "style": 3, "label": "Continue", "custom_id": "x"}
    components = [{"type": 17, "components": [{"type": 10, "content": "# Card"}, {"type": 1, "components": [button]}]}]
    card = Message(4, channel, bot, components=components)
    said = Message(5, channel, bot, "-# small\n**bold** <script>")
    mine = Message(6, channel, alice, "hello", reactions={"\N{EYES}": {1}})
    page = discord_html([card, said, mine])
    assert "<h1>Card</h1>" in page
    assert '<span class="s3">Continue</span>' in page
    assert "<small>small</small>" in page
    assert "<strong>bold</strong> &lt;script&gt;" in page
    assert '<div class="r">\N{EYES} 1</div>' in page
    assert "<em>APP</em>" in page
    assert '<div class="m me">' in page
