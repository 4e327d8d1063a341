"""How many calls are left, and when there are more: what providers say about their limits.

Read are the fields of draft-ietf-httpapi-ratelimit-headers (`RateLimit` and `RateLimit-Policy`, as
in draft 11 of May 2026 and in draft 7), the three fields of its first six drafts, the families with
`X-` in front of them, others of the same make, and what a service names itself
(`RateLimitHeaders`). How each is understood
is shown, case by case, in docs/runtime/headers.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeGuard

from noctule.runtime.responses.moments import number, seconds_until
from noctule.runtime.responses.retry_after import provider_time
from noctule.runtime.responses.structured_fields import FieldDate, parse_dictionary, parse_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.runtime.responses.structured_fields import StructuredItem

ResetKind = Literal["epoch", "epoch-ms", "seconds", "milliseconds", "date"]


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """The headers by which one provider says how many calls are left, and when there are more."""

    remaining_header: str
    reset_header: str
    reset_kind: ResetKind = "epoch"
    statuses: tuple[int, ...] = ()
    """Statuses, besides 429, that are rate limits where the answer has `Retry-After`, says that
    no call is left, or has one of the `phrases` (GitHub's 403)."""
    phrases: tuple[str, ...] = ()
    """Texts in the body of such a status that make it a rate limit, in lower case."""


@dataclass(frozen=True, slots=True)
class RateWindow:
    """One limit of the provider, as of this response."""

    name: str
    """The name that the provider gives it, or the header that it was read from."""
    remaining: float
    """What is left, in the provider's unit; never negative."""
    limit: float | None = None
    seconds: float | None = None
    """Until there is more, where nothing is left; None when that is unknown."""
    blocks: bool = True
    """Whether no call is served while nothing is left."""
    shared: bool = True
    """Whether all operations draw on it; otherwise, only those like this one."""


@dataclass(frozen=True, slots=True)
class _Family:
    """Three headers that belong together."""

    remaining: str
    reset: str
    limit: str
    blocks: bool = True
    """Not where `reset` is the moment when everything is there again: a part of it is sooner."""
    shared: bool = True


def _family(names: str, *, blocks: bool = True, shared: bool = True) -> _Family:
    remaining, reset, limit = (names.format(name) for name in ("remaining", "reset", "limit"))
    return _Family(remaining, reset, limit, blocks, shared)


FAMILIES = (
    _family("ratelimit-{}"),
    _family("x-ratelimit-{}"),
    # X, Okta and Sentry have a limit for each endpoint, and Brevo too.
    _family("x-rate-limit-{}", shared=False),
    _family("x-sentry-rate-limit-{}", shared=False),
    _family("x-sib-ratelimit-{}", shared=False),
    # OpenAI and Anthropic refill continuously, and say when all of it is there again.
    _family("x-ratelimit-{}-requests", blocks=False),
    _family("x-ratelimit-{}-tokens", blocks=False),
    _family("anthropic-ratelimit-requests-{}", blocks=False),
    _family("anthropic-ratelimit-tokens-{}", blocks=False),
    _family("anthropic-ratelimit-input-tokens-{}", blocks=False),
    _family("anthropic-ratelimit-output-tokens-{}", blocks=False),
    _Family("x-hubspot-ratelimit-daily-remaining", "", "x-hubspot-ratelimit-daily", blocks=False),
)
_KNOWN = {family.remaining: family for family in FAMILIES}
_UNKNOWN = re.compile(r"[a-z0-9-]*(?:rate-?limit|quota|throttle)[a-z0-9-]*remaining[a-z0-9-]*")
_OTHER_UNITS = re.compile(r"token|byte|cost|point|concurren")

_BUCKETS = ("x-ratelimit-bucket", "x-ratelimit-resource", "x-ratelimit-name", "ratelimit-name")
"""Discord, GitHub, Datadog, GitLab: the name of the limit, which only some operations draw on."""
_SHARED_BUCKETS = frozenset({"core", "global"})
_RESETS = ("-after", "", "time", "-time", "-date", "-at")
MAX_WINDOWS = 10


def rate_windows(
    headers: Mapping[str, str], names: RateLimitHeaders | None, now: float
) -> list[RateWindow]:
    """Every limit that the headers tell of. `now`: seconds since the epoch, for a provider that
    does not tell its own time."""
    windows: list[RateWindow] = []
    own = ""
    if names is not None:
        own = names.remaining_header.lower()
        windows += _named(headers, names, now)
    for name in headers:
        if name == "ratelimit":
            windows += _standard(headers[name], headers.get("ratelimit-policy", ""))
        elif name != own and (family := _family_of(name)) is not None:
            windows += _triple(headers, family, now)
    return windows[:MAX_WINDOWS]


@lru_cache
def _family_of(name: str) -> _Family | None:
    """The headers that belong to one that says what remains; None for any other. A family that is
    not known is taken to be the limit of an endpoint, and to block calls if it counts them."""
    family = _KNOWN.get(name)
    if family is None and len(name) < 100 and _UNKNOWN.fullmatch(name):
        reset, limit = (name.replace("remaining", part) for part in ("reset", "limit"))
        family = _Family(name, reset, limit, blocks=not _OTHER_UNITS.search(name), shared=False)
    return family


def exhausted(windows: list[RateWindow]) -> RateWindow | None:
    """The limit that blocks calls for the longest time; None when none does."""
    empty = [w for w in windows if w.blocks and w.remaining == 0 and w.seconds and w.seconds > 0]
    return max(empty, key=lambda window: window.seconds or 0.0, default=None)


def _named(headers: Mapping[str, str], names: RateLimitHeaders, now: float) -> Iterator[RateWindow]:
    remaining = number(headers.get(names.remaining_header))
    if remaining is None:
        return
    seconds = None
    if remaining <= 0:
        value = headers.get(names.reset_header)
        seconds = amount = number(value)
        if amount is None or not names.reset_kind.endswith("seconds"):
            seconds = seconds_until(value, provider_time(headers, now))
        elif names.reset_kind == "milliseconds":
            seconds = amount / 1000
    limit = number(headers.get(names.remaining_header.lower().replace("remaining", "limit")))
    name, shared = names.remaining_header.lower(), remaining > 0 or _is_shared(headers)
    yield RateWindow(name, max(0.0, remaining), limit, seconds, shared=shared)


def _standard(value: str, policy: str) -> Iterator[RateWindow]:
    """`RateLimit: "default";r=0;t=30`, or draft 7's `limit=10, remaining=0, reset=30`."""
    members = parse_list(value)
    if members is None:
        yield from _draft_7(parse_dictionary(value) or {})
        return
    policies = {
        item.value: item.parameters
        for item in parse_list(policy) or ()
        if isinstance(item.value, str)
    }
    for item in members:
        remaining, seconds = item.parameters.get("r"), item.parameters.get("t")
        if not isinstance(item.value, str) or not _is_count(remaining):
            continue
        own = policies.get(item.value, {})
        limit = own.get("q")
        yield RateWindow(
            item.value,
            float(remaining),
            float(limit) if _is_count(limit) else None,
            float(seconds) if _is_count(seconds) else None,
            blocks=own.get("qu", "requests") in ("requests", "request"),
        )


def _draft_7(members: Mapping[str, StructuredItem]) -> Iterator[RateWindow]:
    values = {name: member.value for name, member in members.items()}
    remaining, limit, seconds = (values.get(name) for name in ("remaining", "limit", "reset"))
    if _is_count(remaining):
        yield RateWindow(
            "ratelimit",
            float(remaining),
            float(limit) if _is_count(limit) else None,
            float(seconds) if _is_count(seconds) else None,
        )


def _triple(headers: Mapping[str, str], family: _Family, now: float) -> Iterator[RateWindow]:
    """Three headers with a number each, or with one for each of several limits."""
    remaining = _first_numbers(headers[family.remaining])
    limits = _first_numbers(headers.get(family.limit, ""))
    resets: list[float | None] = [None]
    shared = family.shared
    if 0 in remaining:
        shared = shared and _is_shared(headers)
        resets = _resets(headers, family.reset, provider_time(headers, now))
    for index, left in enumerate(remaining):
        if left is None or left < 0:
            continue
        yield RateWindow(
            family.remaining,
            left,
            _matching(limits, index),
            _matching(resets, index),
            blocks=family.blocks,
            shared=shared,
        )


def _resets(headers: Mapping[str, str], name: str, now: float) -> list[float | None]:
    """Seconds to the end of each limit: from `reset-after`, which needs no clock, or from `reset`
    in any of its spellings."""
    milliseconds = number(headers.get(f"{name}-ms"))
    if milliseconds is not None:
        return [seconds_until(str(milliseconds / 1000), now)]
    names = (f"{name}{suffix}" for suffix in _RESETS)
    value = next((headers[spelling] for spelling in names if spelling in headers), "")
    whole = seconds_until(value, now)
    if whole is not None:
        return [whole]
    return [seconds_until(part.partition(";")[0], now) for part in _parts(value)]


def _first_numbers(value: str) -> list[float | None]:
    """`100, 100;w=60` as 100 and 100."""
    return [number(part.partition(";")[0]) for part in _parts(value)]


def _parts(value: str) -> list[str]:
    return value.split(",", MAX_WINDOWS)[:MAX_WINDOWS]


def _matching(values: list[float | None], index: int) -> float | None:
    """The value of the limit at `index`; of the first one where there are fewer values."""
    return values[index if index < len(values) else 0]


def _is_shared(headers: Mapping[str, str]) -> bool:
    if headers.get("x-ratelimit-global", "").lower() == "true":
        return True
    name = next((headers[name] for name in _BUCKETS if name in headers), None)
    return name is None or name.lower() in _SHARED_BUCKETS


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool | FieldDate) and value >= 0
