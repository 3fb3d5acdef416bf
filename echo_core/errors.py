"""Every error that the project raises, in one tree.

    EchoError
    ├── ConfigError                 configuration that cannot be used
    ├── AlreadyRunningError         another daemon holds the state folder
    ├── InvalidKeyError             not `adapter:channel_id`
    ├── InvalidPressError           not a button of ours
    ├── WorkflowError               a workflow file that cannot be used
    ├── AdapterError                an adapter that cannot be loaded or must stop
    ├── WorkspaceError              a plan's folder that cannot be made
    ├── CommandError                a command that cannot be done as written
    ├── PlanTakenError              a plan of that name is under way in another channel
    ├── ProjectError                a project that cannot be registered, or is not
    ├── ProjectsFileError           the list of projects could not be read or written
    ├── OutOfDateError              a press or an answer to something that is not open any more
    ├── ImportFileError             a file of sessions that cannot be taken over
    ├── UnknownSessionError         a name that means no stored conversation, or several
    ├── JournalError                the durable record could not be read or written
    ├── ChannelError                a message could not be brought to a channel
    │   ├── RetryLaterError         the platform says when to try again
    │   ├── ChannelUnavailableError trouble that passes; what was sent may have arrived
    │   │   └── ChannelUnreachedError   the same, and certainly nothing arrived
    │   └── ChannelGoneError        the channel is gone or the bot was put out
    └── AgentError                  the agent cannot be used at all
        ├── AgentMissingError       no executable
        └── CredentialMissingError  no way to sign in

The text of each says what happened, to what, and what to do. No text holds a secret. What people in a channel may read
is in the language that is spoken where the error is made (`echo_core.texts`); the others are for operators.
"""

from __future__ import annotations

from pathlib import Path

from echo_core.texts import say


class EchoError(Exception):
    """The root of the tree: catch this to catch everything that is ours."""

    @property
    def for_operators(self) -> str:
        """What logs and terminals show, in English where the text is for people in a channel."""
        return str(self)


class ConfigError(EchoError):
    """Configuration that cannot be used. `problems` holds one line for each."""

    def __init__(self, *, problems: tuple[str, ...], source: str = "the configuration") -> None:
        self.problems = problems
        self.source = source
        super().__init__(f"{source} cannot be used: " + "; ".join(problems))


class AlreadyRunningError(EchoError):
    """Another process holds the state folder."""

    def __init__(self, *, state_dir: Path, pid: int | None = None) -> None:
        self.state_dir = state_dir
        self.pid = pid
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"Another echo-core{who} is using the state folder {state_dir}. Stop it first, or set ECHO_STATE_DIR to a "
            f"folder of this one's own."
        )


