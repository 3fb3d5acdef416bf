"""The Bot API's methods, as far as a chat bot needs them, with the limits and refusals of the real service."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.loopback.telegram_chat import Chat, Payload, Person, Posted, Tap
from tests.loopback.telegram_media import THUMBNAIL, Media
from tests.loopback.telegram_text import CAPTION_LIMIT, Entity, RefusedError, formatted

Upload = tuple[str, bytes]

FILE_LIMIT = 50 * 1024 * 1024
FETCH_LIMIT = 20 * 1024 * 1024
TOPIC_NAME_LIMIT = 128
REACTIONS = frozenset(
    "❤👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋😈😴😭"
    "🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"

_COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")


class Service(Protocol):
    """What the methods work on."""

    bot: Person
    chats: dict[int, Chat]
    people: dict[int, Person]
    taps: dict[str, Tap]
    commands: list[Payload]
    menus: dict[str, list[Payload]]
    callback_lifetime: float
    reads_all: bool
    local_files: bool


Method = Callable[[Service, Payload, Mapping[str, Upload]], Any]
METHODS: dict[str, Method] = {}


def _method(function: Method) -> Method:
    first, *rest = getattr(function, "__name__", "").split("_")
    METHODS[first + "".join(word.capitalize() for word in rest)] = function
    return function


def _chat(service: Service, params: Payload) -> Chat:
    chat = service.chats.get(params["chat_id"])
    if chat is None and params["chat_id"] in service.people:
        raise RefusedError(403, "Forbidden: bot can't initiate conversation with a user")
    if chat is None:
        raise RefusedError(400, "Bad Request: chat not found")
    if chat.blocked:
        raise RefusedError(403, f"Forbidden: {chat.blocked}")
    return chat


def _thread(chat: Chat, params: Payload) -> int | None:
    thread = params.get("message_thread_id")
    if thread is not None and thread not in chat.topics:
        raise RefusedError(400, "Bad Request: message thread not found")
    return thread if thread is None else int(thread)


def _keyboard(params: Payload) -> list[list[Payload]]:
    rows: list[list[Payload]] = (params.get("reply_markup") or {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not str(button["text"]).strip():
            raise RefusedError(400, "Bad Request: inline keyboard button text must be non-empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
    if sum(map(len, rows)) > 100:
        raise RefusedError(400, "Bad Request: reply markup is too long")
    return rows


def _reply_to(chat: Chat, params: Payload) -> int | None:
    asked = params.get("reply_parameters")
    if not asked:
        return None
    parent = chat.history.get(asked["message_id"])
    if parent is not None and not parent.deleted:
        return parent.id
    if not asked.get("allow_sending_without_reply"):
        raise RefusedError(400, "Bad Request: message to be replied not found")
    return None


def _text(params: Payload) -> tuple[str, list[Entity]]:
    text, entities = formatted(params)
    if not text.strip():
        raise RefusedError(400, "Bad Request: message text is empty")
    return text, entities


def _post(service: Service, params: Payload, **what: Any) -> Payload:
    chat = _chat(service, params)
    where = {"thread_id": _thread(chat, params), "reply_to": _reply_to(chat, params)}
    message = chat.add(service.bot, keyboard=_keyboard(params), asks=_forced_reply(params), **where, **what)
    chat.drafts.clear()
    return message.payload()


def _forced_reply(params: Payload) -> Payload | None:
    asked: Payload = params.get("reply_markup") or {}
    if not asked.get("force_reply"):
        return None
    if not 1 <= len(asked.get("input_field_placeholder", "…")) <= 64:
        raise RefusedError(400, "Bad Request: INPUT_FIELD_PLACEHOLDER_INVALID")
    return asked


@_method
def get_me(service: Service, _: Payload, __: Mapping[str, Upload]) -> Payload:
    """Tell who the bot is."""
    return service.bot.payload() | {
        "can_join_groups": True, "can_read_all_group_messages": service.reads_all, "supports_inline_queries": False,
    }  # fmt: skip


@_method
def delete_webhook(_: Service, __: Payload, ___: Mapping[str, Upload]) -> bool:
    """Take the webhook away; there never is one."""
    return True


@_method
def get_webhook_info(_: Service, __: Payload, ___: Mapping[str, Upload]) -> Payload:
    """Tell of the webhook; there never is one."""
    return {"url": "", "has_custom_certificate": False, "pending_update_count": 0}


@_method
def set_my_commands(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Set the menu."""
    commands = params["commands"]
    right = all(_COMMAND_NAME.fullmatch(item["command"]) and 1 <= len(item["description"]) <= 256 for item in commands)
    if not right or len(commands) > 100:
        raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
    language = str(params.get("language_code", ""))
    service.menus[language] = commands
    if not language:
        service.commands[:] = commands
    return True


@_method
def get_my_commands(service: Service, params: Payload, _: Mapping[str, Upload]) -> list[Payload]:
    """Tell the menu of a language, or the one for all others."""
    return service.menus.get(str(params.get("language_code", "")), [])


@_method
def send_message(service: Service, params: Payload, _: Mapping[str, Upload]) -> Payload:
    """Put a text message into a chat."""
    text, entities = _text(params)
    return _post(service, params, text=text, entities=entities)


