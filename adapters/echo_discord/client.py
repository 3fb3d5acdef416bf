"""The library's client: where it connects, which events it takes, and how it hands them to the core."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from echo_core.adapter import CommandSpec, Core, Parameter
from echo_core.errors import ChannelError, JournalError
from echo_core.messages import Inbound, Receipt
from echo_discord.callbacks import Callbacks
from echo_discord.catchup import CatchUp
from echo_discord.components import Component
from echo_discord.config import DiscordSettings
from echo_discord.inbound import read_command, read_message, read_press, read_typing
from echo_discord.inbox import Inbox
from echo_discord.interactions import acknowledge, finish_command, finish_press
from echo_discord.render import clip
from echo_discord.slash import Values, slash_command
from echo_discord.trouble import LIBRARY_ERRORS, reaching, told

COMPLETE_LIMIT = 2.5
TURN_LIMIT = 20.0

# The library sleeps through the waits that the platform asks for; from this on (the least it can be told) the caller
# hears of them instead.
LONGEST_LIBRARY_WAIT = 30.0

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds.

    `ready` is how long after a connection no further guild is expected, `identify` the pause that the platform wants
    before a session that could not be resumed is begun anew, `patience` how long the library may try to reconnect
    before a new client takes its place, `first_wait` and `longest_wait` the pause before that, `steady` how long a
    client has to live for the pauses to begin from the start, `close` the limit for ending.
    """

    ready: float = 2.0
    identify: float = 5.0
    patience: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    steady: float = 60.0
    close: float = 1.5


def aim(settings: DiscordSettings) -> None:
    """Say where the platform is. The library holds that for the whole process."""
    Route.BASE = settings.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


def quiet() -> None:
    """Keep the library's log to warnings in one line: it writes what people said, and tracebacks for a lost network."""
    logging.getLogger("discord").setLevel(logging.WARNING)
    for name in ("discord.client", "discord.gateway"):
        logger = logging.getLogger(name)
        if _without_traceback not in logger.filters:
            logger.addFilter(_without_traceback)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def _without_traceback(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith("Attempting a reconnect"):
        error = record.exc_info[1] if record.exc_info else None
        record.msg, record.levelno, record.levelname = f"{record.msg} (%s)", logging.WARNING, "WARNING"
        record.args = (*(record.args if isinstance(record.args, tuple) else ()), told(error) if error else "")
        record.exc_info = None
    return True


class EchoTree(app_commands.CommandTree["EchoClient"]):
    """The slash commands; acknowledges each before anything else."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Acknowledge a command; autocompletion is answered by its values."""
        return interaction.type is discord.InteractionType.autocomplete or await acknowledge(interaction)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """End a command that could not be carried out, in words."""
        unknown = isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch))
        if interaction.type is not discord.InteractionType.application_command:
            return
        if unknown:
            await finish_command(interaction, "This command has changed since. Reload Discord (Ctrl+R) and try again.")
        else:
            log.error("command_failed", command=interaction.command and interaction.command.name, exc_info=error)
            await finish_command(interaction, "That went wrong. The log of echo-core says why.")


