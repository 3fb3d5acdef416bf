"""The limits that Discord holds messages to, and its refusals."""

from __future__ import annotations

from typing import Any

from tests.loopback.discord_model import (
    ACTION_ROW,
    BUTTON,
    COMPONENTS_V2,
    LABEL,
    SELECT,
    TEXT_DISPLAY,
    TEXT_INPUT,
    Json,
    Message,
    walk,
)

LINK_STYLE = 5
MODAL_TITLE_LIMIT = 45


class Refused(Exception):  # noqa: N818 - what the server does, not what went wrong in it
    """An answer other than success."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        self.status = status
        self.body = {"message": message, "code": code, **more}
        super().__init__(f"{status} {code} {message} {more or ''}")


def invalid(field: str, problem: str) -> Refused:
    """Give the refusal of a body with one thing wrong."""
    errors = {field: {"_errors": [{"code": "BASE_TYPE_BAD", "message": problem}]}}
    return Refused(400, 50035, "Invalid Form Body", errors=errors)


def check_message(body: Json, *, files: int = 0, old: Message | None = None) -> None:
    """Raise `Refused` unless `body` may be sent, or be put in the place of `old`."""
    flags = int(body.get("flags") or 0) | (old.flags & COMPONENTS_V2 if old else 0)
    content = body.get("content") or ""
    if len(content) > 2000:
        raise invalid("content", "Must be 2000 or fewer in length.")
    if files > 10:
        raise invalid("attachments", "Must be 10 or fewer in length.")
    if "components" in body:
        _check_components(body["components"] or [], v2=bool(flags & COMPONENTS_V2))
    if flags & COMPONENTS_V2:
        if content or body.get("embeds") or body.get("sticker_ids") or body.get("poll"):
            raise invalid("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")
        if not body.get("components", old.components if old else None):
            raise Refused(400, 50006, "Cannot send an empty message")
        return
    _check_not_empty(body, content, files, old)


def _check_not_empty(body: Json, content: str, files: int, old: Message | None) -> None:
    if old is not None:
        text = content if "content" in body else old.content
        parts = body.get("components") if "components" in body else old.components
        kept = body["attachments"] if body.get("attachments") is not None else old.attachments
        filled = text.strip() or parts or kept or files
    else:
        filled = content.strip() or files or body.get("embeds") or body.get("components") or body.get("sticker_ids")
    if not filled:
        raise Refused(400, 50006, "Cannot send an empty message")


def check_modal(modal: Json) -> None:
    """Raise `Refused` unless `modal` may be shown."""
    if not 1 <= len(modal.get("title") or "") <= MODAL_TITLE_LIMIT:
        raise invalid("title", "Must be between 1 and 45 in length.")
    if not 1 <= len(modal.get("custom_id") or "") <= 100:
        raise invalid("custom_id", "Must be between 1 and 100 in length.")
    if not 1 <= len(modal["components"]) <= 5:
        raise invalid("components", "Must be between 1 and 5 in length.")
    for part in walk(modal["components"]):
        if part["type"] == LABEL:
            if not 1 <= len(part.get("label") or "") <= 45 or len(part.get("description") or "") > 100:
                raise invalid("label", "A label has 1 to 45 characters, its description up to 100.")
        elif part["type"] == TEXT_INPUT:
            least, most = part.get("min_length") or 0, part.get("max_length") or 4000
            if part.get("label") or not 0 <= least <= most <= 4000 or len(part.get("placeholder") or "") > 100:
                raise invalid("components", "A text input below a label: up to 4000, a placeholder up to 100.")


def check_command(command: Json) -> None:
    """Raise `Refused` unless a slash command may be registered: its descriptions have 1 to 100 characters."""
    for one in (command, *(command.get("options") or [])):
        told = [one["description"], *(one.get("description_localizations") or {}).values()]
        if any(not 1 <= len(text) <= 100 for text in told):
            raise invalid("description", "Must be between 1 and 100 in length.")


def _check_components(components: list[Json], *, v2: bool) -> None:
    every = list(walk(components))
    ids = [part["custom_id"] for part in every if part.get("custom_id")]
    if len(ids) != len(set(ids)):
        raise invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED")
    if any(len(one) > 100 for one in ids):
        raise invalid("custom_id", "Must be between 1 and 100 in length.")
    if v2:
        if len(every) > 40:
            raise invalid("components", "Must be 40 or fewer in total.")
        texts = [part.get("content", "") for part in every if part["type"] == TEXT_DISPLAY]
        if sum(len(text) for text in texts) > 4000:
            raise invalid("components", "COMPONENT_MAX_TOTAL_TEXT: 4000 characters in all")
        if any(part["type"] in {BUTTON, SELECT, LABEL, TEXT_INPUT} for part in components):
            raise invalid("components", "UNION_TYPE_CHOICES: a row, a text, a section or a container.")
    elif len(components) > 5 or any(part["type"] != ACTION_ROW for part in components):
        raise invalid("components", "Must be 5 or fewer action rows.")
    for part in every:
        if part["type"] == ACTION_ROW:
            _check_row(part["components"])
        elif part["type"] == BUTTON:
            _check_button(part)
        elif part["type"] == SELECT:
            _check_select(part)


def _check_row(parts: list[Json]) -> None:
    kinds = {part["type"] for part in parts}
    if kinds == {BUTTON} and len(parts) <= 5:
        return
    if len(parts) != 1 or BUTTON in kinds:
        raise invalid("components", "A row holds up to five buttons or one select.")


def _check_button(button: Json) -> None:
    label = button.get("label") or ""
    if len(label) > 80:
        raise invalid("label", "Must be 80 or fewer in length.")
    if not label and not button.get("emoji"):
        raise invalid("label", "A button needs a label or an emoji.")
    if (button["style"] == LINK_STYLE) == bool(button.get("custom_id")):
        raise invalid("custom_id", "A button has an address or a custom id.")


def _check_select(select: Json) -> None:
    options = select["options"]
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not 1 <= len(options) <= 25 or not 0 <= least <= most <= len(options):
        raise invalid("options", "Must be between 1 and 25, and no fewer than max_values.")
    if len({option["value"] for option in options}) != len(options):
        raise invalid("options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED")
    for option in options:
        if not option["label"].strip() or max(len(option["label"]), len(option["value"])) > 100:
            raise invalid("options", "Labels and values are between 1 and 100 in length.")
        if len(option.get("description") or "") > 100:
            raise invalid("options", "Descriptions are 100 or fewer in length.")
    if len(select.get("placeholder") or "") > 150:
        raise invalid("placeholder", "Must be 150 or fewer in length.")
