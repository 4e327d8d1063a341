"""What a person asked, in French or English: language, terms, verbs, webhooks or not.

Deterministic: the same words give the same result on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import Lexicon, lexicon
from noctule.planning.language.phrases import COMMA, verb_phrases
from noctule.planning.language.proper_names import proper_name_stems
from noctule.planning.language.stemming import base_form, stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.messages import Language
    from noctule.planning.language.phrases import VerbPhrase

_SYNONYM_WEIGHT = 0.65
_BROADER_WEIGHT = 0.35
_VERB_WEIGHT = 0.6
_ASIDE_WEIGHT = 0.4
"""For the words after the main clause: "… when an order arrives"."""
_INFINITIVE = re.compile(r"(?:er|ir|re)$")
_PAUSE = re.compile(r"[,;:.!?…](?!\w)")
_ACCENT = re.compile(r"[àâçèéêëîïôùûœ]", re.IGNORECASE)
_QUESTION_WORDS = frozenset(
    {"what", "who", "whom", "whose", "which", "when", "where", "why", "how", "is", "are", "was",
     "were", "does", "do", "did", "has", "have", "tell", "show", "list", "give", "quel", "quelle",
     "quels", "quelles", "qui", "quand", "ou", "combien", "comment", "est", "sont", "dis", "donne",
     "montre", "affiche", "liste", "lister", "afficher"}
)  # fmt: skip
_BEFORE_VERBS = frozenset({"", "and", "then", "to", "please", "you", "i", "we", "can", "me",
                           "et", "puis", "pour", "de", "d", "a"})  # fmt: skip
_READING = frozenset({"get", "list", "search"})
_READ_WEIGHT = 0.2
_REACH = 6
_PREPOSITIONS = frozenset({"to", "from", "in", "into", "with", "for", "of", "and", "on", "by",
                           "a", "au", "de", "dans", "avec", "pour", "et", "sur",
                           "par"})  # fmt: skip
_POSSESSIVES = frozenset({"my", "our", "mon", "ma", "mes", "notre", "nos", "mine"})
_INTEGRATING = frozenset({"integrate", "integrer", "integration", "connect", "connecter", "plug",
                          "brancher", "relier", "implement", "implementer"})  # fmt: skip
_ARTICLES = frozenset({"a", "an", "un", "une"})


@dataclass(frozen=True)
class RequestTerm:
    weight: float
    word: str
    """The word of the request that it comes from."""
    synonym: bool = False
    """Not in the request, but of the same meaning; counts where the document lacks the word."""
    verb: str = ""
    """The verb before it, or itself where it is one: "create" for "page" in "create a page"."""
    is_verb: bool = False
    proper: bool = False
    """Whether it belongs to a proper name, and so says which object, not what kind."""
    broader: bool = False
    """Whether it is what the word is a kind of: "person" for "actor"."""

    @property
    def verb_kinds(self) -> tuple[str, ...]:
        """The classes of that verb."""
        return lexicon().verbs.get(self.verb, ())


@dataclass(frozen=True)
class ParsedRequest:
    text: str
    language: Language
    terms: Mapping[str, RequestTerm]
    """What the request is about, by English stem; without function words."""
    words: frozenset[str]
    """The words of the main clause, folded, in singular and plural: for a pack's vocabulary."""
    written: frozenset[str]
    """The words of the main clause exactly as written, folded."""
    verbs: Mapping[str, str]
    """Classes of the main clause's verbs, each with its word: "delete" -> "supprimer"."""
    leading_kinds: tuple[str, ...]
    """The classes of the first verb."""
    commands: frozenset[str]
    """The English stems of the words in the position of a command."""
    is_question: bool
    """Whether it is a question or asks to see something, so that nothing is to be changed."""
    general: bool
    """Whether it asks for a whole subject ("manage", "integrate"), not for single actions."""
    specific: bool
    """Whether it is about one case ("send a message when …"), not about a whole subject."""
    verb_phrases: tuple[VerbPhrase, ...]
    """What is to be done to what, in the order of the main clause."""
    proper_names: frozenset[str]
    """The stems of the proper names in it: an API finds such an object by searching."""
    own: frozenset[str]
    """The stems of what belongs to the caller: "playlist" of "my first playlist"."""
    wants_webhooks: bool
    refuses_webhooks: bool


