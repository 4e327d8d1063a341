"""Signing secrets on their way through verification: as objects, since error trackers print the
variables of every frame in a traceback."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from noctule.runtime.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SigningSecret:
    """A value that only `.reveal()` returns. Unlike a `Secret` it costs next to nothing to make,
    and is not added to what redaction masks: an application may have one per customer."""

    __slots__ = ("reveal",)

    reveal: Callable[[], str]

    def __init__(self, value: str) -> None:
        self.reveal = lambda: value

    def __repr__(self) -> str:
        return "SigningSecret(…)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a SigningSecret cannot be pickled")


HiddenSecret = Secret | SigningSecret
NO_SECRET = SigningSecret("")


def hidden(secrets: Sequence[str | HiddenSecret]) -> tuple[HiddenSecret, ...]:
    """The secrets, without a plain text among them."""
    return tuple([_hidden(s) if isinstance(s, str) else s for s in secrets])


_hidden = lru_cache(maxsize=256)(SigningSecret)
