"""What other libraries log while they work for us, redacted.

A transport that is asked for DEBUG prints URLs and headers. Their loggers are theirs, so the
records of anybody else pass untouched; those emitted inside `scrubbed_logs` are rewritten before
any filter or handler sees them. No filter is added, since filters do not see what child loggers
emit and configuring logging may drop them, and no record factory is replaced, since there is
one per process and others have claimed it.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING

from noctule.runtime.redaction.redactor import REDACTOR

if TYPE_CHECKING:
    from contextvars import Token

LOGGERS = (
    "asyncio",
    "h11",
    "h2",
    "hpack",
    "httpcore2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
    "httpx2",
)

_ours: ContextVar[bool] = ContextVar("noctule_call", default=False)
_watched: set[str] = set()
_plain = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class scrubbed_logs:  # noqa: N801 - reads as a function, like contextlib.suppress
    """`with scrubbed_logs(): …`: records of `LOGGERS` emitted by this task are redacted."""

    __slots__ = ("_token",)

    def __init__(self, *loggers: str) -> None:
        if loggers or LOGGERS[0] not in _watched:
            _watch(LOGGERS + loggers)

    def __enter__(self) -> None:
        self._token: Token[bool] = _ours.set(True)

    def __exit__(self, *exc: object) -> None:
        _ours.reset(self._token)


def _watch(names: tuple[str, ...]) -> None:
    for name in names:
        logger = logging.getLogger(name)
        if not hasattr(logger, "_scrubs"):
            logger.__class__ = _scrubbing(type(logger))
        _watched.add(name)


def _scrubbing(base: type[logging.Logger]) -> type[logging.Logger]:
    """The logger's own class, but for what it does to a record of ours."""

    def handle(self: logging.Logger, record: logging.LogRecord) -> None:
        base.handle(self, _scrubbed(record) if _ours.get() else record)

    return type(base.__name__, (base,), {"handle": handle, "_scrubs": True})


def _scrubbed(record: logging.LogRecord) -> logging.LogRecord:
    """A redacted copy: the message is final, the traceback is text, extras are redacted."""
    facts = {
        name: value if name in _plain else REDACTOR.value(value)
        for name, value in vars(record).items()
    }
    facts["msg"], facts["args"] = REDACTOR.text(record.getMessage()), None
    if record.exc_info and record.exc_info[1]:
        facts["exc_text"], facts["exc_info"] = REDACTOR.exception(record.exc_info[1]), None
    return logging.makeLogRecord(facts)
