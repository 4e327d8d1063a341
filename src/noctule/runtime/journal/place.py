"""Where the journal is: the same answer for the service that writes and the doctor that reads."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "NOCTULE_JOURNAL"
_OFF = frozenset({"off", "0", "false", "no", "none"})


def journal_folder() -> Path | None:
    """The folder that `NOCTULE_JOURNAL` names, else `journal` beside the inbox's file, which is in
    `.noctule` of the working directory by default. None when the journal is off."""
    setting = os.environ.get(VARIABLE, "").strip()
    if setting.lower() in _OFF:
        return None
    if setting:
        return Path(setting)
    inbox = os.environ.get("NOCTULE_INBOX", "")
    beside = Path(inbox).parent if inbox and "://" not in inbox else Path(".noctule")
    return beside / "journal"
