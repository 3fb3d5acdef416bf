"""A scripted model: a Messages API on loopback that the real CLI talks to, for demo, tests and benchmarks."""

from echo_core.rehearsal.model import Failure, ModelRequest, Script, Step, ToolCall
from echo_core.rehearsal.server import RehearsalServer, environment

__all__ = ["Failure", "ModelRequest", "RehearsalServer", "Script", "Step", "ToolCall", "environment"]