def parse_request(text: str, language: Language | None = None, provider: str = "") -> ParsedRequest:
    """Parse a request; `provider` is the provider's name as written there, left out of the terms.

    Without `language`, the language is detected."""
    book = lexicon()
    language = language or detect_language(text)
    french = language == "fr"
    rest = re.sub(rf"(?<!\w){re.escape(provider)}(?!\w)", " ", text) if provider else text
    units = _with_commas(rest)
    all_words = [unit for unit in units if unit != COMMA]
    main = _main_clause(all_words, book)
    units = _first_words(units, len(main))
    english = _translated(main, book) if french else [(word, word) for word in main]
    verbs = _verb_words(units, book)
    aside = [] if french else all_words[len(main) :]
    refuses = any(f" {phrase} " in f" {' '.join(all_words)} " for phrase in book.no_webhooks)
    proper_names = proper_name_stems(rest)
    return ParsedRequest(
        text=text,
        language=language,
        terms=_terms(english, verbs, aside, proper_names),
        words=frozenset(form for word in main for form in (word, base_form(word))),
        written=frozenset(main),
        verbs=_verb_kinds(verbs, english, book),
        leading_kinds=book.verbs[verbs[0]] if verbs else (),
        commands=_commands(main, english),
        is_question=bool(all_words) and all_words[0] in _QUESTION_WORDS,
        general=any(word in book.general or word in _INTEGRATING for word in main),
        verb_phrases=verb_phrases(_with_phrases(units, book) if french else units, french=french),
        specific=len(main) < len(all_words) or bool(_ARTICLES & set(main)),
        proper_names=proper_names,
        own=_own(all_words, english),
        wants_webhooks=not refuses and bool(book.webhooks & set(all_words)),
        refuses_webhooks=refuses,
    )


def detect_language(text: str) -> Language:
    """French when more of its words are French than English; English on a tie."""
    english, french = (lexicon().vocabulary[language] for language in ("en", "fr"))
    score = len(_ACCENT.findall(text))
    for word in words(text):
        score += (word in french) - (word in english)
    return "fr" if score > 0 else "en"


def rewrite_words(text: str) -> list[str]:
    """The words of `text`, with the lexicon's phrases and abbreviations replaced by one word."""
    plain = f" {' '.join(words(text))} "
    for phrase, word in lexicon().rewrites.items():
        plain = plain.replace(f" {phrase} ", f" {word} ")
    return plain.split()


def _with_commas(text: str) -> list[str]:
    """The same with a `COMMA` at each pause of the sentence."""
    segments = [rewrite_words(segment) for segment in _PAUSE.split(text)]
    units = [unit for segment in segments if segment for unit in (*segment, COMMA)]
    return units[:-1]


def _first_words(units: list[str], count: int) -> list[str]:
    """`units` up to the word number `count`."""
    ends = [at for at, unit in enumerate(units) if unit != COMMA][:count]
    return units[: ends[-1] + 1] if ends else []


def _with_phrases(units: list[str], book: Lexicon) -> list[str]:
    """`units` with each of the lexicon's French phrases as one unit."""
    joined: list[str] = []
    at = 0
    while at < len(units):
        joined.append(_phrase_at(units, at, book) or units[at])
        at += len(joined[-1].split())
    return joined


def _phrase_at(units: list[str], at: int, book: Lexicon) -> str:
    """The lexicon's French phrase that starts at position `at`, or ""."""
    rest = f"{' '.join(units[at:])} "
    return next((phrase for phrase in book.phrases if rest.startswith(f"{phrase} ")), "")


def _main_clause(all_words: list[str], book: Lexicon) -> list[str]:
    """The words before "when …", "après …"; all of them where those say too little."""
    main = list(takewhile(lambda word: word not in book.subordinate, all_words))
    empty = book.function["en"] | book.function["fr"] | book.intent | book.webhooks
    return main if set(main) - empty - book.verbs.keys() else all_words


