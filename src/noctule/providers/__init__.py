"""Provider packs: one TOML file per provider, shipped or the user's own.

A pack is looked for in `integrations/packs/` of the current folder, then in the folders and files
that `NOCTULE_PACKS` lists (separated as `PATH` is), then among those shipped; the first that has
the id wins. Packs are read one by one, so a broken one does not affect the others.
"""

from __future__ import annotations

import os
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule.providers.pack import (
    AUTH_PARTS,
    AuthFact,
    DocumentFacts,
    EnvFact,
    Environment,
    Erratum,
    EventFact,
    FailureFact,
    IdempotencyFact,
    Names,
    Need,
    OperationFact,
    Pack,
    PaginationFact,
    RateLimitFact,
    RetryFact,
    UnsignedFact,
    WebhookFact,
)
from noctule.providers.reading import read, read_names
from noctule.providers.validation import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AUTH_PARTS",
    "AuthFact",
    "DocumentFacts",
    "EnvFact",
    "Environment",
    "Erratum",
    "EventFact",
    "FailureFact",
    "IdempotencyFact",
    "Names",
    "Need",
    "OperationFact",
    "Pack",
    "PaginationFact",
    "RateLimitFact",
    "RetryFact",
    "UnknownProvider",
    "UnsignedFact",
    "WebhookFact",
    "find",
    "names",
    "pack",
    "packs",
    "read",
    "validate",
]

SHIPPED = Path(__file__).with_name("packs")
PROJECT = Path("integrations", "packs")


class UnknownProvider(LookupError):
    """No pack has this id."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        super().__init__(f"no provider pack {provider!r}; known: {', '.join(_files())}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.provider,)


def packs() -> Mapping[str, Pack]:
    """Every pack by its id, sorted. Raises Problem naming file, key and cause for a broken one."""
    return {name: _read(path) for name, path in _files().items()}


def names() -> Mapping[str, Names]:
    """The names of every provider, by its id, sorted; ten times faster than `packs`."""
    return {provider: _read_names(path) for provider, path in _files().items()}


def pack(provider: str) -> Pack:
    """The pack of this id. Raises UnknownProvider, or Problem when its file is broken."""
    path = _files().get(provider)
    if path is None:
        raise UnknownProvider(provider)
    return _read(path)


def find(name: str) -> Pack | None:
    """The pack known by this id, name or alias; case, accents and spaces do not matter."""
    key = _folded(name)
    for provider in _files():
        if _folded(provider) == key:
            return pack(provider)
    for provider, head in names().items():
        if key in map(_folded, (head.name, *head.aliases)):
            return pack(provider)
    return None


_read = cache(read)
_read_names = cache(read_names)


def _files() -> dict[str, Path]:
    files_by_id: dict[str, Path] = {}
    for place in (SHIPPED, *reversed(_listed()), PROJECT.absolute()):
        files = place.glob("*.toml") if place.is_dir() else [place] if place.is_file() else []
        files_by_id.update((file.stem, file) for file in files)
    return dict(sorted(files_by_id.items()))


def _listed() -> list[Path]:
    entries = os.environ.get("NOCTULE_PACKS", "").split(os.pathsep)
    return [Path(entry).expanduser().absolute() for entry in entries if entry]


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalnum())
