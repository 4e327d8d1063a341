"""What a person asked, in French or English: language, terms, verbs, webhooks or not.

Deterministic: the same words give the same reading on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import Lexicon, lexicon
from noctule.planning.language.phrases import COMMA, pairs
from noctule.planning.language.proper_names import names
from noctule.planning.language.stemming import base_form, stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.messages import Language
    from noctule.planning.language.phrases import Pair

_SYNONYM_WEIGHT = 0.65
_BROADER_WEIGHT = 0.35
_VERB_WEIGHT = 0.6
_ASIDE_WEIGHT = 0.4
"""Of what stands after the main clause: "… when an order arrives"."""
_INFINITIVE = re.compile(r"(?:er|ir|re)$")
_PAUSE = re.compile(r"[,;:.!?…](?!\w)")
_ACCENT = re.compile(r"[àâçèéêëîïôùûœ]", re.IGNORECASE)
_ASKING = frozenset({"what", "who", "whom", "whose", "which", "when", "where", "why", "how", "is",
                     "are", "was", "were", "does", "do", "did", "has", "have", "tell", "show",
                     "list", "give", "quel", "quelle", "quels", "quelles", "qui", "quand", "ou",
                     "combien", "comment", "est", "sont", "dis", "donne", "montre", "affiche",
                     "liste", "lister", "afficher"})  # fmt: skip
_BEFORE_VERBS = frozenset({"", "and", "then", "to", "please", "you", "i", "we", "can", "me",
                           "et", "puis", "pour", "de", "d", "a"})  # fmt: skip
_READING = frozenset({"get", "list", "search"})
_READ_WEIGHT = 0.2
_REACH = 6
_PREPOSITIONS = frozenset({"to", "from", "in", "into", "with", "for", "of", "and", "on", "by",
                           "a", "au", "de", "dans", "avec", "pour", "et", "sur",
                           "par"})  # fmt: skip
_MINE = frozenset({"my", "our", "mon", "ma", "mes", "notre", "nos", "mine"})


@dataclass(frozen=True)
class Term:
    weight: float
    word: str
    """The word of the request that it comes from."""
    synonym: bool = False
    """Not said, but of the same meaning; counts where a document has not the word itself."""
    verb: str = ""
    """The verb before it, or itself where it is one: "create" for "page" in "create a page"."""

    acts: bool = False
    """Whether it is that verb itself."""
    named: bool = False
    """Whether it stands in a name, and so says which one, not what."""
    broader: bool = False
    """Whether it is what the word is a kind of."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The classes of that verb."""
        return lexicon().verbs.get(self.verb, ())


@dataclass(frozen=True)
class Request:
    text: str
    language: Language
    terms: Mapping[str, Term]
    """English stem -> its weight; what the request is about, without function words."""
    words: frozenset[str]
    """The words of the main clause, folded, in singular and plural: for a pack's vocabulary."""
    written: frozenset[str]
    """The words of the main clause exactly as written, folded."""
    verbs: Mapping[str, str]
    """Classes of the main clause's verbs, each with its word: "delete" -> "supprimer"."""
    leading: tuple[str, ...]
    """The classes of the first verb."""
    commands: frozenset[str]
    """The stems, in English, of the words that stand where a command does."""
    asks: bool
    """Whether it is a question, or asks to be told or shown: nothing is to be changed."""
    general: bool
    """Whether it asks for a matter as a whole ("manage", "integrate"), not for single acts."""
    particular: bool
    """Whether it speaks of one case ("send a message when …"), not of a matter at large."""
    pairs: tuple[Pair, ...]
    """What is to be done to what, in the order of the main clause."""
    names: frozenset[str]
    """The stems of the names by which it calls things, which an API finds by searching."""
    mine: frozenset[str]
    """The stems of what it says is the caller's own: "playlist" of "my first playlist"."""
    wants_webhooks: bool
    refuses_webhooks: bool


def understand(text: str, language: Language | None = None, provider: str = "") -> Request:
    """Read a request; `provider` is how it writes the provider's name, left out of the terms."""
    book = lexicon()
    language = language or detect_language(text)
    rest = re.sub(rf"(?<!\w){re.escape(provider)}(?!\w)", " ", text) if provider else text
    marked = _marked(rest)
    every = [word for word in marked if word != COMMA]
    main = _main_clause(every, book)
    marked = _until(marked, len(main))
    spoken = _translated(main, book) if language == "fr" else [(word, word) for word in main]
    acting = _acting(marked, book)
    aside = every[len(main) :] if language == "en" else []
    refuses = any(f" {phrase} " in f" {' '.join(every)} " for phrase in book.no_webhooks)
    called = names(rest)
    return Request(
        text=text,
        language=language,
        terms=_terms(spoken, acting, aside, called),
        words=frozenset(form for word in main for form in (word, base_form(word))),
        written=frozenset(main),
        verbs=_verbs(acting, spoken, book),
        leading=book.verbs[acting[0]] if acting else (),
        commands=_commands(main, spoken),
        asks=bool(every) and every[0] in _ASKING,
        general=any(word in book.general or word in _INTEGRATING for word in main),
        pairs=pairs(_units(marked, book) if language == "fr" else marked, french=language == "fr"),
        particular=len(main) < len(every) or bool(_ONE & set(main)),
        names=called,
        mine=_mine(every, spoken),
        wants_webhooks=not refuses and bool(book.webhooks & set(every)),
        refuses_webhooks=refuses,
    )


def detect_language(text: str) -> Language:
    """French when more of its words are French than English; English on a tie."""
    english, french = (lexicon().vocabulary[language] for language in ("en", "fr"))
    score = len(_ACCENT.findall(text))
    for word in words(text):
        score += (word in french) - (word in english)
    return "fr" if score > 0 else "en"


