"""The card's two refusals: an unsigned webhook, and a document too incomplete to build on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.manifest import RefusedPart
from noctule.messages import LANGUAGES, say
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation, Gap
    from noctule.messages import Language
    from noctule.providers import Pack

PACK = "pack:"
"""Prefix of a document source that names the compact document of a pack."""
_SHOWN = 8


def gate(
    document: ApiDocument,
    operations: Iterable[ApiOperation],
    accepted: str = "",
    *,
    pack: Pack | None = None,
) -> None:
    """Raise `Problem` (exit 3) when the document lacks what a wrapper of `operations` needs.

    A pack's compact document is not examined: noctule wrote it and compared it with the provider's
    own document and an SDK. A pack also knows how to authenticate. `accepted` is the user's reason
    to continue with an incomplete document; the planner records it in the task.
    """
    from noctule.apidoc.quality.gaps import gaps

    operations = tuple(operations)
    _refuse_boundless(operations)
    refuse_not_supported(document, operations, pack)
    if accepted.strip() or document.source.startswith(PACK):
        return
    ignored = {"auth"} if pack and pack.auth else set[str]()
    blocking = [g for g in gaps(document, operations) if g.blocking and g.kind not in ignored]
    if blocking:
        raise Problem(
            "checks.incomplete",
            exit=Exit.REFUSED,
            place=document.source,
            count=len(blocking),
            **{f"gaps_{language}": _listed(blocking, language) for language in LANGUAGES},
            **{f"auth_{language}": _way_on(blocking, language) for language in LANGUAGES},
        )


def refuse_not_supported(
    document: ApiDocument, operations: Iterable[ApiOperation], pack: Pack | None
) -> None:
    """Raise `Problem` (exit 3) for an operation that nobody can call without a way to authenticate
    that we do not have. A pack that knows how to authenticate decides."""
    from noctule.apidoc.credentials import not_supported

    if pack is not None and pack.auth is not None:
        return
    for operation in operations:
        if way := not_supported(document, operation):
            raise Problem(
                "checks.auth_not_supported",
                exit=Exit.REFUSED,
                place=document.source,
                operation=operation.key,
                way=way,
            )


def _refuse_boundless(operations: Iterable[ApiOperation]) -> None:
    """Raise `Problem` (exit 3) for a schema whose values nobody could make or check in bounds."""
    from noctule.apidoc import json_schema, sample

    for operation in operations:
        for body in (operation.body, *operation.responses.values()):
            for media in body.media.values() if body is not None else ():
                if media.schema is not None:
                    request = body is operation.body
                    sample(media.schema, depth=1, request=request)
                    json_schema(media.schema, request=request)


def unsigned(pack: Pack | None, service: str, language: Language) -> RefusedPart | None:
    """The refusal of the webhook part, or None where the provider signs its deliveries."""
    if pack is None:
        return RefusedPart(
            what="webhooks",
            reason=say(language, "checks.unsigned_unknown", service=service),
            alternative=say(language, "checks.unsigned_alternative", service=service),
        )
    if pack.signature and pack.webhook:
        return None
    fact = pack.unsigned
    if fact is None:
        return RefusedPart(
            what="webhooks",
            reason=say(language, "checks.no_webhooks", service=service),
            alternative=say(language, "checks.unsigned_alternative", service=service),
        )
    french = language == "fr"
    return RefusedPart(
        what="webhooks",
        reason=fact.reason_fr if french else fact.reason_en,
        alternative=fact.alternative_fr if french else fact.alternative_en,
    )


def refuse_webhooks(service: str, refusal: RefusedPart) -> Problem:
    """For a request that asks for nothing but webhooks that nobody could verify."""
    return Problem(
        "checks.only_unsigned",
        exit=Exit.REFUSED,
        place=service,
        reason=refusal.reason,
        alternative=refusal.alternative,
    )


def _way_on(gaps: list[Gap], language: Language) -> str:
    """The option that fills a gap, where there is one."""
    if not any(gap.kind == "auth" for gap in gaps):
        return ""
    return say(language, "checks.incomplete_auth")


def _listed(gaps: list[Gap], language: Language) -> str:
    lines = [f"- {gap.text(language)}" for gap in gaps[:_SHOWN]]
    if len(gaps) > _SHOWN:
        lines.append(say(language, "checks.gaps_more", count=len(gaps) - _SHOWN))
    return "\n".join(lines)
