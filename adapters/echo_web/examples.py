"""What the description of the interface shows for each kind of body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from pydantic.config import JsonDict

KEY = "web:k3v9x0q2m7ab"
TOKEN = "aB3dE5fG"  # noqa: S105 - names what stands open, and is no secret

_OPTIONS = [
    {"label": "Only us two", "description": "Ready in days", "recommended": True},
    {"label": "Anyone with a link", "description": "Needs limits", "recommended": False},
]
PLAN: dict[str, Any] = {
    "key": KEY,
    "url": f"/api/plans/{KEY}",
    "page": f"/plans/{KEY}",
    "slug": "todo-app",
    "description": "A todo list for two people who share a kitchen",
    "workflow": "Planning",
    "steps": [{"title": "Office hours", "state": "done"}, {"title": "CEO review", "state": "current"}],
    "phase": "CEO review",
    "move": "Your move: a question is open.",
    "status": "active",
    "running": False,
    "waiting": 0,
    "cost_usd": 0.42,
    "turns": 12,
    "started_at": "2026-01-31T09:30:00Z",
    "updated_at": "2026-01-31T10:02:11Z",
    "left": False,
}
PLANS = {"plans": [PLAN]}
DETAIL: dict[str, Any] = PLAN | {
    "offer": {
        "kind": "question",
        "token": TOKEN,
        "text": "Who may use it?",
        "actions": ["answer"],
        "header": "Users",
        "options": _OPTIONS,
        "question": 0,
        "of": 1,
        "multiple": False,
    },
    "decisions": [
        {
            "number": 1,
            "phase": "Office hours",
            "question": "Where does it run?",
            "options": [],
            "reason": "It decides what has to be built first.",
            "answers": [{"text": "On a phone", "author": "Ada", "at": "2026-01-31T09:41:07Z"}],
            "reopened_by": "",
        }
    ],
    "files": [{"name": "office-hours.md", "size": 1638, "url": f"/plans/{KEY}/files/a1b2c3d4e5"}],
    "unanswered": [],
    "shelf": ["garden-shed"],
    "auto_advance": False,
}
HISTORY = {
    "said": [
        {
            "number": 0,
            "phase": "Office hours",
            "author": "",
            "markdown": "Welcome. **What is it for?**",
            "tools": ["Reading notes.md"],
            "at": "2026-01-31T09:30:09Z",
            "took": 8.2,
        }
    ],
    "total": 23,
}
MESSAGE = {
    "text": "Two people use it.",
    "attachments": [{"name": "notes.txt", "mime": "text/plain", "data": "TWlsawo="}],
}
ANSWERS = (
    {"token": TOKEN, "choices": [0]},
    {"token": TOKEN, "text": "Only my aunt"},
    {"token": TOKEN, "action": "advance"},
)
RECEIPT = {"accepted": True, "notice": "", "label": "Only us two"}


def showing(*examples: Mapping[str, Any], strict: bool = False) -> ConfigDict:
    """Give the configuration of a model that is described with examples; a strict one refuses what it does not know."""
    extra: JsonDict = {"examples": [dict(example) for example in examples]}
    return ConfigDict(json_schema_extra=extra, extra="forbid" if strict else "ignore")
