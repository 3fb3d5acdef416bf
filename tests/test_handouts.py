"""Files that the agent wrote: offered in the channel, sent at the end of a phase, looked at with commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo_core.artifacts import token_of
from echo_core.messages import Action, Attachment, Said
from echo_core.rehearsal.model import ModelRequest, Step
from tests.house import ABLE, House, open_house
from tests.stories.stage import INPUT, READY, says, writes


class Writer:
    """A script: `write NAME` writes a file, `ready` ends the phase, and anything else is answered."""

    def __init__(self) -> None:
        self.workspace = Path()

    def __call__(self, request: ModelRequest) -> Step:
        """Choose the reply to a request."""
        words = [line.split() for line in request.last_message.splitlines()]
        names = [line[1] for line in words if len(line) == 2 and line[0] == "write"]
        if names:
            return Step(calls=tuple(writes(self.workspace / name, f"# {name}\n") for name in names))
        return says(f"Ready.\n\n{READY}" if "it is ready" in request.last_message else f"Noted.\n\n{INPUT}")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house with a plan whose agent writes files."""
    writer = Writer()
    async with open_house(tmp_path, writer, capabilities=ABLE) as house:
        await house.put(house.shop.plan())
        writer.workspace = house.shop.workspace
        house.open()
        yield house


async def done(house: House, words: str) -> str:
    """Have somebody say something, and give what the channel shows afterwards."""
    await house.say(words)
    await house.quiet()
    return house.channel.text


async def test_new_and_changed_files_are_offered(house: House) -> None:
    """After a turn its files stand in the channel with their size and a button; those that did not change do not."""
    (house.shop.workspace / "old.md").write_text("old", encoding="utf-8")
    text = await done(house, "write a.md\nwrite b.csv")
    assert "2 files were written:" in text
    assert "`a.md` (7 B)" in text
    assert "[a.md] [b.csv]" in text
    assert "old.md" not in text
    text = await done(house, "write old.md")
    assert "[old.md]" in text
    assert text.count("written") == 2
    assert (await done(house, "hello")).count("written") == 2


async def test_a_files_button_works_after_a_restart(house: House) -> None:
    """A press on it sends the file, and the list stays as it is; a file that is gone is told in a line."""
    await done(house, "write b.csv")
    await house.restart()
    receipt = await house.press(Action.FILE, token_of("b.csv"))
    assert (receipt.accepted, receipt.keep) == (True, True)
    await house.channel.shows("<b.csv>")
    (house.shop.workspace / "b.csv").unlink()
    assert (await house.press(Action.FILE, token_of("b.csv"))).accepted
    await house.channel.shows("There is no such file")


async def test_documents_are_sent_once_at_the_end_of_a_phase(house: House) -> None:
    """Markdown that was written in the phase is sent as files when it is ready, above its button, and not again."""
    await done(house, "write a.md\nwrite b.csv")
    assert "<a.md>" not in house.channel.text
    text = await done(house, "it is ready")
    assert "The document of this phase: <a.md>" in text
    assert text.index("<a.md>") < text.index("[Continue to CEO review]")
    text = await done(house, "it is ready still")
    assert text.count("<a.md>") == 1
    assert "<b.csv>" not in text


async def test_documents_of_a_phase_that_is_left_early_are_sent(house: House) -> None:
    """`/advance` without the agent's word that it is ready ends the phase as well."""
    await done(house, "write a.md")
    await house.command("/advance")
    await house.channel.shows("<a.md>")
    await house.quiet()
    assert "CEO review" in house.channel.text
    assert (await done(house, "it is ready")).count("<a.md>") == 1


async def test_what_members_sent_is_not_handed_back(house: House) -> None:
    """Attachments are the members' own: they are not offered as written, and not sent as documents."""
    house.channel.files = {"r": b"# mine"}
    await house.receive(Said("here", (Attachment(ref="r", name="mine.md", size=6),)))
    await house.quiet()
    assert (house.shop.workspace / "attachments" / "mine.md").is_file()
    assert "written" not in await done(house, "it is ready")
    assert "<mine.md>" not in house.channel.text


async def test_nothing_outside_is_handed_out(house: House) -> None:
    """A link that leads out of the plan's folders is neither offered nor listed, nor sent by name."""
    secret = house.shop.root / "secret.md"
    secret.write_text("secret", encoding="utf-8")
    (house.shop.workspace / "link.md").symlink_to(secret)
    (house.shop.workspace / "folder").symlink_to(house.shop.root)
    text = await done(house, "write a.md")
    assert "[a.md]" in text
    await house.command("/files")
    await house.channel.shows("Files of **todo-app**")
    for name in ("link.md", "folder/secret.md", "../secret.md", str(secret)):
        await house.command(f"/files {name}")
    await house.channel.shows("There is no such file", times=4)
    await done(house, "it is ready")
    assert "link.md" not in house.channel.text
    assert "secret" not in house.channel.text


async def test_files_and_differences(house: House) -> None:
    """`/files` lists, `/files name` sends one, `/diff` shows what the phase has changed."""
    await done(house, "write a.md")
    await house.command("/files A.MD")
    await house.channel.shows("<a.md>")
    await house.command("/diff")
    await house.channel.shows("+# a.md")


async def test_a_long_reply_is_a_file(tmp_path: Path) -> None:
    """Over the configured length its beginning is said, with the whole as a file; the note about steps stays."""
    long = "\n\n".join(f"Paragraph {number} of a long reply." for number in range(100))

    workspace = tmp_path / "workspace" / "todo-app"

    def script(request: ModelRequest) -> Step:
        return says(f"{long}\n\n{INPUT}") if request.results else Step(calls=(writes(workspace / "a.md", "x"),))

    async with open_house(tmp_path, script, settings={"reply_limit": 1000}) as house:
        await house.put(house.shop.plan())
        house.open()
        text = await done(house, "hello")
        assert "<todo-app-1.md>" in text
        assert "Paragraph 1 of" in text
        assert "Paragraph 99" not in text
        assert "✓ 1 step" in text
