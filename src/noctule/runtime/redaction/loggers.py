"""Redacts what other libraries log during our calls.

At DEBUG, HTTP libraries log URLs and headers. Records that are emitted inside `scrubbed_logs` are
rewritten before any filter or handler sees them; all others are left alone, since the loggers
belong to those libraries. No filter is added: filters do not see the records of child loggers, and
configuring logging may remove them. No record factory is set: there is one per process, and
others use it.
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

_in_our_call: ContextVar[bool] = ContextVar("noctule_call", default=False)
_scrubbed_loggers: set[str] = set()
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class scrubbed_logs:  # noqa: N801 - reads as a function, like contextlib.suppress
    """`with scrubbed_logs(): …`: records of `LOGGERS` emitted by this task are redacted."""

    __slots__ = ("_token",)

    def __init__(self, *loggers: str) -> None:
        if loggers or LOGGERS[0] not in _scrubbed_loggers:
            _scrub_loggers(LOGGERS + loggers)

    def __enter__(self) -> None:
        self._token: Token[bool] = _in_our_call.set(True)

    def __exit__(self, *exc: object) -> None:
        _in_our_call.reset(self._token)


def _scrub_loggers(names: tuple[str, ...]) -> None:
    for name in names:
        logger = logging.getLogger(name)
        if not hasattr(logger, "_scrubs"):
            logger.__class__ = _scrubbing_class(type(logger))
        _scrubbed_loggers.add(name)


def _scrubbing_class(base: type[logging.Logger]) -> type[logging.Logger]:
    """A subclass of the logger's class that redacts the records of our calls."""

    def handle(self: logging.Logger, record: logging.LogRecord) -> None:
        base.handle(self, _scrubbed(record) if _in_our_call.get() else record)

    return type(base.__name__, (base,), {"handle": handle, "_scrubs": True})


def _scrubbed(record: logging.LogRecord) -> logging.LogRecord:
    """A redacted copy: the message is final, the traceback is text, extras are redacted."""
    fields = {
        name: value if name in _STANDARD_FIELDS else REDACTOR.value(value)
        for name, value in vars(record).items()
    }
    fields["msg"], fields["args"] = REDACTOR.text(record.getMessage()), None
    if record.exc_info and record.exc_info[1]:
        fields["exc_text"], fields["exc_info"] = REDACTOR.exception(record.exc_info[1]), None
    return logging.makeLogRecord(fields)