@_method
def send_message_draft(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Show a text that is being written; in private chats only."""
    chat = _chat(service, params)
    if chat.kind != "private":
        raise RefusedError(400, "Bad Request: TEXTDRAFT_PEER_INVALID")
    if not params["draft_id"]:
        raise RefusedError(400, "Bad Request: RANDOM_ID_INVALID")
    text = formatted(params)[0]
    chat.drafts[params["draft_id"]] = text
    chat.drafted.append(text)
    return True


@_method
def edit_message_text(service: Service, params: Payload, _: Mapping[str, Upload]) -> Payload:
    """Put another text, and keyboard or none, in the place of a message."""
    message = _chat(service, params).mine(params["message_id"], to="edit")
    text, entities = _text(params)
    keyboard = _keyboard(params)
    if message.media:
        raise RefusedError(400, "Bad Request: there is no text in the message to edit")
    if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
        raise RefusedError(400, NOT_MODIFIED)
    _edited(message, text=text, entities=entities, keyboard=keyboard)
    return message.payload()


@_method
def edit_message_reply_markup(service: Service, params: Payload, _: Mapping[str, Upload]) -> Payload:
    """Put another keyboard, or none, under a message."""
    message = _chat(service, params).mine(params["message_id"], to="edit")
    keyboard = _keyboard(params)
    if keyboard == message.keyboard:
        raise RefusedError(400, NOT_MODIFIED)
    _edited(message, text=message.text, entities=message.entities, keyboard=keyboard)
    return message.payload()


def _edited(message: Posted, *, text: str, entities: list[Entity], keyboard: list[list[Payload]]) -> None:
    message.edits.append(message.text)
    message.keyboards.append(message.keyboard)
    message.text, message.entities, message.keyboard = text, entities, keyboard


@_method
def delete_message(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Take a message away."""
    _chat(service, params).mine(params["message_id"], to="delete").deleted = True
    return True


@_method
def send_document(service: Service, params: Payload, files: Mapping[str, Upload]) -> Payload:
    """Put a file into a chat."""
    name, content = files["document"]
    if not content:
        raise RefusedError(400, "Bad Request: file must be non-empty")
    if len(content) > FILE_LIMIT:
        raise RefusedError(413, "Request Entity Too Large")
    text, entities = formatted(params, name="caption", limit=CAPTION_LIMIT)
    return _post(service, params, text=text, entities=entities, media=Media(name, content))


@_method
def get_file(service: Service, params: Payload, _: Mapping[str, Upload]) -> Payload:
    """Tell where a file that somebody sent can be fetched, if bots may."""
    for message in (message for chat in service.chats.values() for message in chat.history.values()):
        content = content_of(message, params["file_id"])
        if content is not None and len(content) > FETCH_LIMIT:
            raise RefusedError(400, "Bad Request: file is too big")
        if content is not None:
            name, path = params["file_id"], f"documents/{message.chat.id}/{message.id}/{params['file_id']}"
            return {
                "file_id": name, "file_unique_id": f"u{name}", "file_size": len(content),
                "file_path": __file__ if service.local_files else path,
            }  # fmt: skip
    raise RefusedError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")


def content_of(message: Posted, file_id: str) -> bytes | None:
    """Give the bytes that a file id means in a message; None where it means none."""
    if message.media is None or message.deleted:
        return None
    return {message.file_id: message.media.content, f"{message.file_id}s": THUMBNAIL}.get(file_id)


@_method
def answer_callback_query(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """End a press's waiting, with a word for the person or none."""
    tap = service.taps.get(str(params["callback_query_id"]))
    if tap is None or time.monotonic() - tap.made > service.callback_lifetime:
        raise RefusedError(400, TOO_OLD)
    text = str(params.get("text", ""))
    if len(text) > 200:
        raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
    tap.text, tap.alert = text, bool(params.get("show_alert"))
    tap.done.set()
    return True


@_method
def send_chat_action(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Show that the bot is typing."""
    chat = _chat(service, params)
    _thread(chat, params)
    chat.actions.append(str(params["action"]))
    return True


@_method
def set_message_reaction(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Put a sign on a message in the place of an earlier one, or take it away."""
    chat = _chat(service, params)
    message = chat.history.get(params["message_id"])
    if message is None or message.deleted:
        raise RefusedError(400, "Bad Request: message to react not found")
    signs = [item["emoji"] for item in params.get("reaction") or []]
    if any(sign not in REACTIONS or (chat.reactions is not None and sign not in chat.reactions) for sign in signs):
        raise RefusedError(400, "Bad Request: REACTION_INVALID")
    if len(signs) > 1:
        raise RefusedError(400, "Bad Request: REACTIONS_TOO_MANY")
    message.sign = "".join(signs)
    return True


@_method
def pin_chat_message(service: Service, params: Payload, _: Mapping[str, Upload]) -> bool:
    """Pin a message."""
    chat = _chat(service, params)
    if not chat.may("pin"):
        raise RefusedError(400, "Bad Request: not enough rights to manage pinned messages in the chat")
    chat.mine(params["message_id"], to="pin").pinned = True
    return True


@_method
def create_forum_topic(service: Service, params: Payload, _: Mapping[str, Upload]) -> Payload:
    """Open a topic."""
    chat = _chat(service, params)
    if not chat.is_forum:
        raise RefusedError(400, "Bad Request: the chat is not a forum")
    if not chat.may("topics"):
        raise RefusedError(400, "Bad Request: not enough rights to create a topic")
    name = str(params["name"])
    if not 1 <= len(name) <= TOPIC_NAME_LIMIT or not name.strip():
        raise RefusedError(400, "Bad Request: TOPIC_TITLE_INVALID")
    opening = chat.open_topic(name, service.bot)
    return {"message_thread_id": opening.id, "name": name, "icon_color": 7322096}
