"""Bad input and trouble: each gets one clear line that says what to do, the daemon stays up, nothing is lost."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from echo_core.rehearsal.model import Failure, ModelRequest, Step
from tests.stories.discord_person import DiscordPerson
from tests.stories.stage import INPUT, READY, Playbook, Stage, says
from tests.stories.telegram_person import TelegramPerson

on_telegram = pytest.mark.parametrize("stage", ["telegram"], indirect=True)
on_discord = pytest.mark.parametrize("stage", ["discord"], indirect=True)


async def test_bad_input(stage: Stage) -> None:
    """An invalid slug, an unknown command, no plan, a second plan: a line each, and nothing changes."""
    person = stage.person
    await stage.start()
    person.say("hello?")
    if isinstance(person, TelegramPerson):
        await person.sees("There is no plan in this channel")
        person.command("/dance")
        await person.sees("There is no command")
        person.place.sticker()
        await person.sees("cannot take in a sticker")
    person.command("/plan ../etc A list")
    await person.sees("1 to 50 letters")
    assert not stage.workspaces.exists() or list(stage.workspaces.iterdir()) == []
    person.command("/advance")
    await person.sees("There is no plan in this channel")
    person.command("/plan todo-app A todo list for two")
    await person.sees("Hello.")
    person.command("/plan other-app Something else")
    await person.sees("is under way in this channel")
    assert [path.name for path in stage.workspaces.iterdir()] == ["todo-app"]


@on_telegram
async def test_a_megabyte(stage: Stage) -> None:
    """A message of a megabyte, which Telegram's apps cut, is worked on piece by piece or refused, and the bot lives."""
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"That was a lot.\n\n{INPUT}")])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("word " * 4000)
    await person.sees("That was a lot.", timeout=60)


async def test_a_stranger_is_refused_once(stage: Stage) -> None:
    """Who is not on the list gets one line with their id; what they wrote reaches neither agent, nor state, nor log."""
    person = stage.person
    await stage.start()
    secret = "my-private-words"
    if isinstance(person, TelegramPerson):
        mallory = person.server.person("Mallory")
        place = person.server.private(mallory)
        place.say(secret)
        await place.wait_for(str(mallory.id))
        place.say(secret)
        place.say(f"/plan evil {secret}")
        await asyncio.sleep(0.5)
    else:
        stranger = person.server.add_user("mallory", "Mallory")
        person.place.mention(secret, user=stranger)
        await person.sees(str(stranger.id))
        person.place.slash("plan", user=stranger, slug="evil", description=secret)
        await asyncio.sleep(0.5)
    await stage.stop()
    stored = b"".join(path.read_bytes() for path in stage.state.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    assert secret not in stage.log_text()
    assert not any(secret in text for request in stage.model.requests for text in request.user_texts)


async def test_a_rejected_credential(stage: Stage) -> None:
    """Claude refuses the key: the channel is told what to do, and Retry works once it is mended."""
    playbook = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}")])
    stage.model.script = lambda _request: Step(failure=Failure(401, "invalid x-api-key"))
    person = stage.person
    await stage.begin(sees="did not accept the credential")
    assert "placeholder" not in person.text()
    stage.model.script = playbook
    person.choose("Retry")
    await person.sees("Hello.")


async def test_a_rate_limit(stage: Stage) -> None:
    """A usage limit is named, and what was said is not lost: the next message carries it along."""
    good = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"Both heard.\n\n{INPUT}")])
    stage.model.script = good
    stage.settings["CLAUDE_CODE_MAX_RETRIES"] = "1"
    person = stage.person
    await stage.begin(sees="Hello.")
    stage.model.script = lambda _request: Step(failure=Failure(429, "rate limited"))
    person.say("do not lose this")
    await person.is_offered("Retry", timeout=60)
    stage.model.script = good
    person.say("and this")
    await person.sees("Both heard.")
    everything = "\n".join(stage.model.requests[-1].user_texts)
    assert "do not lose this" in everything
    assert "and this" in everything


