"""A request taken apart into what is to be done to what: (verb, thing) pairs.

Verbs joined by commas, "and", "or", "then" share the thing that follows them ("create, list and
delete droplets"); things so joined share the verb before them ("list customers and invoices"). A
pronoun is read as what it stands for ("create an invoice and email it").
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
"""Before a bare noun they make one thing of two in French: "hook de build"."""
_PREPOSITIONS = _GENITIVES | {"to", "from", "in", "into", "onto", "on", "at", "with", "for", "by",
                              "as", "via", "a", "au", "aux", "dans", "sur", "sous", "par", "pour",
                              "avec", "vers", "chez", "depuis", "comme"}  # fmt: skip
_CLITICS = frozenset({"le", "la", "l", "lui", "y", "les", "leur"})
_PRONOUNS = frozenset({"it", "them"})
_POSSESSIVES = frozenset({"its", "their", "son", "sa", "ses", "leur", "leurs"})
_ONES = frozenset({"one", "ones"})
_SEVERAL = frozenset({"them", "their", "les", "leur", "leurs"})
_SAME_DETERMINER = {"an": "a", "un": "a", "une": "a", "le": "the", "la": "the", "l": "the",
                    "les": "the"}  # fmt: skip
_INFINITIVE = re.compile(r"^\w{3,}(?:er|ir|re)$")


@dataclass(frozen=True)
class Pair:
    verb: str
    """As written; "" for things that stand without a verb."""
    heads: tuple[str, ...]
    """What it is done to, as written: "environment", "variables"."""
    others: tuple[str, ...]
    """Of what, to what, with what: "project"."""
    clause: int
    """Which of the request's coordinations it comes from."""


@dataclass
class _Thing:
    determiner: str = ""
    heads: list[str] = field(default_factory=list[str])
    others: list[str] = field(default_factory=list[str])
    plain: bool = False
    """Whether it is only a "site" or a "project" so far, which says little before another noun."""
    of_another: bool = False
    """Whether it is "its content", and so nothing that "it" would stand for."""

    def several(self, french: bool) -> bool:
        return self.heads[0 if french else -1].endswith(("s", "x"))


@dataclass
class _Clause:
    verbs: list[str] = field(default_factory=list[str])
    things: list[_Thing] = field(default_factory=list[_Thing])
    meant: _Thing | None = None
    """What a pronoun before or after the verbs stands for."""


def pairs(units: Sequence[str], *, french: bool) -> tuple[Pair, ...]:
    """The pairs of a main clause, in its order; `units` are its words, and `COMMA` where it has
    one."""
    return tuple(
        Pair(verb, tuple(thing.heads), tuple(thing.others), number)
        for number, clause in enumerate(_complete(_Reader(units, french).clauses))
        for verb in clause.verbs or [""]
        for thing in clause.things or [_Thing()]
    )


def verbs_at(units: Sequence[str]) -> set[int]:
    """Where the words stand that are verbs there, known or not."""
    book = lexicon()
    known = book.verbs.keys() | book.general
    found: set[int] = set()
    for at, unit in enumerate(units):
        before, after = _around(units, at)
        at_verb = before in _BEFORE_VERBS or (before in _CLITICS and bool(_INFINITIVE.match(unit)))
        chained = before in JOINING and at - 2 in found
        infinitive = bool(_INFINITIVE.match(unit)) and at_verb
        acted = after in _PRONOUNS | _POSSESSIVES | book.determiners and before in _BEFORE_VERBS
        named = unit in known and (at_verb or infinitive or _INFINITIVE.match(unit))
        empty = (book.function["en"] | book.function["fr"]) - known
        plain = unit not in JOINING and unit not in empty
        if plain and (named or chained or infinitive or acted or _begins_chain(units, at, known)):
            found.add(at)
    return found


def _begins_chain(units: Sequence[str], at: int, known: frozenset[str] | set[str]) -> bool:
    """Whether it is the first of words joined to a verb: "attach" of "attach, detach and list"."""
    if at and units[at - 1] not in _BEFORE_VERBS - JOINING:
        return False
    chain = list(units[at:])
    joined = [word for word, link in zip(chain[2::2], chain[1::2], strict=False) if link in JOINING]
    links = [link in JOINING for link in chain[1::2]]
    length = links.index(False) if False in links else 0
    return any(word in known for word in joined[:length])


def _around(units: Sequence[str], at: int) -> tuple[str, str]:
    return units[at - 1] if at else "", units[at + 1] if at + 1 < len(units) else ""


