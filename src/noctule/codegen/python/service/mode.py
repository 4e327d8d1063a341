"""The words that differ between asynchronous and synchronous code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    asynchronous: bool = True

    @property
    def wait(self) -> str:
        return "await " if self.asynchronous else ""

    @property
    def start(self) -> str:
        """The prefix of `def`, `with` and `for`."""
        return "async " if self.asynchronous else ""

    @property
    def service(self) -> str:
        return "Service" if self.asynchronous else "SyncService"

    @property
    def paginate(self) -> str:
        return "paginate" if self.asynchronous else "paginate_sync"

    @property
    def iterator(self) -> str:
        return "AsyncIterator" if self.asynchronous else "Iterator"

    @property
    def opened(self) -> str:
        return "AbstractAsyncContextManager" if self.asynchronous else "AbstractContextManager"

    @property
    def stream(self) -> str:
        return "AsyncStream" if self.asynchronous else "SyncStream"

    @property
    def close(self) -> str:
        return "aclose" if self.asynchronous else "close"