def _verb_words(units: list[str], book: Lexicon) -> list[str]:
    """The words that are verbs in their position: not "book" in "a book" or "create book"."""
    return [
        word
        for before, word in zip(["", *units], units, strict=False)
        if word in book.verbs
        and (
            _INFINITIVE.search(word)
            or (before not in book.determiners and before not in book.verbs)
        )
    ]


def _commands(main: list[str], english: list[tuple[str, str]]) -> frozenset[str]:
    commands = {
        word for before, word in zip(["", *main], main, strict=False) if before in _BEFORE_VERBS
    }
    return frozenset(stem(meaning) for meaning, word in english if word.split()[0] in commands)


def _own(all_words: list[str], english: list[tuple[str, str]]) -> frozenset[str]:
    """The English stems of the words right after "my": "my favourite songs"."""
    meanings: dict[str, list[str]] = {}
    for meaning, word in english:
        for part in word.split():
            meanings.setdefault(part, []).append(meaning)
    following = (
        word
        for at, before in enumerate(all_words)
        if before in _POSSESSIVES
        for word in takewhile(
            lambda word: word not in _PREPOSITIONS, all_words[at + 1 : at + _REACH]
        )
    )
    return frozenset(stem(meaning) for word in following for meaning in meanings.get(word, [word]))


def _verb_kinds(verbs: list[str], english: list[tuple[str, str]], book: Lexicon) -> dict[str, str]:
    """Class of verbs -> the first word of the request in that class."""
    kinds: dict[str, str] = {}
    pairs = [(word, word) for word in verbs]
    pairs += [(meaning, word) for meaning, word in english if word in verbs]
    for meaning, word in pairs:
        for kind in book.verbs.get(meaning, ()):
            kinds.setdefault(kind, word)
    return kinds


def _terms(
    english: list[tuple[str, str]], verbs: list[str], aside: list[str], proper_names: frozenset[str]
) -> dict[str, RequestTerm]:
    book = lexicon()
    skip = book.function["en"] | book.intent | book.general
    terms: dict[str, RequestTerm] = {}
    verb = before = ""
    for meaning, word, weight in (
        *((meaning, word, 1.0) for meaning, word in english),
        *((word, word, _ASIDE_WEIGHT) for word in aside),
    ):
        is_verb = word in verbs and meaning in book.verbs
        verb = meaning if is_verb else verb
        if meaning not in skip and len(meaning) > 1:
            reads = is_verb and set(book.verbs[meaning]) <= _READING and before in _BEFORE_VERBS
            share = _READ_WEIGHT if reads else _VERB_WEIGHT if is_verb else 1.0
            proper = stem(meaning) in proper_names
            term = RequestTerm(weight * share, word, verb=verb, is_verb=is_verb, proper=proper)
            terms.setdefault(stem(meaning), term)
        before = word
    return _with_meanings(terms, book)


def _with_meanings(terms: Mapping[str, RequestTerm], book: Lexicon) -> dict[str, RequestTerm]:
    """`terms` with the words of the same meaning, and those for what a word is a kind of."""
    expanded = dict(terms)
    for key, term in terms.items():
        if term.proper:
            continue
        for synonym in book.synonyms.get(key, ()):
            weight = _SYNONYM_WEIGHT * term.weight
            expanded.setdefault(synonym, replace(term, weight=weight, synonym=True))
        kind = book.broader.get(key, "")
        if kind:
            weight = _BROADER_WEIGHT * term.weight
            expanded.setdefault(kind, replace(term, weight=weight, broader=True))
    return expanded


def _translated(french: list[str], book: Lexicon) -> list[tuple[str, str]]:
    """(English, as written) for French words, in their order; unknown words as they are. A meaning
    of several words gives a pair for each, told apart by trailing blanks of the written word."""
    english: list[tuple[str, str]] = []
    at = 0
    while at < len(french):
        phrase = _phrase_at(french, at, book)
        word = phrase or french[at]
        at += len(word.split())
        if phrase or (word not in book.function["fr"] and word not in book.intent):
            for meaning in book.to_english(word) or (word,):
                parts = meaning.split("_")
                english += [(part, word + " " * i) for i, part in enumerate(parts)]
    return english