class InvalidKeyError(EchoError):
    """A text that is not `adapter:channel_id`."""

    def __init__(self, *, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is not a channel: write it as adapter:channel_id, for example discord:123.")


class InvalidPressError(EchoError):
    """A button's string that this version did not write."""

    def __init__(self, *, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is not a button of this bot.")


class WorkflowError(EchoError):
    """A workflow file that is missing or cannot be used.

    `problem` is a sentence for people in a channel, who see the file's name and no path; `reason` is for operators.
    """

    def __init__(self, *, path: Path, problem: str, reason: str) -> None:
        self.path = path
        self.problem = problem
        self.reason = reason
        super().__init__(say("errors-workflow", file=path.name, problem=problem))

    @property
    def for_operators(self) -> str:
        """The path and the reason, in English."""
        return f"The workflow {self.path} cannot be used: {self.reason}"


class AdapterError(EchoError):
    """An adapter that cannot be loaded, or that must stop for good."""

    def __init__(self, *, adapter: str, reason: str) -> None:
        self.adapter = adapter
        self.reason = reason
        super().__init__(f"The adapter {adapter} cannot run: {reason}")


class WorkspaceError(EchoError):
    """A plan's folder cannot be made or used. `reason` is the system's word."""

    def __init__(self, *, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(say("errors-workspace", folder=path.name, reason=reason))


class CommandError(EchoError):
    """A command that cannot be done as written. `usage` is how to write it."""

    def __init__(self, *, problem: str, usage: str = "") -> None:
        self.problem = problem
        self.usage = usage
        super().__init__(say("errors-usage", problem=problem, usage=usage) if usage else problem)


class PlanTakenError(EchoError):
    """A plan of that name is under way in another channel."""

    def __init__(self, *, slug: str) -> None:
        self.slug = slug
        super().__init__(say("errors-plan-taken", slug=slug))


class ProjectError(EchoError):
    """A project that cannot be registered, or is not. `reason` goes on after its name."""

    def __init__(self, *, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The project {name!r} {reason}.")


class ProjectsFileError(EchoError):
    """The list of projects could not be read or written. Its text is for people in a channel."""

    def __init__(self, *, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(say("projects-unusable"))


class OutOfDateError(EchoError):
    """A press or an answer to something that is not open any more."""

    def __init__(self) -> None:
        super().__init__(say("errors-out-of-date"))


class ImportFileError(EchoError):
    """A file of sessions that cannot be taken over; nothing of it was. `problems` holds one line for each."""

    def __init__(self, *, path: Path, problems: tuple[str, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__(f"{path} cannot be imported, and nothing was changed: " + "; ".join(problems))


class UnknownSessionError(EchoError):
    """A name that means no stored conversation, or several: `candidates`."""

    def __init__(self, *, name: str, candidates: tuple[str, ...] = ()) -> None:
        self.name = name
        self.candidates = candidates
        several = f"{name!r} means several: {', '.join(candidates)}. Name one of them."
        nothing = f"There is no session {name!r}. `echo-core sessions list` shows all."
        super().__init__(several if candidates else nothing)


class JournalError(EchoError):
    """The durable record could not be read or written. `doing` names the step, `reason` the system's word."""

    def __init__(self, *, doing: str, reason: str) -> None:
        self.doing = doing
        self.reason = reason
        super().__init__(f"The state folder failed while {doing}: {reason}")


class ChannelError(EchoError):
    """A message could not be brought to a channel."""

    def __init__(self, *, key: str, reason: str) -> None:
        self.key = key
        self.reason = reason
        super().__init__(f"{key} could not be reached: {reason}")


class RetryLaterError(ChannelError):
    """The platform says when to try again; `seconds` from now."""

    def __init__(self, *, key: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(key=key, reason=f"the platform asks to wait {seconds:g} s")


class ChannelUnavailableError(ChannelError):
    """Trouble of the network or the platform that passes: try again. What was to be done may have been done."""


class ChannelUnreachedError(ChannelUnavailableError):
    """Trouble that passes and that came before the platform could do anything: certainly nothing was done."""


class ChannelGoneError(ChannelError):
    """The channel or the message does not exist any more, or the bot may not write there at all; nothing was done."""


class AgentError(EchoError):
    """The agent cannot be used at all."""


class AgentMissingError(AgentError):
    """No executable of the agent."""

    def __init__(self, *, path: str | None = None) -> None:
        self.path = path
        where = f" at {path}" if path else ""
        super().__init__(
            f"Claude Code was not found{where}. It comes with echo-core's own installation: run `make clean`, "
            f"then `make serve`; or reinstall with `pip install --force-reinstall claude-agent-sdk`; or set "
            f"ECHO_AGENT__CLI_PATH."
        )


class CredentialMissingError(AgentError):
    """No credential for the agent."""

    def __init__(self) -> None:
        super().__init__(
            "Claude has no credential. Set ANTHROPIC_API_KEY (from console.anthropic.com), or "
            "CLAUDE_CODE_OAUTH_TOKEN (from `claude setup-token`), or sign in once with `claude` (on macOS only "
            "`claude setup-token` will do). "
            "To try echo-core without an account, run `echo-core demo`."
        )