class EchoClient(discord.Client):
    """One login. When it ends, for whatever reason, the adapter makes a new one."""

    def __init__(self, core: Core, settings: DiscordSettings, *, pace: Pace, message_content: bool) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=message_content)
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=pace.ready,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_LIBRARY_WAIT,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._core = core
        self._pace = pace
        self._commands = frozenset(spec.name for spec in core.commands)
        self._callbacks = Callbacks()
        self._inbox = Inbox(core)
        self._catch_up = CatchUp(self, core, self._inbox, with_roles=bool(settings.allowed_roles))
        self._tree = EchoTree(self)
        self._given_up = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None
        self.usable = False

    async def serve(self, token: str) -> None:
        """Log in and stay until the connection is lost for good; raises what the library raises. Then `finish`."""
        work = asyncio.create_task(self.start(token))
        lost = asyncio.create_task(self._given_up.wait())
        try:
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        finally:
            self.usable = False
            for task in (work, lost):
                task.cancel()
            await asyncio.gather(work, lost, return_exceptions=True)

    async def finish(self) -> None:
        """Let running callbacks end and close the connection, both within a limit."""
        self.usable = False
        if self._patience is not None:
            self._patience.cancel()
        await self._callbacks.finish(self._pace.close)
        try:
            async with asyncio.timeout(self._pace.close):
                await self.close()
        except LIBRARY_ERRORS as error:
            log.info("discord_not_closed", reason=told(error))

    # -- events of the library

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the library's signature
        """Start the callbacks of an event; none once the client is closed: timers of the library fire after that."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        """Prepare what is needed before the first event."""
        self.add_dynamic_items(Component)
        for spec in self._core.commands:
            self._tree.add_command(slash_command(spec, self._commanded, self._completed))
        self.usable = True
        self._callbacks.start(self._register(), "register commands")

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        """Wait before a further session is begun, as the platform wants it."""
        if not initial:
            await asyncio.sleep(self._pace.identify)

    async def on_connect(self) -> None:
        """Look up first what was said before this session."""
        self._reached()
        self._inbox.shut()
        self._catch_up.expect()
        self._callbacks.start(self._catch_up.run(), "catch up")

    async def on_resumed(self) -> None:
        """Note that a session goes on; what was missed in it is delivered by the platform."""
        self._reached()

    async def on_ready(self) -> None:
        """Note that all guilds are known."""
        log.info("discord_connected", bot=str(self.user), guilds=len(self.guilds))
        self._catch_up.ready()

    async def on_disconnect(self) -> None:
        """Give the library some time to get the connection back."""
        if self._patience is None and not self.is_closed():
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(self._pace.patience, self._given_up.set)

    async def on_message(self, message: discord.Message) -> None:
        """Take in what somebody said."""
        with self._callbacks.running():
            await self.said(message)

    async def said(self, message: discord.Message) -> None:
        """Hand a message to the core when its turn has come, and say what the core has to say about it."""
        inbound = self.read(message)
        if inbound is not None:
            await self.tell(message, inbound, await self._inbox.deliver(inbound))

    def read(self, message: discord.Message, author: discord.Member | None = None) -> Inbound | None:
        """Give a message as the core takes it; None for what is not for it."""
        return None if self.user is None else read_message(message, self.user, self._commands, author)

    async def tell(self, message: discord.Message, inbound: Inbound, receipt: Receipt) -> None:
        """Answer a message with the receipt's notice, where everybody sees it: the platform has no other way."""
        if not receipt.notice:
            return
        reference = message.to_reference(fail_if_not_exists=False)
        try:
            async with reaching(str(inbound.key)):
                await message.channel.send(clip(receipt.notice), reference=reference, nonce=f"n{inbound.id}")
        except ChannelError as error:
            log.warning("notice_not_sent", channel=str(inbound.key), reason=str(error))

    # -- commands and components

    async def pressed(self, interaction: Interaction, data: str) -> None:
        """Take in a press."""
        with self._callbacks.running():
            if await acknowledge(interaction):
                receipt = await self._receipt(read_press(interaction, data))
                label = receipt.label if receipt.accepted else ""
                await finish_press(interaction, label=label, notice=receipt.notice)

    async def _commanded(self, interaction: Interaction, spec: CommandSpec, values: Values) -> None:
        with self._callbacks.running():
            receipt = await self._receipt(read_command(interaction, spec, values))
            await finish_command(interaction, receipt.notice)

    async def _receipt(self, inbound: Inbound | None) -> Receipt:
        if inbound is None:
            return Receipt(accepted=False, notice="I cannot talk in this kind of channel.")
        try:
            return await self._inbox.deliver_within(inbound, TURN_LIMIT)
        except (JournalError, TimeoutError) as error:
            log.warning("interaction_not_kept", channel=str(inbound.key), error=told(error))
            return Receipt(accepted=False, notice="That could not be kept just now. Please try again in a minute.")

    async def _completed(
        self, interaction: Interaction, spec: CommandSpec, parameter: Parameter, text: str
    ) -> Sequence[str]:
        inbound = read_typing(interaction, spec, text)
        if inbound is None:
            return ()
        with self._callbacks.running():
            try:
                async with asyncio.timeout(COMPLETE_LIMIT):
                    return await self._core.complete(inbound, parameter.name)
            except (JournalError, TimeoutError) as error:
                log.warning("no_completion", command=spec.name, error=told(error))
                return ()

    async def _register(self) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(LIBRARY_ERRORS),
            wait=wait_exponential(min=5, max=600),
            before_sleep=lambda state: log.warning(
                "commands_not_registered", error=told(state.outcome.exception() or OSError()) if state.outcome else ""
            ),
        )
        await retrying(self._tree.sync)

    def _reached(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