async def test_nothing_happens_for_too_long(stage: Stage) -> None:
    """A turn in which nothing happens ends after the idle limit, and can be tried again."""
    asked = asyncio.Event()

    def once(_request: ModelRequest) -> Step:
        if asked.is_set():
            return says(f"Now.\n\n{INPUT}")
        asked.set()
        return Step(hang=True)

    stage.model.script = Playbook(office_hours=[once])
    stage.settings["ECHO_AGENT__IDLE_TIMEOUT"] = "3"
    person = stage.person
    await stage.begin(sees="Nothing happened for 3 seconds")
    person.choose("Retry")
    await person.sees("Now.")


async def test_the_network_goes_away(stage: Stage) -> None:
    """The platform cannot be reached while a turn ends: the answer arrives when it is back, once and whole."""
    gone = asyncio.Event()

    def answer(_request: ModelRequest) -> Step:
        gone.set()
        return says(f"A long considered answer.\n\n{READY}", delay=0.2)

    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), answer])
    person = stage.person
    await stage.begin(sees="Hello.")
    person.say("what do you think?")
    await asyncio.wait_for(gone.wait(), 20)
    await person.go_dark()
    await asyncio.sleep(3)
    await person.come_back()
    await person.is_offered("Continue to CEO review", timeout=60)
    assert person.count("A long considered answer.") == 1


async def test_ctrl_c_in_the_middle_of_a_turn(stage: Stage) -> None:
    """Ctrl-C ends the daemon within five seconds, with all its processes; the next start finds the turn."""
    begun = asyncio.Event()

    def once(_request: ModelRequest) -> Step:
        if begun.is_set():
            return says(f"Finished after all.\n\n{INPUT}")
        begun.set()
        return Step(text=("Thinking",), hang=True)

    stage.model.script = Playbook(office_hours=[once])
    person = stage.person
    await stage.begin()
    await asyncio.wait_for(begun.wait(), 20)
    children = stage.children()
    assert await stage.stop(seconds=5) == 0
    assert not any(child.is_running() for child in children)
    await stage.start()
    await person.is_offered("Retry")
    person.choose("Retry")
    await person.sees("Finished after all.")


async def test_two_daemons_on_one_folder(stage: Stage) -> None:
    """A second daemon on the same state folder is refused with a line that says so."""
    await stage.start()
    code, output = await stage.run("serve")
    assert code == 1
    assert "is using the state folder" in output
    assert "Traceback" not in output


async def test_no_credential(stage: Stage) -> None:
    """Without a credential `serve` stops with a line that says how to get one; it does not rehearse."""
    stage.settings |= {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "", "CLAUDE_CODE_OAUTH_TOKEN": ""}
    code, output = await stage.run("serve")
    assert code == 1
    assert "ANTHROPIC_API_KEY" in output
    assert "echo-core demo" in output
    assert stage.model.requests == []


async def test_no_token(stage: Stage) -> None:
    """With nothing to serve `serve` says what to set."""
    stage.settings["ECHO_ADAPTERS"] = "[]"
    code, output = await stage.run("serve", without_platform=True)
    assert code == 1
    assert "ECHO_TELEGRAM__TOKEN" in output


async def test_a_wrong_token(stage: Stage) -> None:
    """A token that the platform rejects ends the daemon with a line that does not show it."""
    wrong = "123456:wrong-token-wrong-token-wrong-token-x"
    stage.settings |= {"ECHO_TELEGRAM__TOKEN": wrong, "ECHO_DISCORD__TOKEN": wrong}
    code, output = await stage.run("serve")
    assert code == 1
    assert "token" in output.lower()
    assert wrong not in output
    assert "Traceback" not in output


async def test_a_missing_cli(stage: Stage) -> None:
    """Without the CLI `serve` stops and says how to get it back."""
    stage.settings["ECHO_AGENT__CLI_PATH"] = str(stage.folder / "no-such-claude")
    code, output = await stage.run("serve")
    assert code == 1
    assert "Claude Code was not found" in output


