"""People in one channel of a platform, the same for Discord and Telegram: what a story does and sees.

Ada (on Discord Alice) is the one who acts where nobody is named; `bo` is a second person, in private chats of no use.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from tests.loopback.discord_server import DiscordServer
from tests.loopback.telegram import TelegramServer
from tests.stories.discord_person import DiscordPerson
from tests.stories.telegram_person import TelegramPerson

Somebody = TelegramPerson | DiscordPerson


async def somebody_on(platform: str, stack: AsyncExitStack) -> Somebody:
    """Start a platform and give a person there; `platform` may name a kind of place, too: `telegram topic`."""
    name, _, where = platform.partition(" ")
    if name == "telegram":
        return TelegramPerson(await stack.enter_async_context(TelegramServer()), where or "private")
    return DiscordPerson(await stack.enter_async_context(DiscordServer()), where or "channel")