class _Reader:
    """The clauses of a sentence, word by word."""

    def __init__(self, units: Sequence[str], french: bool) -> None:
        book = lexicon()
        self.french = french
        self.prepositions = _PREPOSITIONS - (frozenset() if french else {"a"})
        self.skip = book.function["en"] | book.function["fr"] | book.intent
        self.clauses = [_Clause()]
        self.meant: _Thing | None = None
        self.determiner = self.preposition = ""
        self.joined = self.owned = False
        verbs = verbs_at(units)
        for at, unit in enumerate(units):
            if at in verbs:
                self._verb(unit)
            elif unit in JOINING:
                self.joined = True
            elif unit in _ONES and self.clauses[-1].things:
                self._one(self.clauses[-1].things[-1])
            elif unit in _PRONOUNS or (unit in _CLITICS and at + 1 in verbs):
                self._pronoun(unit)
            else:
                self._word(unit)

    def _verb(self, unit: str) -> None:
        if self.clauses[-1].things or self.clauses[-1].meant:
            self.clauses.append(_Clause())
        self.clauses[-1].verbs.append(unit)
        self.clauses[-1].meant, self.meant = self.meant, None
        self.determiner = self.preposition = ""
        self.joined = self.owned = False

    def _pronoun(self, unit: str) -> None:
        meant, last = self._antecedent(unit in _SEVERAL), self.clauses[-1]
        if unit in _CLITICS:
            self.meant = meant
        elif last.things and meant:
            last.things[-1].others += meant.heads
        else:
            last.meant = meant

    def _one(self, thing: _Thing) -> None:
        """ "The old ones": what was spoken of before, and what is said of it now."""
        before = [t for clause in self.clauses[:-1] for t in clause.things if t.heads]
        if before:
            thing.others += thing.heads
            thing.heads = list(before[-1].heads)

    def _word(self, unit: str) -> None:
        things = self.clauses[-1].things
        if unit in _POSSESSIVES:
            self.owned = True
            self.meant = self._antecedent(unit in _SEVERAL)
        meant = self.clauses[-1].meant
        if unit in self.prepositions and (things or meant) and not self.joined:
            self.preposition, self.determiner = unit, ""
            if meant and not things:
                things.append(_Thing(heads=list(meant.heads)))
                self.clauses[-1].meant = None
        elif unit in lexicon().determiners:
            self.determiner = _SAME_DETERMINER.get(unit, unit)
        elif unit not in self.skip:
            self._noun(unit, things)
        elif unit in lexicon().intent and self.clauses[-1].verbs and not things:
            things.append(_Thing(heads=[unit], plain=True))

    def _noun(self, unit: str, things: list[_Thing]) -> None:
        if not things or (self.joined and self._begins_another(things[-1])):
            things.append(_Thing(self.determiner, of_another=self.owned))
            self.preposition = ""
        if self.meant:
            things[-1].others += self.meant.heads
        if things[-1].plain and not self.preposition:
            things[-1].heads, things[-1].plain = [], False
        compound = self.french and self.preposition in _COMPOUNDS and not self.determiner
        aside = self.preposition and not compound
        (things[-1].others if aside else things[-1].heads).append(unit)
        self.determiner, self.meant = "", None
        self.joined = self.owned = False

    def _begins_another(self, last: _Thing) -> bool:
        """Whether what is joined now stands beside the thing itself, not beside what it is of."""
        if not self.preposition:
            return True
        return self.preposition in _GENITIVES and self.determiner == last.determiner

    def _antecedent(self, several: bool) -> _Thing | None:
        """The nearest thing before of that number, else the nearest."""
        before = [thing for clause in self.clauses for thing in clause.things if thing.heads]
        free = [thing for thing in before if not thing.of_another] or before
        same = [thing for thing in free if thing.several(self.french) == several]
        near = same or free
        return near[-1] if near else None


def _complete(clauses: list[_Clause]) -> Iterator[_Clause]:
    """Each clause with its things: its own, what its pronoun means, those of the next clause or of
    the one before."""
    told = [clause for clause in clauses if clause.verbs or clause.things]
    for at, clause in enumerate(told):
        if clause.meant and clause.things:
            clause.things[-1].others += clause.meant.heads
        elif clause.meant:
            clause.things = [clause.meant]
        elif not clause.things:
            near = [one.things for one in (*told[at + 1 :], *reversed(told[:at])) if one.things]
            clause.things = near[0] if near else []
        for thing in clause.things[:-1]:
            thing.others = thing.others or list(clause.things[-1].others)
        yield clause
