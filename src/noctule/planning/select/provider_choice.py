"""The provider that a request is about: its pack, its API document, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule import providers
from noctule.checks.gates import PACK, refuse_webhooks, unsigned
from noctule.checks.operations import find_operation
from noctule.planning.language.request import parse_request
from noctule.planning.question import Question, which_provider
from noctule.planning.select.naming import service_name, slug
from noctule.planning.select.pack_operations import select_operations
from noctule.planning.select.provider import brand, describes, provider_mentions, unknown_name
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.messages import Language
    from noctule.planning.select.provider import ProviderMention
    from noctule.providers import Pack


@dataclass(frozen=True)
class ProviderChoice:
    name: str
    """As people write it: "Stripe"."""
    slug: str
    """As files and variables have it: "stripe"."""
    document: ApiDocument
    pack: Pack | None
    written: str
    """As the request has it, "" where it does not name the provider."""
    certainty: float
    """How certain it is that this provider is meant, from 0 to 1."""

    def operation(self, reference: str) -> ApiOperation | None:
        return find_operation(self.document, self.pack, reference)


def choose_provider(
    text: str,
    language: Language,
    document: ApiDocument | None,
    pack: Pack | None,
    provider: str,
    *,
    refetch: bool = False,
) -> ProviderChoice | Question:
    """The provider of a request: `pack` or `provider` (a name or id) if given, else the one that
    the request names or the document describes.

    Raises `Problem` for an unknown provider (exit 2), and for a request for nothing but webhooks
    that are unsigned (exit 3), unless `refetch` takes those as hints.
    """
    mentions = provider_mentions(text, providers.names().values())
    if provider:
        pack = providers.find(provider)
        if pack is None:
            raise _unknown_provider(provider)
    if pack is None and document is not None:
        pack = _pack_of(document, mentions)
    if pack is None and document is None:
        if len(mentions) != 1:
            return _question(text, language, mentions)
        pack = mentions[0].pack
    mention = next((m for m in mentions if pack and m.pack.id == pack.id), None)
    if pack is not None and document is None and not pack.complete and not refetch:
        _refuse_unsigned(text, language, pack, mention)
    return _choice(text, document, pack, mention)


def _refuse_unsigned(
    text: str, language: Language, pack: Pack, mention: ProviderMention | None
) -> None:
    """Raise `Problem` (exit 3) for a request that asks for nothing but unsigned webhooks: no
    document could change that."""
    request = parse_request(text, language, mention.written if mention else "")
    if pack.unsigned and request.wants_webhooks and not request.verbs:
        refusal = unsigned(pack, pack.name, language)
        if refusal is not None:
            raise refuse_webhooks(pack.name, refusal)


def _choice(
    text: str, document: ApiDocument | None, pack: Pack | None, mention: ProviderMention | None
) -> ProviderChoice:
    if document is None:
        from noctule import apidoc

        assert pack is not None  # noqa: S101  (choose_provider passes one or the other)
        document = apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}")
    if pack is not None:
        written = mention.written if mention else ""
        certainty = mention.certainty if mention else 1.0
        return ProviderChoice(pack.name, slug(pack.id), document, pack, written, certainty)
    name = service_name(document, text)
    written = next((n for n in (name, brand(document)) if n and n.lower() in text.lower()), "")
    if written:
        at = text.lower().index(written.lower())
        written = text[at : at + len(written)]
    return ProviderChoice(name, slug(name), document, None, written, 1.0)


def _pack_of(document: ApiDocument, mentions: list[ProviderMention]) -> Pack | None:
    """The pack whose provider the document describes: one that the request names, else any."""
    packs = [mention.pack for mention in mentions] or list(providers.packs().values())
    return next((pack for pack in packs if describes(document, pack)), None)


def _question(text: str, language: Language, mentions: list[ProviderMention]) -> Question:
    """Which of the named providers, or which of those that serve the need. Raises `Problem` for a
    name without a pack."""
    if mentions:
        return which_provider((mention.pack for mention in mentions), language)
    complete = [providers.pack(provider) for provider in _complete_providers()]
    request = parse_request(text, language)
    serving = [pack for pack in complete if select_operations(pack, request).rivals]
    name = unknown_name(text, sure=bool(serving))
    if name:
        raise _unknown_provider(name)
    return which_provider(serving or complete, language)


def _complete_providers() -> list[str]:
    """The ids of the providers whose packs have operations."""
    return [provider for provider, names in providers.names().items() if names.complete]


def _unknown_provider(name: str) -> Problem:
    known = ", ".join(_complete_providers())
    return Problem("planning.unknown_provider", exit=Exit.USAGE, place=name, known=known)
