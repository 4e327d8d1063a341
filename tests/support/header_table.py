"""The table of headers (`tests/data/headers.toml`), as rows of a test and as a page of the docs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

from support.paths import DATA

INTRODUCTION = """\
# What providers say in headers

`make pages` writes this page from `tests/data/headers.toml`, and each row of it is a test. The
response of a row answers a GET made on Friday, 15 January 2027 at 08:00:00 UTC, which is 1800000000
seconds since the epoch.

- *Waits*: what the provider asks for, which is `error.retry_after` and, where it is longer than our
  own wait (1, 2 and 4 s), the wait before a retry. A
  call that may not wait so long (`retry.max_retry_after`, 60 s, or its deadline) fails at once.
- *Holds*: for so long no call is sent to this origin with this credential, for `max_cooldown`
  (300 s) at most. A call that may wait as long does; another one fails with `RateLimited`, and
  nothing is sent.
- *Holds the operation*: the limit has a name, or is one of an endpoint, so other operations go on.
- *Event*: `deprecated`, to `on_event` and the log, once per operation and announcement.

What cannot be read says nothing, and no header can stop calls for longer than `max_cooldown`.
"""


@dataclass(frozen=True)
class HeaderRow:
    """One response, and what the runtime is to make of it. Durations in seconds."""

    group: str
    who: str
    source: str
    status: int
    headers: dict[str, str]
    body: str = "{}"
    waits: float | None = None
    holds: float = 0
    holds_operation: float = 0
    error: str = ""
    code: str | None = None
    problem: str | None = None
    deprecated: dict[str, str] = field(default_factory=dict[str, str])
    pack: str = ""
    note: str = ""

    @property
    def effects(self) -> str:
        """What happens, in words."""
        parts = [
            f"waits {_seconds(self.waits)}" if self.waits is not None else "",
            f"holds {_seconds(self.holds)}" if self.holds else "",
            f"holds the operation {_seconds(self.holds_operation)}" if self.holds_operation else "",
            f"`{self.error}`" if self.error else "",
            f"`provider_code` {self.code}" if self.code else "",
            f"`error.problem.title`: {self.problem}" if self.problem else "",
            _event(self.deprecated) if self.deprecated else "",
        ]
        text = "; ".join(part for part in parts if part) or "nothing"
        return f"{text} ({self.note})" if self.note else text


def rows() -> list[HeaderRow]:
    groups: list[dict[str, Any]] = tomllib.loads(
        (DATA / "headers.toml").read_text(encoding="utf-8")
    )["group"]
    return [HeaderRow(group["title"], **row) for group in groups for row in group["row"]]


def page() -> str:
    """docs/runtime/headers.md."""
    text, group = INTRODUCTION, ""
    for row in rows():
        if row.group != group:
            group = row.group
            text += f"\n## {group}\n\n| who | response | what the runtime does |\n|---|---|---|\n"
        headers = "<br>".join(f"`{name}: {value}`" for name, value in row.headers.items())
        response = f"{row.status}<br>{headers}"
        text += f"| [{row.who}]({row.source}) | {_cell(response)} | {_cell(row.effects)} |\n"
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _seconds(seconds: float | None) -> str:
    return f"{seconds:,g} s" if seconds is not None and seconds < 1e6 else f"{seconds:,.0f} s"


def _event(deprecated: dict[str, str]) -> str:
    return "event: " + ", ".join(f"{name} {value}" for name, value in deprecated.items())
