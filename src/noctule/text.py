"""Words out of anything: requests, summaries, paths, camelCase identifiers."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SEPARATOR = re.compile(r"[._\s/-]")
_MARKUP = re.compile(r"<[^>]{0,200}>|\[([^\]]{0,200})\]\([^)]{0,500}\)|[`*#]")


def fold(text: str) -> str:
    """`text` without accents, ligatures or case."""
    return _unaccented(text.replace("’", "'")).casefold()


def _unaccented(text: str) -> str:
    spelled = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    decomposed = unicodedata.normalize("NFKD", spelled)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text or an identifier, folded: "createPaymentIntent" -> three words."""
    plain = text if text.isascii() else _unaccented(text)
    return [word.casefold() for word in _WORD.findall(plain)]


def snake(text: str) -> str:
    """ "createPaymentIntent", "Create payment intent" -> "create_payment_intent"."""
    return "_".join(words(text))


def nearest(name: str, candidates: Iterable[str], least: float = 0.6) -> str:
    """The candidate most like `name`, its first and last word counting most.

    "" where no candidate has both of them and none reaches `least`, a ratio of difflib (0 to 1).
    """
    wanted = _SEPARATOR.split(name)

    def likeness(candidate: str) -> tuple[int, float]:
        parts = _SEPARATOR.split(candidate)
        ends = (parts[0] == wanted[0]) + (parts[-1] == wanted[-1]) + (set(wanted) <= set(parts))
        return ends, SequenceMatcher(None, name, candidate).ratio()

    best = max(sorted(candidates), key=likeness, default="")
    ends, ratio = likeness(best) if best else (0, 0.0)
    return best if ratio >= least or ends > 1 else ""


def one_line(text: str, limit: int = 120) -> str:
    """`text` from a document as one clean sentence: no markup, no control characters, bounded."""
    plain = _MARKUP.sub(lambda match: match.group(1) or "", text)
    printable = "".join(c if c.isprintable() else " " for c in plain)
    line = " ".join(printable.split())
    if len(line) <= limit:
        return line.rstrip(".")
    return line[:limit].rsplit(" ", 1)[0].rstrip(".,;:") + "…"
