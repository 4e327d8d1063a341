"""`task`: print a task file, or the JSON Schema of all task files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule import manifest

if TYPE_CHECKING:
    from pathlib import Path


def task_text(path: Path, *, card_only: bool = False, as_json: bool = False) -> str:
    """The task at `path` as it was read, in YAML or JSON. Raises `Problem`."""
    task = manifest.read(path)
    text = manifest.card(task) if card_only else manifest.dumps(task)
    return manifest.to_json(text) if as_json else text


def task_schema() -> dict[str, Any]:
    """The JSON Schema of a task file."""
    return manifest.json_schema()
