from __future__ import annotations

import re

import pytest

from echo_core.adapter import Adapter, Capabilities, Channel, Check, CommandSpec, Core, Parameter, Plugin
from echo_core.commands import command_specs
from echo_core.config import AdapterSettings
from echo_core.intents import Notice
from echo_core.messages import ChannelKey
from echo_core.router import Router
from echo_core.testing.recording import RecordingCore
from tests.channels import RecordingChannel


def test_a_channel_can_nothing_unless_it_says_so() -> None:
    """Every capability defaults to "no", so that a minimal adapter says nothing."""
    capabilities = Capabilities()
    assert capabilities.edit_interval is None
    assert capabilities.typing_interval is None


def test_the_seams_are_implemented_by_what_claims_to() -> None:
    """The router and the recording core are cores, the recording channel is a channel (checked by the types, too)."""
    core: type[Core] = Router
    other: type[Core] = RecordingCore
    channel: Channel[str] = RecordingChannel(ChannelKey("a", "1"))
    assert core is not other
    assert channel.parts(Notice("hello")) == ("hello",)


@pytest.mark.parametrize("spec", command_specs(), ids=lambda spec: spec.name)
def test_commands_suit_the_platforms_menus(spec: CommandSpec) -> None:
    """Names, descriptions and parameters keep to what Discord and Telegram take."""
    assert re.fullmatch(r"[a-z]{1,32}", spec.name)
    assert 1 <= len(spec.description) <= 100
    required = [parameter.required for parameter in spec.parameters]
    assert required == sorted(required, reverse=True)
    for parameter in spec.parameters:
        assert re.fullmatch(r"[a-z][a-z-]{0,31}", parameter.name)
        assert 1 <= len(parameter.description) <= 100


def test_the_commands_of_the_issue_are_all_there() -> None:
    """Everything that people were promised is in the menu, `/plan` first."""
    names = [spec.name for spec in command_specs()]
    assert names[0] == "plan"
    assert set(names) == {
        "plan", "status", "stop", "exit", "resume", "advance", "redo", "skip", "history", "files", "help", "undo",
        "fork", "decisions", "why", "reopen", "catchup", "diff", "withdraw",
    }  # fmt: skip


def test_what_the_core_knows_values_for_can_be_completed() -> None:
    """Plans that were left, decisions and files."""
    known = [(spec.name, item.name) for spec in command_specs() for item in spec.parameters if item.complete]
    assert known == [("resume", "slug"), ("why", "decision"), ("reopen", "decision"), ("files", "name")]


def test_a_plugin_and_a_check_need_little() -> None:
    """A plugin without a probe and without an extra, a parameter and a check without a remedy are complete."""

    def build(_: AdapterSettings) -> Adapter:
        raise NotImplementedError

    plugin = Plugin("mine", AdapterSettings, build)
    assert (plugin.probe, plugin.extra) == (None, "")
    assert Parameter("name", "A name").kind == "word"
    assert Check("python", ok=True, detail="3.11").remedy == ""
