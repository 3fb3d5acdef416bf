"""Going back and going aside: a plan as it stood one turn ago, and a copy of a plan in a channel of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from echo_core.messages import ChannelKey
from echo_core.plan import Branch, BriefOffer, Conversation, Offer, Plan, QuestionOffer, ReadyOffer

EXCERPT = 2_000
SLUG_LIMIT = 50
UNDONE = (
    "The members have taken back the last turn: what was said in it does not count any more. Files that were changed "
    "in it were left as they are; look at a document before you rely on it."
)
COPIED = (
    "The members have made a copy of this plan, to try something else; you go on in the copy. Its name is {slug}, its "
    "workspace {workspace}: read and write there from now on, the paths of before belong to the other plan."
)


def noted(before: Plan | None, after: Conversation) -> Conversation:
    """Keep the plan as it stood before a turn, for `/undo`, when the turn changed what the agent knows.

    Of its last text the front is kept, of a brief the end, where the options stand.
    """
    plan = after.plan
    if plan is None or before is None or plan.planning_session_id != before.planning_session_id:
        return after.model_copy(update={"before": None})
    if plan.turns == before.turns:
        return after
    text = before.last_text_excerpt
    text = text[-EXCERPT:] if isinstance(before.offer, BriefOffer) else text[:EXCERPT]
    return after.model_copy(update={"before": before.model_copy(update={"last_text_excerpt": text})})


def undone(conversation: Conversation, *, token: str, now: datetime) -> Plan | None:
    """Give the plan as it stood before its last turn, with what that turn cost; None when that is not known.

    The agent's session goes on from where it was then, as a copy. An open question is answered in words from then on;
    a permission is not asked again.
    """
    plan, before = conversation.plan, conversation.before
    if plan is None or before is None:
        return None
    changes: dict[str, object] = {
        "turns": plan.turns,
        "total_cost_usd": plan.total_cost_usd,
        "updated_at": now,
        "allowed": plan.allowed,
        "documents": plan.documents,
        "fresh": plan.fresh,
    }
    if before.session_id is not None:
        branch = Branch(session_id=before.session_id, at=before.tip, note=UNDONE)
        changes |= {"session_id": None, "branch": branch, "cost_counter": 0.0}
    return before.model_copy(update={**changes, "offer": _again(before.offer, token)})


def copied(plan: Plan, *, slug: str, key: ChannelKey, workspace: Path, plan_id: str, token: str, now: datetime) -> Plan:
    """Give a copy of a plan for a channel, with a workspace of its own; the agent's session goes on as a copy."""
    branch = plan.branch
    note = COPIED.format(slug=slug, workspace=workspace)
    if plan.session_id is not None:
        branch = Branch(session_id=plan.session_id, at=plan.tip, note=note)
    elif branch is not None:
        branch = branch.model_copy(update={"note": f"{branch.note}\n{note}"})
    changes = {
        "slug": slug,
        "planning_session_id": plan_id,
        "adapter": key.adapter,
        "channel_id": key.channel_id,
        "workspace": workspace,
        "cwd": workspace,
        "started_at": now,
        "updated_at": now,
        "session_id": None,
        "cost_counter": 0.0,
        "total_cost_usd": 0.0,
        "turns": 0,
        "branch": branch,
        "origin": plan.slug,
        "documents": tuple(_moved(path, plan.workspace, workspace) for path in plan.documents),
        "fresh": tuple(_moved(path, plan.workspace, workspace) for path in plan.fresh),
        "offer": _again(plan.offer, token),
    }
    return plan.model_copy(update=changes)


def free_slug(slug: str, taken: Collection[str]) -> str:
    """Give the name for a copy: `todo-app-2`, or the next number that is free. Names are compared without case."""
    used = {slug.casefold(), *(name.casefold() for name in taken)}
    stem = re.sub(r"-\d{1,4}$", "", slug)
    number = 2
    while (name := f"{stem[: SLUG_LIMIT - 5]}-{number}").casefold() in used:
        number += 1
    return name


def _again(offer: Offer | None, token: str) -> Offer | None:
    """Give an offer as it can be shown once more."""
    match offer:
        case QuestionOffer():
            return offer.model_copy(update={"token": token, "detached": True, "asked_at": None})
        case BriefOffer():
            return offer.model_copy(update={"token": token, "asked_at": None})
        case ReadyOffer():
            return offer.model_copy(update={"token": token})
    return None


def _moved(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old) if path.is_relative_to(old) else path
