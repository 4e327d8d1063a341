"""The texts that noctule last wrote, kept beside the tasks, to recognise the user's edits.

`integrations/.noctule/<service>.lock` is JSON: path -> digest and compressed text of the file as
it was generated. It belongs in version control, next to the task.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "integrations/.noctule"
_VERSION = 1
_MAX_TEXT = 8 * 1024 * 1024


def read(path: Path, place: str) -> dict[str, str]:
    """Path -> text as generated; empty without a lock. Raises `Problem` (exit 2) for a broken lock;
    `place` is its path for the message."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(place, error) from error
    try:
        files: dict[str, Any] = json.loads(content)["files"]
        return {name: _unpack(entry) for name, entry in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, zlib.error) as error:
        raise _unreadable(place, error) from error


def dump(pristine: dict[str, str]) -> str:
    """The text of a lock; the order of `pristine` makes no difference."""
    files = {name: _pack(pristine[name]) for name in sorted(pristine)}
    return json.dumps({"version": _VERSION, "files": files}, indent=2) + "\n"


def _pack(text: str) -> dict[str, str]:
    data = text.encode()
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return {"sha256": hashlib.sha256(data).hexdigest(), "text": packed}


def _unpack(entry: dict[str, str]) -> str:
    machine = zlib.decompressobj()
    data = machine.decompress(base64.b64decode(entry["text"], validate=True), _MAX_TEXT)
    if machine.unconsumed_tail or hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError("the text does not match its digest")
    return data.decode()


def _unreadable(place: str, error: Exception) -> Problem:
    reason = (
        error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    )
    return Problem("project.lock_unreadable", exit=Exit.USAGE, place=place, reason=reason)
