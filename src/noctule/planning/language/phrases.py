"""A request split into verb phrases: what is to be done, and to what.

Verbs joined by commas, "and", "or", "then" share the object that follows them ("create, list and
delete droplets"); objects joined in the same way share the verb before them ("list customers and
invoices"). A pronoun is replaced by what it refers to ("create an invoice and email it").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMMA = ","
JOINING = frozenset({COMMA, "and", "or", "then", "et", "ou", "puis", "ensuite"})
_BEFORE_VERBS = frozenset({"", "to", "please", "you", "i", "we", "can", "me", "pour", "je",
                           "nous"}) | JOINING  # fmt: skip
_GENITIVES = frozenset({"of", "de", "d", "du", "des"})
_COMPOUNDS = frozenset({"de", "d"})
"""Before a noun without an article they make a compound in French: "hook de build"."""
_PREPOSITIONS = _GENITIVES | {"to", "from", "in", "into", "onto", "on", "at", "with", "for", "by",
                              "as", "via", "a", "au", "aux", "dans", "sur", "sous", "par", "pour",
                              "avec", "vers", "chez", "depuis", "comme"}  # fmt: skip
_CLITICS = frozenset({"le", "la", "l", "lui", "y", "les", "leur"})
_PRONOUNS = frozenset({"it", "them"})
_POSSESSIVES = frozenset({"its", "their", "son", "sa", "ses", "leur", "leurs"})
_ONES = frozenset({"one", "ones"})
_PLURALS = frozenset({"them", "their", "les", "leur", "leurs"})
_SAME_DETERMINER = {"an": "a", "un": "a", "une": "a", "le": "the", "la": "the", "l": "the",
                    "les": "the"}  # fmt: skip
_INFINITIVE = re.compile(r"^\w{3,}(?:er|ir|re)$")


@dataclass(frozen=True)
class VerbPhrase:
    verb: str
    """As written; "" for an object without a verb."""
    heads: tuple[str, ...]
    """The object, as written: "environment", "variables"."""
    complements: tuple[str, ...]
    """Of what, to what, with what: "project"."""
    clause: int
    """The number of the clause in the request, from 0."""


@dataclass
class _NounPhrase:
    determiner: str = ""
    heads: list[str] = field(default_factory=list[str])
    complements: list[str] = field(default_factory=list[str])
    generic: bool = False
    """Whether it is only "site" or "project" so far, which says little before another noun."""
    owned: bool = False
    """Whether it follows "its", so that a later "it" does not refer to it."""

    def is_plural(self, french: bool) -> bool:
        return self.heads[0 if french else -1].endswith(("s", "x"))


@dataclass
class _Clause:
    verbs: list[str] = field(default_factory=list[str])
    objects: list[_NounPhrase] = field(default_factory=list[_NounPhrase])
    antecedent: _NounPhrase | None = None
    """What a pronoun before or after the verbs refers to."""


def verb_phrases(units: Sequence[str], *, french: bool) -> tuple[VerbPhrase, ...]:
    """The verb phrases of a main clause, in order. `units` are its words, and `COMMA` where it has
    a comma."""
    return tuple(
        VerbPhrase(verb, tuple(noun.heads), tuple(noun.complements), number)
        for number, clause in enumerate(_complete(_ClauseParser(units, french).clauses))
        for verb in clause.verbs or [""]
        for noun in clause.objects or [_NounPhrase()]
    )


def verb_positions(units: Sequence[str]) -> set[int]:
    """The positions of the words that are verbs there, whether the lexicon has them or not."""
    book = lexicon()
    listed = book.verbs.keys() | book.general
    positions: set[int] = set()
    for at, unit in enumerate(units):
        before, after = _neighbours(units, at)
        at_verb = before in _BEFORE_VERBS or (before in _CLITICS and bool(_INFINITIVE.match(unit)))
        chained = before in JOINING and at - 2 in positions
        infinitive = bool(_INFINITIVE.match(unit)) and at_verb
        acted = after in _PRONOUNS | _POSSESSIVES | book.determiners and before in _BEFORE_VERBS
        named = unit in listed and (at_verb or infinitive or _INFINITIVE.match(unit))
        empty = (book.function["en"] | book.function["fr"]) - listed
        plain = unit not in JOINING and unit not in empty
        if plain and (named or chained or infinitive or acted or _starts_chain(units, at, listed)):
            positions.add(at)
    return positions


def _starts_chain(units: Sequence[str], at: int, verbs: frozenset[str] | set[str]) -> bool:
    """Whether it is the first of words joined to a verb: "attach" of "attach, detach and list"."""
    if at and units[at - 1] not in _BEFORE_VERBS - JOINING:
        return False
    chain = list(units[at:])
    joined = [word for word, link in zip(chain[2::2], chain[1::2], strict=False) if link in JOINING]
    links = [link in JOINING for link in chain[1::2]]
    length = links.index(False) if False in links else 0
    return any(word in verbs for word in joined[:length])


def _neighbours(units: Sequence[str], at: int) -> tuple[str, str]:
    return units[at - 1] if at else "", units[at + 1] if at + 1 < len(units) else ""


class _ClauseParser:
    """The clauses of a sentence, built word by word."""

    def __init__(self, units: Sequence[str], french: bool) -> None:
        book = lexicon()
        self.french = french
        self.prepositions = _PREPOSITIONS - (frozenset() if french else {"a"})
        self.skip = book.function["en"] | book.function["fr"] | book.intent
        self.clauses = [_Clause()]
        self.antecedent: _NounPhrase | None = None
        self.determiner = self.preposition = ""
        self.joining = self.possessive = False
        verbs = verb_positions(units)
        for at, unit in enumerate(units):
            if at in verbs:
                self._verb(unit)
            elif unit in JOINING:
                self.joining = True
            elif unit in _ONES and self.clauses[-1].objects:
                self._one(self.clauses[-1].objects[-1])
            elif unit in _PRONOUNS or (unit in _CLITICS and at + 1 in verbs):
                self._pronoun(unit)
            else:
                self._word(unit)

    def _verb(self, unit: str) -> None:
        if self.clauses[-1].objects or self.clauses[-1].antecedent:
            self.clauses.append(_Clause())
        self.clauses[-1].verbs.append(unit)
        self.clauses[-1].antecedent, self.antecedent = self.antecedent, None
        self.determiner = self.preposition = ""
        self.joining = self.possessive = False

    def _pronoun(self, unit: str) -> None:
        antecedent, last = self._find_antecedent(unit in _PLURALS), self.clauses[-1]
        if unit in _CLITICS:
            self.antecedent = antecedent
        elif last.objects and antecedent:
            last.objects[-1].complements += antecedent.heads
        else:
            last.antecedent = antecedent

    def _one(self, noun: _NounPhrase) -> None:
        """ "The old ones": the last object before, with what is said about it now."""
        before = [n for clause in self.clauses[:-1] for n in clause.objects if n.heads]
        if before:
            noun.complements += noun.heads
            noun.heads = list(before[-1].heads)

    def _word(self, unit: str) -> None:
        objects = self.clauses[-1].objects
        if unit in _POSSESSIVES:
            self.possessive = True
            self.antecedent = self._find_antecedent(unit in _PLURALS)
        antecedent = self.clauses[-1].antecedent
        if unit in self.prepositions and (objects or antecedent) and not self.joining:
            self.preposition, self.determiner = unit, ""
            if antecedent and not objects:
                objects.append(_NounPhrase(heads=list(antecedent.heads)))
                self.clauses[-1].antecedent = None
        elif unit in lexicon().determiners:
            self.determiner = _SAME_DETERMINER.get(unit, unit)
        elif unit not in self.skip:
            self._noun(unit, objects)
        elif unit in lexicon().intent and self.clauses[-1].verbs and not objects:
            objects.append(_NounPhrase(heads=[unit], generic=True))

    def _noun(self, unit: str, objects: list[_NounPhrase]) -> None:
        if not objects or (self.joining and self._starts_object(objects[-1])):
            objects.append(_NounPhrase(self.determiner, owned=self.possessive))
            self.preposition = ""
        if self.antecedent:
            objects[-1].complements += self.antecedent.heads
        if objects[-1].generic and not self.preposition:
            objects[-1].heads, objects[-1].generic = [], False
        compound = self.french and self.preposition in _COMPOUNDS and not self.determiner
        complement = self.preposition and not compound
        (objects[-1].complements if complement else objects[-1].heads).append(unit)
        self.determiner, self.antecedent = "", None
        self.joining = self.possessive = False

    def _starts_object(self, last: _NounPhrase) -> bool:
        """Whether the next noun is joined to the object itself, not to its complement."""
        if not self.preposition:
            return True
        return self.preposition in _GENITIVES and self.determiner == last.determiner

    def _find_antecedent(self, plural: bool) -> _NounPhrase | None:
        """The nearest object before of that number, else the nearest."""
        before = [noun for clause in self.clauses for noun in clause.objects if noun.heads]
        free = [noun for noun in before if not noun.owned] or before
        agreeing = [noun for noun in free if noun.is_plural(self.french) == plural]
        nouns = agreeing or free
        return nouns[-1] if nouns else None


def _complete(clauses: list[_Clause]) -> Iterator[_Clause]:
    """Each clause with its objects: its own, what its pronoun refers to, those of the next clause
    or of the one before."""
    clauses = [clause for clause in clauses if clause.verbs or clause.objects]
    for at, clause in enumerate(clauses):
        if clause.antecedent and clause.objects:
            clause.objects[-1].complements += clause.antecedent.heads
        elif clause.antecedent:
            clause.objects = [clause.antecedent]
        elif not clause.objects:
            neighbours = (*clauses[at + 1 :], *reversed(clauses[:at]))
            with_objects = [other for other in neighbours if other.objects]
            clause.objects = with_objects[0].objects if with_objects else []
        for noun in clause.objects[:-1]:
            noun.complements = noun.complements or list(clause.objects[-1].complements)
        yield clause