async def test_a_vanished_workspace(stage: Stage) -> None:
    """Somebody deletes the workspace between two messages: it is made anew, and the channel is told."""
    stage.model.script = Playbook(office_hours=[says(f"Hello.\n\n{INPUT}"), says(f"Going on.\n\n{INPUT}")])
    person = stage.person
    await stage.begin(sees="Hello.")
    await person.until(stage.settled, what="the turn to be over")
    await asyncio.to_thread(shutil.rmtree, stage.workspace())
    person.say("go on")
    await person.sees("had gone")
    await person.sees("Going on.")
    assert stage.workspace().is_dir()


async def test_a_damaged_state_file(stage: Stage) -> None:
    """A state file that cannot be read is set aside and reported to the channel; the bot goes on."""
    person = stage.person
    await stage.begin(sees="Hello.")
    await person.until(stage.settled, what="the turn to be over")
    await stage.stop()
    (path,) = (stage.state / "conversations").glob("*.json")
    path.write_bytes(path.read_bytes()[:40])
    await stage.start()
    person.command("/status")
    await person.sees("could not be read")
    assert len(list((stage.state / "damaged").iterdir())) == 1


async def test_nobody_is_let_in(stage: Stage) -> None:
    """A token without anyone allowed starts, serves nobody, and says how to let someone in."""
    person = stage.person
    stage.settings |= {"ECHO_TELEGRAM__ALLOWED_USERS": "[]", "ECHO_DISCORD__ALLOWED_USERS": "[]"}
    await stage.begin()
    await person.sees(f"Your id is {person.user_id}")
    assert "ALLOWED_USERS" in stage.log_text()
    assert not stage.workspace().exists()


@on_telegram
async def test_another_poller(stage: Stage) -> None:
    """Another program polls with the same token: the log says so, and the daemon goes on when it is alone again."""
    person = stage.person
    assert isinstance(person, TelegramPerson)
    await stage.start()
    person.server.fail(
        "getUpdates", status=409, description="Conflict: terminated by other getUpdates request", times=2
    )
    person.command("/plan todo-app A todo list for two")
    await person.sees("Hello.", timeout=60)
    assert "another" in stage.log_text().lower()


@on_discord
async def test_without_the_message_content_intent(stage: Stage) -> None:
    """The privileged intent is off: the log says what to switch on, and commands and mentions work."""
    person = stage.person
    assert isinstance(person, DiscordPerson)
    person.server.message_content_allowed = False
    await stage.begin(sees="Hello.")
    assert "Message Content Intent" in stage.log_text()


async def test_bypass_is_announced(stage: Stage) -> None:
    """Permissions that are switched off are a warning at each start."""
    stage.settings["ECHO_AGENT__PERMISSIONS"] = "bypass"
    await stage.start()
    assert stage.log_lines("permissions_bypassed")


async def test_the_agent_sees_no_secret_of_ours(stage: Stage) -> None:
    """No bot token, no setting of ours and nothing that marks a build server is in the environment of any child."""
    begun = asyncio.Event()

    def forever(_request: ModelRequest) -> Step:
        begun.set()
        return Step(text=("Hm",), hang=True)

    stage.model.script = Playbook(office_hours=[forever])
    stage.settings |= {
        "CI": "true",
        "CLAUDECODE": "1",
        "DATABASE_URL": "postgres://me:secret@db/x",
        "MY_TOKEN": "t0ken",
    }
    await stage.begin()
    await asyncio.wait_for(begun.wait(), 20)
    seen = [child.environ() for child in stage.children()]
    assert any("ANTHROPIC_API_KEY" in environ for environ in seen)
    for environ in seen:
        assert not {"CI", "CLAUDECODE", "DATABASE_URL", "MY_TOKEN"} & set(environ)
        assert not [name for name in environ if name.startswith(("ECHO_TELEGRAM", "ECHO_DISCORD"))]
        assert stage.person.server.token not in environ.values()
