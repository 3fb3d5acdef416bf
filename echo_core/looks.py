"""What people look at without the agent: where the plan stands, its files, its decisions, what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from echo_core.artifacts import artifacts, file_list, find
from echo_core.commands import help_text
from echo_core.decisions import listing, named, story
from echo_core.errors import WorkflowError
from echo_core.folders import Folders
from echo_core.history import Transcript, history, history_text
from echo_core.intents import Files, Intent, Notice, Reply
from echo_core.messages import Command
from echo_core.offers import intent_of
from echo_core.plan import Conversation, Plan
from echo_core.prompts import Prompts
from echo_core.render import clip, escape
from echo_core.snapshots import Snapshots, diff
from echo_core.standing import facts, move, steps, strip
from echo_core.steps import no_plan
from echo_core.texts import say
from echo_core.workflow import Workflow

HISTORY_LIMIT = 6_000
SHOWN_DESCRIPTION = 300
SHOWN_EXCERPT = 1_500
COMPLETED = 200


class Looks:
    """Gives the answers to the commands that only look; nothing is changed by any."""

    def __init__(self, *, prompts: Prompts, folders: Folders, transcript: Transcript, snapshots: Snapshots) -> None:
        self._prompts = prompts
        self._folders = folders
        self._transcript = transcript
        self._snapshots = snapshots

    async def at(
        self, command: Command, conversation: Conversation, *, running: bool, waiting: int
    ) -> tuple[Intent, ...]:
        """Give the answer to a command. `waiting` counts messages. Raises `CommandError` for one that names nothing."""
        plan = conversation.plan
        if command.name == "help":
            return (Notice(help_text()),)
        if command.name == "status":
            return (Notice(self._status(conversation, running=running, waiting=waiting)),)
        if plan is None:
            return (Notice(no_plan()),)
        match command.name:
            case "files":
                return await self._files(plan, command.argument.strip())
            case "diff":
                return (Reply(await asyncio.to_thread(diff, plan, self._folders, self._snapshots)),)
            case "decisions":
                return (Reply(listing(plan)),)
            case "why":
                return (Reply(story(named(plan, command.argument))),)
            case "catchup":
                return (Reply(self._catchup(plan, running=running)),)
        said = await history(plan, self._transcript)
        text = history_text(said, agent=say("looks-agent"), limit=HISTORY_LIMIT)
        return (Reply(text or say("looks-nothing-said")),)

    async def file(self, plan: Plan | None, wanted: str) -> tuple[Intent, ...]:
        """Give the file that a token or a name means, or a line that says that there is none."""
        found = None if plan is None else await asyncio.to_thread(find, plan, self._folders, wanted)
        return (Notice(say("looks-no-file")),) if found is None else (Files("", (found.path,)),)

    async def values(self, command: str, parameter: str, conversation: Conversation) -> Sequence[str]:
        """Give the values that a command's parameter may have, the likeliest first."""
        plan = conversation.plan
        match command, parameter:
            case "resume", "slug":
                return [shelved.slug for shelved in reversed(conversation.shelf)]
            case (("why" | "reopen"), "decision") if plan is not None:
                return [f"D{decision.number}" for decision in reversed(plan.decisions)]
            case "files", "name" if plan is not None:
                found = await asyncio.to_thread(artifacts, plan, self._folders)
                return [artifact.name for artifact in found[:COMPLETED]]
        return ()

    async def _files(self, plan: Plan, wanted: str) -> tuple[Intent, ...]:
        if wanted:
            return await self.file(plan, wanted)
        found = await asyncio.to_thread(artifacts, plan, self._folders)
        return (file_list(found, say("looks-files", slug=plan.slug)),) if found else (Notice(say("looks-no-files")),)

    def _status(self, conversation: Conversation, *, running: bool, waiting: int) -> str:
        plan = conversation.plan
        if plan is None:
            if running or waiting:
                return say("looks-starting")
            left = ", ".join(f"`{other.slug}`" for other in conversation.shelf)
            return f"{no_plan()}\n\n{say('looks-left-here', names=left)}" if left else no_plan()
        lines = [*self._head(plan, running=running), " · ".join(facts(plan))]
        if waiting:
            lines.append(say("looks-waiting", count=waiting))
        return "\n\n".join(lines)

    def _head(self, plan: Plan, *, running: bool) -> tuple[str, ...]:
        description = clip(" ".join(plan.description.split()), SHOWN_DESCRIPTION)
        return (
            f"**{plan.slug}** {escape(description)}".strip(),
            strip(steps(plan, self._workflow(plan))),
            move(plan, running=running),
        )

    def _catchup(self, plan: Plan, *, running: bool) -> str:
        """Give all that someone needs who joins late."""
        parts = list(self._head(plan, running=running))
        if plan.documents:
            names = ", ".join(f"`{path.name}`" for path in plan.documents)
            parts.append(say("looks-documents", names=names))
        if plan.decisions:
            parts.append(listing(plan))
        if plan.last_text_excerpt:
            parts.append(f"{say('looks-last-words')}\n\n{clip(plan.last_text_excerpt, SHOWN_EXCERPT)}")
        if plan.offer is not None:
            asked = intent_of(plan.offer, plan, next_title=None)
            question = getattr(asked, "text", "")
            if question and plan.offer.kind in {"question", "permission"}:
                parts.append(f"{say('looks-open')}\n\n{question}")
        return "\n\n".join(parts)

    def _workflow(self, plan: Plan) -> Workflow | None:
        try:
            return self._prompts.workflow(plan.workflow)
        except WorkflowError:
            return None
