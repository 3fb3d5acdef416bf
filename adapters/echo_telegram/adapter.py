"""Telegram: updates in, messages out, by one bot."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import structlog
from telegram import Bot, BotCommand, CallbackQuery, Message, Update, User
from telegram.error import BadRequest, TelegramError

from echo_core.adapter import Core
from echo_core.errors import AdapterError, ChannelError
from echo_core.messages import Author, Command, Inbound
from echo_core.texts import LANGUAGES, speaking
from echo_core.written import Written
from echo_telegram.channel import TelegramChannel
from echo_telegram.client import make_bot, told
from echo_telegram.config import NAME, TelegramSettings
from echo_telegram.inbound import read
from echo_telegram.keyboard import read_toggle
from echo_telegram.patience import Patience, Pauses
from echo_telegram.presses import Presses
from echo_telegram.updates import Updates

Menu = tuple[tuple[str, str], ...]

log = structlog.get_logger(__name__)

GREETING = "start"  # what the apps send by themselves when somebody opens the bot for the first time


class TelegramAdapter:
    """See `echo_core.adapter.Adapter`. `pauses` is how long to wait between tries while Telegram cannot be reached."""

    def __init__(self, settings: TelegramSettings, *, pauses: Pauses | None = None) -> None:
        self._settings = settings
        self._pauses = pauses or Pauses()
        self._bot: Bot | None = None
        self.written = Written()

    def channel(self, channel_id: str) -> TelegramChannel:
        """Give the outgoing side of a chat or topic, connected or not."""
        return TelegramChannel(channel_id, lambda: self._bot, self.written)

    def serves(self, query: CallbackQuery) -> bool:
        """Whether the presser may use the bot. Only marks on a keyboard hang on it: the core decides about answers."""
        chat = query.message.chat.id if query.message else 0
        return self._settings.allows(Author(str(query.from_user.id), query.from_user.full_name), str(chat))

    async def run(self, core: Core) -> None:
        """Serve until cancelled. Raises `AdapterError` for a token that Telegram rejects."""
        if self._settings.token is None:
            raise AdapterError(adapter=NAME, reason="ECHO_TELEGRAM__TOKEN is not set; @BotFather gives one.")
        bot = make_bot(self._settings)
        rejected: AdapterError | None = None
        try:
            await self._connect(bot, core)
            self._bot = bot
            async with asyncio.TaskGroup() as tasks:
                intake = Intake(bot, core, self, tasks)
                try:
                    await Updates(bot, intake.take, self._pauses).run()
                except AdapterError as error:
                    rejected = error
        finally:
            self._bot = None
            await bot.shutdown()
        raise rejected

    async def _connect(self, bot: Bot, core: Core) -> None:
        """Sign in and set the menu, however long that takes."""
        patience = Patience(bot, self._pauses)
        while True:
            try:
                await bot.initialize()
                await bot.delete_webhook()  # one left by another program would get the messages
                await _set_menu(bot, core)
            except TelegramError as error:
                await patience.wait(error)
            else:
                patience.over()
                log.info("telegram_connected", bot=bot.bot.username)
                return


class Intake:
    """Takes updates to the core. What a person gets back at once is sent by tasks, so that it holds up no update."""

    def __init__(self, bot: Bot, core: Core, adapter: TelegramAdapter, tasks: asyncio.TaskGroup) -> None:
        self._bot = bot
        self._core = core
        self._adapter = adapter
        self._tasks = tasks
        self._presses = Presses(bot, adapter.written)

    async def take(self, update: Update) -> None:
        """Give an update to the core. When this returns, it is durable. Raises what `Core.receive` raises."""
        query = update.callback_query
        if query is not None and (press := read_toggle(query.data or "")) is not None:
            if self._adapter.serves(query):
                self._soon(self._presses.toggle(query, press), query.from_user)
            return
        inbound = read(update, self._bot.bot)
        if inbound is None:
            return
        receipt = await self._core.receive(self._known(inbound))
        message = update.message or update.edited_message
        if query is not None:
            channel = self._adapter.channel(inbound.key.channel_id)
            self._soon(self._presses.acknowledge(query, receipt, channel), query.from_user)
        elif receipt.notice and message is not None:
            self._soon(self._tell(inbound.key.channel_id, message, receipt.notice), message.from_user)

    def _known(self, inbound: Inbound) -> Inbound:
        """Read the greeting of the apps as a wish for help, unless the core has a command of that name."""
        is_greeting = isinstance(inbound.body, Command) and inbound.body.name == GREETING
        if not is_greeting or any(command.name == GREETING for command in self._core.commands):
            return inbound
        return replace(inbound, body=Command("help"))

    async def _tell(self, channel_id: str, message: Message, notice: str) -> None:
        try:
            await self._adapter.channel(channel_id).answer(message.message_id, notice)
        except ChannelError as error:
            log.warning("notice_not_sent", channel=error.key, reason=error.reason)

    def _soon(self, work: Coroutine[Any, Any, None], person: User | None) -> None:
        """Do something for a person, in their language, without waiting for it."""
        with speaking(person.language_code or "" if person else ""):
            self._tasks.create_task(_guarded(work))  # it takes the language along


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # a task's outer edge: a mistake in showing must not end the adapter
        log.exception("answer_failed")


async def _set_menu(bot: Bot, core: Core) -> None:
    """Set the menu for everybody, and again for those whose language has other words for it."""
    usual = _menu(core)
    menus: dict[str, Menu] = {"": usual}
    for language in LANGUAGES:
        with speaking(language):
            menus |= {language: _menu(core)} if _menu(core) != usual else {}
    try:
        for code, menu in menus.items():
            await bot.set_my_commands([BotCommand(*line) for line in menu], language_code=code or None)
    except BadRequest as error:
        log.warning("menu_refused", reason=told(error, bot))


def _menu(core: Core) -> Menu:
    return tuple((command.name, command.description) for command in core.commands)
