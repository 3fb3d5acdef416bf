"""The adapters that are installed: found by entry point, loaded when first asked for, errors kept as values.

An adapter that cannot be loaded is a line in `problems` and stops no other one. `docs/write-an-adapter.md` shows
what an entry point of the group `echo_core.adapters` names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from echo_core.adapter import Adapter, Plugin
from echo_core.config import AdapterSettings, Settings
from echo_core.errors import AdapterError, ConfigError, EchoError

GROUP = "echo_core.adapters"

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")


class Registry:
    """The installed adapters, by name. Without `points` those of the environment are taken."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self._points = points

    @property
    def plugins(self) -> Mapping[str, Plugin]:
        """The adapters that could be loaded, in the order of their names."""
        return self._loaded[0]

    @property
    def problems(self) -> Mapping[str, AdapterError]:
        """What is wrong with those that could not, by name."""
        return self._loaded[1]

    def sections(self) -> dict[str, type[AdapterSettings]]:
        """Give the class of each adapter's configuration section, for `load_settings`."""
        return {name: plugin.settings for name, plugin in self.plugins.items()}

    def chosen(self, settings: Settings) -> tuple[str, ...]:
        """Give the names of the adapters to run: those that `settings.adapters` lists, or else every configured one.

        Raises `ConfigError` when the list names one that is not there.
        """
        if settings.adapters is None:
            return tuple(name for name in self.plugins if settings.section(name).configured)
        problems = tuple(self._missing(name) for name in settings.adapters if name not in self.plugins)
        if problems:
            raise ConfigError(problems=problems, source="the list of adapters (ECHO_ADAPTERS)")
        return tuple(dict.fromkeys(settings.adapters))

    def build(self, name: str, section: AdapterSettings) -> Adapter:
        """Make an adapter; its chat library is imported now.

        Raises `AdapterError`, with the pip extra to install when that library is missing.
        """
        plugin = self.plugins.get(name)
        if plugin is None:
            raise AdapterError(adapter=name, reason=self._missing(name))
        try:
            return plugin.build(section)
        except EchoError:
            raise
        except ImportError as error:
            raise AdapterError(adapter=name, reason=missing_library(plugin, error)) from error
        except Exception as error:
            raise AdapterError(adapter=name, reason=f"{type(error).__name__}: {error}") from error

    @cached_property
    def _loaded(self) -> tuple[Mapping[str, Plugin], Mapping[str, AdapterError]]:
        plugins: dict[str, Plugin] = {}
        problems: dict[str, AdapterError] = {}
        points = entry_points(group=GROUP) if self._points is None else self._points
        unique = {(point.name, point.value): point for point in points}
        for point in sorted(unique.values(), key=lambda point: (point.name, point.value)):
            if point.name in plugins or point.name in problems:
                reason = f"{point.value} has the same name as another adapter; uninstall one of the two"
                problems[point.name] = AdapterError(adapter=point.name, reason=reason)
                plugins.pop(point.name, None)
                continue
            try:
                plugins[point.name] = _load(point)
            except AdapterError as error:
                problems[point.name] = error
        return MappingProxyType(plugins), MappingProxyType(problems)

    def _missing(self, name: str) -> str:
        if name in self.problems:
            return self.problems[name].reason
        return f"there is no adapter {name!r}; installed: {', '.join(self.plugins) or 'none'}"


def missing_library(plugin: Plugin, error: ImportError) -> str:
    """Say which library an adapter lacks, and how to get it."""
    if plugin.extra:
        return f"{error.name or 'a library'} is not installed: run pip install 'echo-core[{plugin.extra}]'"
    return f"{error.name or 'a library'} is not installed"


def _load(point: EntryPoint) -> Plugin:
    try:
        plugin: object = point.load()
    except Exception as error:
        reason = f"{point.value} cannot be loaded ({type(error).__name__}: {error}); reinstall or uninstall it"
        raise AdapterError(adapter=point.name, reason=reason) from error
    if not isinstance(plugin, Plugin):
        raise AdapterError(adapter=point.name, reason=f"{point.value} is not a Plugin")
    reason = _objection(point, plugin, plugin.settings)
    if reason:
        raise AdapterError(adapter=point.name, reason=reason)
    return plugin


def _objection(point: EntryPoint, plugin: Plugin, section: object) -> str:
    if plugin.name != point.name:
        return f"{point.value} calls itself {plugin.name!r}"
    if not _NAME.fullmatch(point.name):
        return "its name must be lower-case letters and digits"
    if point.name in Settings.model_fields:
        return "a setting of echo-core itself has this name"
    if not (isinstance(section, type) and issubclass(section, AdapterSettings)):
        return f"its settings {section!r} are not a class of AdapterSettings"
    return ""
