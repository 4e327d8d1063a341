"""The language that a stage speaks: French or English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.manifest import texts
from noctule.planning import detect_language

if TYPE_CHECKING:
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language

__all__ = ["detect_language", "language_of"]


def language_of(task: IntegrationTask) -> Language:
    """The task's `language` where the file has it, else the language of its texts."""
    if "language" in task.lines:
        return task.language
    return detect_language(" ".join(text for _, text in texts(task) if " " in text))
