"""What stops a stage: one error type that names the place, the cause and the next command.

A `Problem` carries a key of the message catalogue, never a sentence, so that the face that
shows it decides the language. Its exit code is part of the public interface (docs/cli.md).
"""

from __future__ import annotations

from enum import IntEnum

from noctule.messages import Language, say


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FINDINGS = 1
    """A finding, a failed test, or a promise broken under a fault."""
    USAGE = 2
    REFUSED = 3
    """A rule of the card refuses it: an unsigned webhook, an incomplete document."""
    CONFLICTS = 4
    """The user's edit and the new version differ; both are kept for the user to judge."""
    QUESTION = 5
    """One question needs an answer."""
    OUTSIDE = 6
    """The network, the sandbox or the file system failed."""
    BUG = 70


class Problem(Exception):
    """A stage cannot go on, and the user can act on it.

    `key` names an entry of the catalogue with `en` and `fr` (the cause) and, when a command
    helps, `next_en` and `next_fr`. `place` is a path, a pointer or an option.
    """

    def __init__(self, key: str, *, exit: Exit, place: str = "", **params: object) -> None:
        self.key = key
        self.exit = exit
        self.place = place
        self.params = params
        super().__init__(self.cause("en"))

    def cause(self, language: Language) -> str:
        return say(language, self.key, place=self.place, **self.params)

    def next_step(self, language: Language) -> str | None:
        """The command to run next, or None where there is none."""
        return say(language, self.key, "next", place=self.place, **self.params) or None

    def as_json(self, language: Language) -> dict[str, object]:
        return {
            "code": self.key,
            "place": self.place,
            "cause": self.cause(language),
            "next": self.next_step(language),
            "exit": int(self.exit),
        }
