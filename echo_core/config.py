"""Configuration: `echo.toml` in the working directory, and `ECHO_` variables over it.

`__` stands between levels (`ECHO_TELEGRAM__TOKEN`). Lists in variables are JSON, or have commas between. An empty
variable counts as not set. Secrets are `SecretStr`, which prints as stars. `docs/configuration.md` lists every setting.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from echo_core.errors import ConfigError
from echo_core.messages import Author

CONFIG_FILE = "echo.toml"
PREFIX = "ECHO_"


def _as_names(value: object) -> object:
    """Read a list as people write it: JSON, or with commas or blanks between; a number counts as its digits."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError('write it as a JSON list, for example ["123", "456"]') from None
    if isinstance(value, (str, int)):
        value = [part for part in str(value).replace(",", " ").split() if part]
    return [str(item) for item in value] if isinstance(value, (list, tuple, set, frozenset)) else value


def _as_words(value: object) -> object:
    """Read a command as a shell writes it, or as a list of its words."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return tuple(shlex.split(value))
    return tuple(json.loads(value)) if isinstance(value, str) else value


Ids = Annotated[frozenset[str], NoDecode, BeforeValidator(_as_names)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_names)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_as_words)]


class Section(BaseModel):
    """A part of the configuration; an unknown name in it is an error, so that a typing mistake is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AdapterSettings(Section):
    """What every adapter's section has: who is served.

    Nobody is, until an id stands in one of the lists. `listen` says which messages of a shared channel count: those
    that address the bot, or in a channel with a plan all (`plan`); a thread or topic that was opened for a plan is the
    bot's own. `streaming` says what is seen while the agent works: nothing, its text as it grows, or what it is doing
    and then its text. With `threads` every `/plan` opens a thread or topic of its own.
    """

    allowed_users: Ids = frozenset()
    allowed_roles: Ids = frozenset()
    allowed_chats: Ids = frozenset()
    listen: Literal["mention", "plan"] = "plan"
    streaming: Literal["off", "partial", "progress"] = "progress"
    threads: bool = False
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """Where the adapter may keep files of its own, perhaps not there yet; None outside a daemon."""
        return self._folder

    def kept_in(self, folder: Path) -> Self:
        """Give these settings for an adapter that may keep files there."""
        own = self.model_copy()
        own._folder = folder  # noqa: SLF001 - a copy of its own
        return own

    @property
    def configured(self) -> bool:
        """Whether this adapter can run: by default the adapters that say so are started."""
        return False

    def allows(self, author: Author, chat_id: str) -> bool:
        """Whether someone is served: by their id, by the chat they write in, or by a role they hold."""
        return (
            author.id in self.allowed_users
            or chat_id in self.allowed_chats
            or not self.allowed_roles.isdisjoint(author.roles)
        )

    @property
    def open_to_anyone(self) -> bool:
        """Whether someone at all is let in."""
        return bool(self.allowed_users or self.allowed_roles or self.allowed_chats)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values, for taking them out of anything that is written."""
        return ()


class AgentSettings(Section):
    """The agent. Times are in seconds.

    `permissions` "ask" lets the agent read and write in the plan's folders and asks for everything else; "bypass"
    lets it do anything the daemon's user can. `idle_timeout` ends a turn in which nothing happens, `turn_timeout`
    (none by default) any turn. `while_running` says what a message does that comes during a turn: wait for its end
    (`queue`), or end it (`interrupt`). `warm` processes are kept for the next turn of their conversation, each for
    `warm_seconds` at most; 0 starts one for each turn. `memory_mb` is what all processes should take together, a third
    of the memory there is by default: idle ones are ended for that.
    """

    kind: Literal["auto", "claude", "rehearsal"] = "auto"
    permissions: Literal["ask", "bypass"] = "ask"
    model: str | None = None
    cli_path: Path | None = None
    max_turns: int = Field(default=20, ge=1)
    max_turns_retry: int = Field(default=30, ge=1)
    idle_timeout: float = Field(default=600.0, gt=0)
    turn_timeout: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=4, ge=1, le=100)
    while_running: Literal["queue", "interrupt"] = "queue"
    warm: int = Field(default=16, ge=0, le=1000)
    warm_seconds: float = Field(default=900.0, gt=0)
    memory_mb: int | None = Field(default=None, ge=1)


class AttachmentSettings(Section):
    """Files that people send. `largest` counts bytes, `most` files in one message.

    `transcribe` is a command that writes what is said in a recording to its output; `{file}` in it stands for the
    recording's path. Empty: voice messages are not taken in. `transcribe_timeout` is in seconds.
    """

    largest: int = Field(default=20_000_000, ge=1)
    most: int = Field(default=10, ge=1, le=100)
    transcribe: Words = ()
    transcribe_timeout: float = Field(default=120.0, gt=0)


class LogSettings(Section):
    """The log: `auto` writes for people on a terminal and JSON elsewhere."""

    format: Literal["auto", "human", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """The whole configuration; `load_settings` adds a section for each adapter that is installed.

    `language` is what the bot itself says things in; `auto` goes by the person. A reply of more than `reply_limit`
    characters is sent as a file, with its beginning above it.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        toml_file=CONFIG_FILE,
    )

    state_dir: Path = Path("sessions")
    workspace_root: Path = Path("~/workspace")
    prompts_dir: Path | None = None
    workflow: str = "planning"
    adapters: Names | None = None
    language: Literal["auto", "en", "ro"] = "auto"
    reply_limit: int = Field(default=12_000, ge=1_000)
    agent: AgentSettings = AgentSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what was passed first, then the environment, then `echo.toml`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def section(self, adapter: str) -> AdapterSettings:
        """Give the section of an adapter."""
        return cast("AdapterSettings", getattr(self, adapter))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values of every adapter, for `log.configure`."""
        parts = (getattr(self, name) for name in type(self).model_fields)
        return tuple(secret for part in parts if isinstance(part, AdapterSettings) for secret in part.secrets)


SettingsT = TypeVar("SettingsT", bound=Settings)


def load_settings(sections: Mapping[str, type[AdapterSettings]], **values: Any) -> Settings:  # noqa: ANN401 - any setting
    """Read the configuration, with a section for each adapter in `sections`.

    `values` win over the environment and the file. Relative folders are taken from the working directory. Raises
    `ConfigError` with a line for each problem; no line holds a value, since a value may be a secret.
    """
    try:
        return _model(sections)(**values)
    except ValidationError as error:
        raise ConfigError(problems=tuple(_problem(item) for item in error.errors())) from None
    except SettingsError as error:
        raise ConfigError(problems=(str(error).split("\n", maxsplit=1)[0],)) from None
    except ValueError as error:
        raise ConfigError(problems=(f"{CONFIG_FILE} is not TOML: {error}",)) from None
    except OSError as error:
        raise ConfigError(problems=(f"{CONFIG_FILE} cannot be read ({error.strerror})",)) from None


def unknown_variables(sections: Mapping[str, type[AdapterSettings]], environ: Iterable[str]) -> tuple[str, ...]:
    """Give the names in `environ` that begin as ours do and that no setting reads: typing mistakes, most likely."""
    fields = _model(sections).model_fields
    return tuple(name for name in environ if name.upper().startswith(PREFIX) and not _is_read(name, fields))


def _model(sections: Mapping[str, type[AdapterSettings]]) -> type[Settings]:
    fields: dict[str, Any] = {name: (section, section()) for name, section in sections.items()}
    return create_model("Settings", __base__=Settings, **fields)


def _is_read(name: str, fields: Mapping[str, FieldInfo]) -> bool:
    first, *rest = name[len(PREFIX) :].lower().split("__")
    if first not in fields or len(rest) > 1:
        return False
    section = fields[first].annotation
    if not rest:
        return True
    return isinstance(section, type) and issubclass(section, BaseModel) and rest[0] in section.model_fields


def _problem(item: Mapping[str, Any]) -> str:
    path = [str(step) for step in item["loc"]]
    unknown = item["type"] == "extra_forbidden"
    reason = "there is no such setting" if unknown else item["msg"].removeprefix("Value error, ")
    return f"{'.'.join(path)} ({PREFIX}{'__'.join(path).upper()}): {reason}"
