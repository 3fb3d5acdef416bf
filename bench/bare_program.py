"""A bare program in a process of its own: a connected client whose first text goes into a chat at once.

`python -m bench.bare_program telegram|discord`. Its settings come as one line of JSON on standard input, then a prompt
a line; it answers each of them, and its readiness, with one line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import discord
from claude_agent_sdk import ClaudeSDKClient, StreamEvent
from discord.http import Route
from telegram import Bot

from bench.bare import Told, options

Settings = dict[str, Any]
Open = Callable[[Settings], AbstractAsyncContextManager[Told]]


@asynccontextmanager
async def on_telegram(given: Settings) -> AsyncIterator[Told]:
    """Send by python-telegram-bot."""
    url, chat = given["url"], int(given["chat"])
    async with Bot(given["token"], base_url=f"{url}/bot", base_file_url=f"{url}/file/bot") as bot:

        async def told(text: str) -> None:
            await bot.send_message(chat, text)

        yield told


@asynccontextmanager
async def on_discord(given: Settings) -> AsyncIterator[Told]:
    """Send by discord.py, signed in for requests alone."""
    Route.BASE = given["url"]
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(given["token"])
        channel = client.get_partial_messageable(int(given["chat"]))

        async def told(text: str) -> None:
            await channel.send(text)

        yield told


PLATFORMS: dict[str, Open] = {"telegram": on_telegram, "discord": on_discord}


async def main(platform: str) -> None:
    """Do what the lines say, until there are no more."""
    given: Settings = json.loads(await asyncio.to_thread(sys.stdin.readline))
    async with PLATFORMS[platform](given) as told, ClaudeSDKClient(options(Path(given["cwd"]), given["env"])) as client:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while prompt := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await turn(client, prompt, told)
            sys.stdout.write("done\n")
            sys.stdout.flush()


async def turn(client: ClaudeSDKClient, prompt: str, told: Told) -> None:
    """Say something, and tell the first text."""
    is_first = True
    await client.query(prompt)
    async for message in client.receive_response():
        if is_first and isinstance(message, StreamEvent) and (text := first_text(message)):
            await told(text)
            is_first = False


def first_text(message: StreamEvent) -> str:
    """Give the text that a piece of the stream holds."""
    delta = message.event.get("delta") or {}
    return str(delta.get("text", "")) if delta.get("type") == "text_delta" else ""


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
