"""Descriptions of a document as text for comments in code.

Descriptions contain HTML, Markdown and anything else. Here they become plain text on one line:
printable, without double quotes or backslashes, so that they cannot end a string.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,400}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}[^()]{0,200}\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1")
_HEADING = re.compile(r"^\s*#{1,6}\s+", re.MULTILINE)
_LOOSE = re.compile(r"\s+([.,;:])(?=\s|$)")
"""A space before a mark, as a tag leaves it."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'(])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|resp|approx|no|[A-Z])\.$", re.IGNORECASE)
_TYPOGRAPHY = str.maketrans(
    {
        '"': "'", "\u2018": "'", "\u2019": "'", "\u201c": "'", "\u201d": "'", "\u00b4": "'",
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u2026": "...", "\u00a0": " ", "\u202f": " ", "\u00d7": "x", "\\": "/",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """All of it on one line, without markup."""
    text = html.unescape(_TAG.sub(" ", _HEADING.sub("", text[:20_000])))
    text = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text))
    text = text.translate(_TYPOGRAPHY)
    text = " ".join(text.split())
    if not text.isprintable():
        printable = "".join(sign if sign.isprintable() else " " for sign in text)
        text = " ".join(printable.split())
    return _LOOSE.sub(r"\1", text)


def sentence(text: str, limit: int = 200) -> str:
    """Its first sentence, with a full stop, cut at a word when longer than `limit` characters."""
    return _ended(next(iter(_sentences(text)), ""), limit)


def marked(doc: str, deprecated: bool) -> str:
    """`doc`, which says first where the provider advises against what it describes."""
    return f"Deprecated. {doc}".rstrip() if deprecated else doc


def rest_of(text: str, first: str, limit: int) -> str:
    """What `text` says beyond the sentence `first`, in whole sentences of `limit` characters in
    all; no sentence twice."""
    repeated = {_normal(first)}
    new_sentences: list[str] = []
    for piece in _sentences(text):
        whole = _ended(piece, limit)
        if _normal(_ended(piece, 200)) in repeated or _normal(whole) in repeated:
            continue
        repeated.add(_normal(whole))
        if new_sentences and len(" ".join([*new_sentences, whole])) > limit:
            break
        new_sentences.append(whole)
    return " ".join(new_sentences)


@lru_cache(maxsize=1000)
def _sentences(text: str) -> tuple[str, ...]:
    """The sentences; one that ends in an abbreviation goes on."""
    sentences: list[str] = []
    for piece in _SENTENCE.split(plain(text)):
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {piece}"
        else:
            sentences.append(piece)
    return tuple(sentences)


def _ended(text: str, limit: int) -> str:
    """`text` with a full stop, cut at a word when longer than `limit` characters."""
    if len(text) > limit:
        text = text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:(") + " ..."
    text = text.rstrip(" :;,")
    return text if not text or text[-1] in ".!?" else f"{text}."


def _normal(text: str) -> str:
    return text.rstrip(". ").casefold()
