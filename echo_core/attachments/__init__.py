"""Files that people send: fetched into the plan's workspace, looked at, put into words."""

from __future__ import annotations

from echo_core.attachments.intake import Intake
from echo_core.attachments.taken import Taken, TakenFile, prompt_lines

__all__ = ["Intake", "Taken", "TakenFile", "prompt_lines"]
