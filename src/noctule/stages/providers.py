"""`providers`: what noctule knows of each provider without a document from the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.providers import Pack, packs
from noctule.webhooks import scheme_of

if TYPE_CHECKING:
    from noctule.messages import Language

__all__ = ["Pack", "as_json", "list_providers", "signature_coverage", "signature_unconfirmed"]


def list_providers() -> tuple[Pack, ...]:
    """Every provider that has a pack, by id."""
    return tuple(packs().values())


def signature_coverage(pack: Pack) -> str:
    """What the signature of the provider's webhooks covers: `full`, `body`, `partial`; `refused` if
    it does not sign them, `none` if nothing is known."""
    if not pack.signature:
        return "refused" if pack.unsigned else "none"
    return scheme_of(pack.id).coverage


def signature_unconfirmed(pack: Pack) -> bool:
    """Whether the signature scheme comes from documentation only."""
    return bool(pack.signature) and scheme_of(pack.id).status == "unconfirmed"


def _retired(pack: Pack, language: Language) -> dict[str, str] | None:
    if pack.retired is None:
        return None
    return {
        "since": pack.retired.since,
        "reason": pack.retired.reason(language),
        "alternative": pack.retired.alternative(language),
        "source": pack.retired.source,
    }


def as_json(pack: Pack, language: Language) -> dict[str, Any]:
    """A provider as one JSON object."""
    return {
        "id": pack.id,
        "name": pack.name,
        "homepage": pack.homepage,
        "environments": {
            name: {"base_url": environment.base_url, "note": environment.note(language)}
            for name, environment in pack.environments.items()
        },
        "needs": sorted(pack.needs),
        "operations": sorted(pack.operations),
        "webhooks": signature_coverage(pack),
        "signature_unconfirmed": signature_unconfirmed(pack),
        "signature_compared": pack.signature.get("compared", ""),
        "retired": _retired(pack, language),
        "document": pack.document.official if pack.document else "",
        "compared": pack.document.compared if pack.document else "",
        "compared_with": pack.document.compared_with if pack.document else "",
        "errata": [
            {
                "id": erratum.id,
                "pointer": erratum.pointer,
                "says": erratum.says,
                "truth": erratum.truth,
                "text": erratum.label(language),
                "source": erratum.source,
            }
            for erratum in pack.errata
        ],
    }
