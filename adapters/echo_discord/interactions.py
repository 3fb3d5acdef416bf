"""Answering interactions: acknowledged at once, and never left thinking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from echo_core.messages import Receipt
from echo_core.texts import say
from echo_core.written import Written
from echo_discord.forms import form
from echo_discord.render import Part
from echo_discord.trouble import LIBRARY_ERRORS, told
from echo_discord.words import LIMIT, clip, cut, with_choice, without_hint

ACK_LIMIT = 10.0
FINISH_LIMIT = 60.0
TOO_LATE = 10062

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[Any]


async def acknowledge(interaction: Interaction) -> bool:
    """Tell the platform that something will come of it; False when the person was told already that nothing did.

    When it stays unknown whether the platform has heard, that counts as heard.
    """
    try:
        async with asyncio.timeout(ACK_LIMIT):
            await interaction.response.defer(ephemeral=True)
    except discord.NotFound as error:
        if error.code == TOO_LATE:
            log.warning("interaction_too_late", interaction=interaction.id, hint="the person sees that it failed")
            return False
        log.warning("interaction_not_acknowledged", interaction=interaction.id, error=told(error))
    except LIBRARY_ERRORS as error:  # TimeoutError is an OSError
        log.warning("interaction_not_acknowledged", interaction=interaction.id, error=told(error))
    return True


async def finish_command(interaction: Interaction, notice: str) -> None:
    """Put `notice` in the place of "thinking…", for this person alone; without one, take that away."""
    if notice:
        await _persist(lambda: interaction.edit_original_response(content=clip(notice)))
    else:
        await _persist(interaction.delete_original_response)


async def finish_press(interaction: Interaction, receipt: Receipt, written: Written) -> None:
    """Write what was chosen where the buttons were, and the notice for this person alone.

    This is only to be quick: the core sends the same change soon after, and `written` knows what need not be sent.
    """
    message = interaction.message
    if receipt.accepted and receipt.label and not receipt.keep and message is not None and _has_text(message):
        content = with_choice(without_hint(message.content), receipt.label, interaction.user.display_name)
        if await _persist(lambda: interaction.edit_original_response(content=content, view=None)):
            written.note(message.id, Part(content))
    if receipt.notice:
        await _persist(lambda: interaction.followup.send(clip(receipt.notice), ephemeral=True))


async def finish_form(interaction: Interaction, receipt: Receipt, text: str, written: Written) -> None:
    """Do the same for what was written; words that were not taken are given back with the notice."""
    if receipt.accepted or not receipt.notice:
        await finish_press(interaction, receipt, written)
        return
    above = f"{cut(receipt.notice, LIMIT // 4)}\n\n{say('discord-not-taken')}\n>>> "
    told = cut(above + text, LIMIT)
    await _persist(lambda: interaction.followup.send(told, ephemeral=True))


async def ask_for_words(interaction: Interaction, data: str) -> None:
    """Open the form for an answer in own words: the first answer to a press, which may not be acknowledged before."""
    question = interaction.message.content if interaction.message else ""
    await _at_once(interaction, lambda: interaction.response.send_modal(form(data, question)))


async def refuse(interaction: Interaction, notice: str) -> None:
    """Answer a press that was not acknowledged with words for this person alone."""
    await _at_once(interaction, lambda: interaction.response.send_message(clip(notice), ephemeral=True))


def _has_text(message: discord.Message) -> bool:
    return not message.flags.components_v2


async def _at_once(interaction: Interaction, call: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(ACK_LIMIT):
            await call()
    except LIBRARY_ERRORS as error:
        log.warning("interaction_not_answered", interaction=interaction.id, error=told(error))


async def _persist(call: Callable[[], Awaitable[object]]) -> bool:
    """Do it, through short trouble of the network. What cannot be shown is logged: nothing else depends on it."""
    retrying = AsyncRetrying(
        retry=retry_if_exception(_passes), stop=stop_after_attempt(5), wait=wait_exponential(multiplier=0.5, max=8)
    )
    try:
        async with asyncio.timeout(FINISH_LIMIT):
            async for attempt in retrying.copy(reraise=True):
                with attempt:
                    await call()
    except LIBRARY_ERRORS as error:
        log.warning("interaction_not_finished", error=told(error))
        return False
    return True


def _passes(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= 500 or error.status == 429
    return isinstance(error, LIBRARY_ERRORS) and not isinstance(error, discord.DiscordException)
