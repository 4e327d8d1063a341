"""What a request is about: a provider's pack, an API document, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule import providers
from noctule.checks.gates import PACK, refuse_webhooks, unsigned
from noctule.checks.operations import find_operation
from noctule.planning.language.request import understand
from noctule.planning.question import Question, which_provider
from noctule.planning.select.naming import service_name, slug
from noctule.planning.select.pack_operations import select
from noctule.planning.select.provider import brand, describes, mentions, unknown_name
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.messages import Language
    from noctule.planning.select.provider import Mention
    from noctule.providers import Pack


@dataclass(frozen=True)
class Subject:
    name: str
    """As people write it: "Stripe"."""
    slug: str
    """As files and variables have it: "stripe"."""
    document: ApiDocument
    pack: Pack | None
    written: str
    """As it stands in the request, "" where the request does not name it."""
    certainty: float
    """That this provider is meant, from 0 to 1."""

    def operation(self, reference: str) -> ApiOperation | None:
        return find_operation(self.document, self.pack, reference)


def identify(
    text: str, language: Language, document: ApiDocument | None, pack: Pack | None, provider: str
) -> Subject | Question:
    """The subject of a request. `pack` or `provider` (a name or id) settle it; else the request
    does, or the document. Raises `Problem` for a provider nobody knows (exit 2), and for a request
    for nothing but webhooks that are unsigned (exit 3)."""
    named = mentions(text, providers.names().values())
    if provider:
        pack = providers.find(provider)
        if pack is None:
            raise _unknown(provider)
    if pack is None and document is not None:
        pack = _pack_of(document, named)
    if pack is None and document is None:
        if len(named) != 1:
            return _ask(text, language, named)
        pack = named[0].pack
    mention = next((m for m in named if pack and m.pack.id == pack.id), None)
    if pack is not None and document is None and not pack.complete:
        _refuse_unsigned(text, language, pack, mention)
    return _subject(text, document, pack, mention)


def _refuse_unsigned(text: str, language: Language, pack: Pack, mention: Mention | None) -> None:
    """Raise `Problem` (exit 3) for a request that asks for nothing but unsigned webhooks: no
    document could change that."""
    request = understand(text, language, mention.written if mention else "")
    if pack.unsigned and request.wants_webhooks and not request.verbs:
        refusal = unsigned(pack, pack.name, language)
        if refusal is not None:
            raise refuse_webhooks(pack.name, refusal)


def _subject(
    text: str, document: ApiDocument | None, pack: Pack | None, mention: Mention | None
) -> Subject:
    if document is None:
        from noctule import apidoc

        assert pack is not None  # noqa: S101  (identify gives one or the other)
        document = apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}")
    if pack is not None:
        written = mention.written if mention else ""
        certainty = mention.certainty if mention else 1.0
        return Subject(pack.name, slug(pack.id), document, pack, written, certainty)
    name = service_name(document, text)
    written = next((n for n in (name, brand(document)) if n and n.lower() in text.lower()), "")
    if written:
        at = text.lower().index(written.lower())
        written = text[at : at + len(written)]
    return Subject(name, slug(name), document, None, written, 1.0)


def _pack_of(document: ApiDocument, named: list[Mention]) -> Pack | None:
    """The pack whose provider the document describes: one that is named, else any."""
    candidates = [mention.pack for mention in named] or list(providers.packs().values())
    return next((pack for pack in candidates if describes(document, pack)), None)


def _ask(text: str, language: Language, named: list[Mention]) -> Question:
    """Which of several, or which of those that serve the need, or a `Problem` for a name that no
    pack has."""
    if named:
        return which_provider((mention.pack for mention in named), language)
    names = providers.names().items()
    known = [providers.pack(provider) for provider, name in names if name.complete]
    asked = understand(text, language)
    serving = [pack for pack in known if select(pack, asked).rivals]
    name = unknown_name(text, sure=bool(serving))
    if name:
        raise _unknown(name)
    return which_provider(serving or known, language)


def _unknown(name: str) -> Problem:
    known = ", ".join(provider for provider, name in providers.names().items() if name.complete)
    return Problem("planning.unknown_provider", exit=Exit.USAGE, place=name, known=known)
