"""The error that stops a stage: it has a place, a cause and a next command.

A `Problem` carries a key of the message catalogue, not a sentence, so that whoever shows it chooses
the language. Its exit code is part of the public interface (docs/cli.md).
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import Any

from noctule.messages import Language, say


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FINDINGS = 1
    """A finding, a failed test, or a promise broken under a fault."""
    USAGE = 2
    REFUSED = 3
    """A rule of the card forbids it: an unsigned webhook, an incomplete document."""
    CONFLICTS = 4
    """The user's edit and the new version conflict; both are in the file."""
    QUESTION = 5
    """One question must be answered first."""
    OUTSIDE = 6
    """The network or the file system failed."""
    BUG = 70


class Problem(Exception):
    """A stage cannot continue, and the user can do something about it.

    `key` names an entry of the catalogue with `en` and `fr` (the cause) and, if a command helps,
    `next_en` and `next_fr`. `place` is a path, a JSON pointer or an option.
    """

    def __init__(self, key: str, *, exit: Exit, place: str = "", **params: object) -> None:
        self.key = key
        self.exit = exit
        self.place = place
        self.params = params
        super().__init__(self.cause("en"))

    def __reduce__(self) -> tuple[Any, ...]:
        details: dict[str, Any] = {"exit": self.exit, "place": self.place, **self.params}
        return partial(type(self), **details), (self.key,)

    def cause(self, language: Language) -> str:
        return say(language, self.key, place=self.place, **self.params)

    def next_step(self, language: Language) -> str | None:
        """The command to run next, or None."""
        return say(language, self.key, "next", place=self.place, **self.params) or None

    def as_json(self, language: Language) -> dict[str, object]:
        return {
            "code": self.key,
            "place": self.place,
            "cause": self.cause(language),
            "next": self.next_step(language),
            "exit": int(self.exit),
        }
