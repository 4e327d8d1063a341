"""From a provider's id to its scheme, or to the reason why there is none."""

from collections.abc import Mapping
from typing import Any

from noctule.webhooks.errors import Refused
from noctule.webhooks.schemes.scheme import Scheme


def scheme_of(provider: str) -> Scheme:
    """The scheme in a provider's pack.

    Raises UnknownProvider (a LookupError) without a pack, InvalidScheme, and Refused with the
    reason and the alternative if the provider does not sign.
    """
    from noctule.providers import pack as pack_of

    pack = pack_of(provider)
    if pack.unsigned is not None:
        raise Refused(
            f"{pack.name}: {pack.unsigned.reason_en} Instead: {pack.unsigned.alternative_en} "
            "A RefetchReceiver takes each delivery as a hint to read the object again."
        )
    if not pack.signature:
        raise Refused(f"{pack.name}: no signed webhooks are known. Instead: poll, or re-read.")
    return Scheme.parse(pack.signature, pack.id)


def hint_scheme_of(provider: str, content: Mapping[str, str]) -> Scheme:
    """How the deliveries of a provider that signs nothing are read, for RefetchReceiver alone.

    The scheme verifies nothing, and its coverage is `none`. `content` is as in the signature
    language. Raises InvalidScheme.
    """
    from noctule.providers import find

    pack = find(provider)
    table: dict[str, Any] = {"algorithm": "none", "content": content}
    if pack is not None and pack.unsigned is not None:
        table["handshake"] = [{"signed": False} | dict(h) for h in pack.unsigned.handshakes]
    return Scheme.parse(table, provider)
