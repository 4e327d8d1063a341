"""Watches every log of the process for credentials and card numbers."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from noctule.runtime.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Generator


class _Watch(logging.Handler):
    """Collects the lines that redaction changes, with their loggers."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        clean = redact(line)
        if clean != line:
            self.leaks.append(f"{record.name}: {clean[:200]}")


@contextmanager
def watch_logs() -> Generator[list[str]]:
    """Watch all loggers at DEBUG; the list receives each line with a leak, masked."""
    root = logging.getLogger()
    watch = _Watch()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    try:
        yield watch.leaks
    finally:
        root.removeHandler(watch)
        root.setLevel(level)
