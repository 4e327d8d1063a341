"""From a provider's id to its scheme, or to the reason why there is none."""

from noctule.webhooks.errors import Refused
from noctule.webhooks.scheme import Scheme


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
    return Scheme.parse(found.signature, found.id)
