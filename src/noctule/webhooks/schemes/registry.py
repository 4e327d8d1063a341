"""From a provider's id to its scheme, or to the reason why there is none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from noctule.webhooks.errors import Refused
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.verification.key_cache import Published

_PUBLISHED: dict[str, Published] = {}
"""One for each provider in a process, so that its keys are fetched once."""


def scheme_of(provider: str) -> Scheme:
    """The scheme in a provider's pack.

    Raises UnknownProvider (a LookupError) without a pack, InvalidScheme, and Refused with the
    reason and the alternative if the provider does not sign.
    """
    from noctule.providers import pack

    found = pack(provider)
    if found.unsigned is not None:
        raise Refused(
            f"{found.name}: {found.unsigned.reason_en} Instead: {found.unsigned.alternative_en}"
        )
    if not found.signature:
        raise Refused(f"{found.name}: no signed webhooks are known. Instead: poll, or re-read.")
    scheme = Scheme.parse(found.signature, found.id)
    if scheme.fetch is None:
        return scheme
    return replace(scheme, published=_PUBLISHED.setdefault(found.id, Published()))


def hint_scheme_of(provider: str, content: Mapping[str, str]) -> Scheme:
    """How a provider that signs nothing is read, for hints alone: it verifies nothing, and grades
    as `none`. `content` is as in the scheme language. Raises InvalidScheme."""
    from noctule.providers import find

    found = find(provider)
    table: dict[str, Any] = {"algorithm": "none", "content": content}
    if found is not None and found.unsigned is not None:
        table["handshake"] = [{"signed": False} | dict(h) for h in found.unsigned.handshakes]
    return Scheme.parse(table, provider)