def rewritten(text: str) -> list[str]:
    """The words of `text`, with what is said in several words or in letters made one."""
    plain = f" {' '.join(words(text))} "
    for phrase, word in lexicon().rewrites.items():
        plain = plain.replace(f" {phrase} ", f" {word} ")
    return plain.split()


def _marked(text: str) -> list[str]:
    """The same with a `COMMA` wherever the sentence pauses."""
    segments = [rewritten(segment) for segment in _PAUSE.split(text)]
    marked = [unit for segment in segments if segment for unit in (*segment, COMMA)]
    return marked[:-1]


def _until(marked: list[str], count: int) -> list[str]:
    """`marked` as far as its first `count` words go."""
    ends = [at for at, unit in enumerate(marked) if unit != COMMA][:count]
    return marked[: ends[-1] + 1] if ends else []


def _units(marked: list[str], book: Lexicon) -> list[str]:
    """`marked` with each of the lexicon's French phrases as one unit."""
    units: list[str] = []
    at = 0
    while at < len(marked):
        rest = f"{' '.join(marked[at:])} "
        units.append(next((p for p in book.phrases if rest.startswith(f"{p} ")), marked[at]))
        at += len(units[-1].split())
    return units


_INTEGRATING = frozenset({"integrate", "integrer", "integration", "connect", "connecter", "plug",
                          "brancher", "relier", "implement", "implementer"})  # fmt: skip

_ONE = frozenset({"a", "an", "un", "une"})


def _main_clause(found: list[str], book: Lexicon) -> list[str]:
    """What stands before "when …", "après …"; everything where nothing telling stands there."""
    main = list(takewhile(lambda word: word not in book.subordinate, found))
    empty = book.function["en"] | book.function["fr"] | book.intent | book.webhooks
    return main if set(main) - empty - book.verbs.keys() else found


def _acting(marked: list[str], book: Lexicon) -> list[str]:
    """The words that are verbs where they stand: not "book" in "a book", nor in "create book"."""
    return [
        word
        for before, word in zip(["", *marked], marked, strict=False)
        if word in book.verbs
        and (
            _INFINITIVE.search(word)
            or (before not in book.determiners and before not in book.verbs)
        )
    ]


def _commands(main: list[str], spoken: list[tuple[str, str]]) -> frozenset[str]:
    placed = {
        word for before, word in zip(["", *main], main, strict=False) if before in _BEFORE_VERBS
    }
    return frozenset(stem(english) for english, word in spoken if word.split()[0] in placed)


def _mine(found: list[str], spoken: list[tuple[str, str]]) -> frozenset[str]:
    """What stands right after "my", in English: "my favourite songs"."""
    english: dict[str, list[str]] = {}
    for meaning, word in spoken:
        for part in word.split():
            english.setdefault(part, []).append(meaning)
    near = (
        word
        for at, before in enumerate(found)
        if before in _MINE
        for word in takewhile(lambda word: word not in _PREPOSITIONS, found[at + 1 : at + _REACH])
    )
    return frozenset(stem(meaning) for word in near for meaning in english.get(word, [word]))


def _verbs(acting: list[str], spoken: list[tuple[str, str]], book: Lexicon) -> dict[str, str]:
    found: dict[str, str] = {}
    said = [(word, word) for word in acting]
    said += [(english, word) for english, word in spoken if word in acting]
    for english, word in said:
        for kind in book.verbs.get(english, ()):
            found.setdefault(kind, word)
    return found


def _terms(
    spoken: list[tuple[str, str]], acting: list[str], aside: list[str], called: frozenset[str]
) -> dict[str, Term]:
    book = lexicon()
    skip = book.function["en"] | book.intent | book.general
    terms: dict[str, Term] = {}
    verb = before = ""
    for english, word, weight in (
        *((english, word, 1.0) for english, word in spoken),
        *((word, word, _ASIDE_WEIGHT) for word in aside),
    ):
        acts = word in acting and english in book.verbs
        verb = english if acts else verb
        if english not in skip and len(english) > 1:
            reads = acts and set(book.verbs[english]) <= _READING and before in _BEFORE_VERBS
            share = _READ_WEIGHT if reads else _VERB_WEIGHT if acts else 1.0
            named = stem(english) in called
            term = Term(weight * share, word, verb=verb, acts=acts, named=named)
            terms.setdefault(stem(english), term)
        before = word
    return _with_meanings(terms, book)


def _with_meanings(said: Mapping[str, Term], book: Lexicon) -> dict[str, Term]:
    """`said` with the words of the same meaning, and those for what a word is a kind of."""
    terms = dict(said)
    for key, term in said.items():
        if term.named:
            continue
        for other in book.synonyms.get(key, ()):
            weight = _SYNONYM_WEIGHT * term.weight
            terms.setdefault(other, replace(term, weight=weight, synonym=True))
        kind = book.broader.get(key, "")
        if kind:
            weight = _BROADER_WEIGHT * term.weight
            terms.setdefault(kind, replace(term, weight=weight, broader=True))
    return terms


def _translated(found: list[str], book: Lexicon) -> list[tuple[str, str]]:
    """(English, as written) for French words, in their order; unknown words as they are. The
    parts of a meaning of several words count each: what they were written as differs by blanks."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(found):
        rest = f"{' '.join(found[at:])} "
        phrase = next((p for p in book.phrases if rest.startswith(f"{p} ")), "")
        word = phrase or found[at]
        at += len(word.split())
        if phrase or (word not in book.function["fr"] and word not in book.intent):
            for meaning in book.to_english(word) or (word,):
                parts = meaning.split("_")
                pairs += [(part, word + " " * i) for i, part in enumerate(parts)]
    return pairs
