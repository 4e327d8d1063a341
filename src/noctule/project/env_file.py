"""`.env.example`: variables with a comment above each, merged into the existing file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"^\s*(?:#\s*)?(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.MULTILINE)


def render(title: str, variables: Mapping[str, str]) -> str:
    """A section: `title` as a comment, then each variable without a value after its description.
    Names that no shell accepts are left out."""
    valid = {name: text for name, text in variables.items() if _NAME.fullmatch(name)}
    entries = (f"# {_one_line(text)}\n{name}=\n" for name, text in valid.items())
    return f"# --- {_one_line(title)} ---\n" + "".join(entries)


def merge(current: str, section: str, before: str = "") -> str:
    """`current` with the entries of `section` that it lacks, at its end.

    Existing lines do not change. An entry that was in the section `before` and is no longer in the
    file was deleted by the user, and is not added again.
    """
    present = {*_names(current), *_names(before)}
    title, *entries = _entries(section)
    missing = [entry for entry in entries if not present.issuperset(_names(entry))]
    if not missing:
        return current
    head = [] if title in current else [title]
    lines = current if not current or current.endswith("\n") else f"{current}\n"
    gap = "\n" if lines and head else ""
    return lines + gap + "".join([*head, *missing])


def _names(text: str) -> Iterable[str]:
    return _VARIABLE.findall(text)


def _entries(section: str) -> list[str]:
    """The title line, then two lines per variable."""
    lines = section.splitlines(keepends=True)
    return lines[:1] + ["".join(lines[at : at + 2]) for at in range(1, len(lines), 2)]


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
