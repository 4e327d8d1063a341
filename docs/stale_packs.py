"""List what the packs say that was compared with its source more than a year ago, or never:
`make stale-packs`. Exits with 1 if there is any."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from noctule.providers import packs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.providers import Pack

YEAR = timedelta(days=365)


def facts(pack: Pack) -> Iterator[tuple[str, str, str]]:
    """Each dated fact of a pack: what it is, its date (ISO, "" if it has none), its source."""
    if pack.signature:
        yield "signature", pack.signature.get("compared", ""), pack.signature.get("source", "")
    if pack.document:
        yield "document", pack.document.compared, pack.document.official


def stale(known: Mapping[str, Pack], today: date) -> Iterator[str]:
    """One line for each fact that is older than a year."""
    for name, pack in known.items():
        for fact, compared, source in facts(pack):
            if not compared or today - date.fromisoformat(compared) > YEAR:
                yield f"{compared or 'never':<10}  {name}: {fact}  {source}"


if __name__ == "__main__":
    lines = sorted(stale(packs(), datetime.now(UTC).date()))
    print("\n".join(lines) or "Every fact was compared within a year.")
    sys.exit(bool(lines))
