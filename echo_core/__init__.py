"""echo-core: plan a project with Claude in a chat channel."""

__version__ = "0.1.0"
