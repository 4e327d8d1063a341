"""Patterns of secrets that are not registered: the shape of a token, or the name before a value.

Every pattern takes linear time: repetitions are bounded or end at a certain character, and each
pattern starts only where a word starts, so a long run of characters is read once.
"""

from __future__ import annotations

import re

from noctule.runtime.redaction.known_secrets import MASK

# Prefixes that issuers give their tokens so that scanners find them.
TOKENS: tuple[str, ...] = (
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,}",  # Stripe, Standard Webhooks
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",  # GitHub
    r"xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}",  # Slack
    r"(?:AC|SK)[0-9a-f]{32}",  # Twilio
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
    r"sk-[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
    r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|1//[A-Za-z0-9_-]{30,}",  # Google
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"glpat-[A-Za-z0-9_-]{20,}",  # GitLab
)
# A JWT (RFC 7519), anywhere in a run of its characters. The run is read to its end first: tried
# from each `eyJ` of a run that no dot follows, the pattern would read the rest each time.
_JWT = (
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*+\.[A-Za-z0-9_-]{5,}+\.)"
    r"([A-Za-z0-9_-]*?)(?<![A-Za-z0-9_])eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*+"
)

_GUARDED = (
    r"password|passwd|passphrase|pwd|secret|token|api[_-]?key|apikey|access[_-]?key"
    r"|private[_-]?key|signing[_-]?key|authorization|credential|cookie|session[_-]?id"
    r"|signature|assertion|cvc|cvv|card[_-]?number"
)
_HARMLESS = frozenset({"token_type", "tokens", "max_tokens", "token_url", "token_count"})

# Strings, which `re` compiles and caches at their first use: importing this costs nothing.
_SECRET_NAME = rf"(?i:{_GUARDED})"
_BEARER = (
    r"(?<![A-Za-z0-9])((?i:bearer|basic)\s{1,4})(?=[a-z]*[A-Z0-9+/=_~-])[A-Za-z0-9._~+/=-]{6,}"
)
_PEM = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,40}-----)?"
_USERINFO = r"(://)[^\s/@:'\"]{0,256}:[^\s/@'\"]{1,256}@"
_NAMED = (
    rf"(?i)(?<![\w.-])(?P<name>[\w.-]{{0,64}}?(?:{_GUARDED})[\w.-]{{0,64}})"
    # name="…", 'name': '…', "name\": \"…, name]=…, ('name', b'…')
    r"(?P<between>\]?(?:\\{0,4}[\"'])?\s{0,8}(?:=|%3D|:|(?<=[\"']),)\s{0,8})"
    rf"(?!b?[\"']?{re.escape(MASK)})"
    r"(?P<value>b?\"(?:[^\"\\\n]|\\.)*\"?|b?'(?:[^'\\\n]|\\.)*'?|\\{1,4}[\"'][^\"'\\]*"
    r"|[^\s&;,\"'<>()\[\]{}\\]+)"
)
_HEADER_LINE = (
    r"(?i)(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,4}:\s{0,4})"
    rf"(?![\"'\s]|b['\"]|{re.escape(MASK)})[^\r\n\"']+"
)


def token_pattern(shapes: tuple[str, ...] = ()) -> str:
    """One pattern for the known tokens and for your own `shapes`: regular expressions without
    anchors, which must not backtrack.
    """
    return rf"(?<![A-Za-z0-9_])(?:{'|'.join(TOKENS + shapes)})"


def is_secret_name(name: str) -> bool:
    """Whether a member, parameter or header of this name holds a secret."""
    return name.lower() not in _HARMLESS and re.search(_SECRET_NAME, name) is not None


def mask_shapes(text: str, tokens: str) -> str:
    """`text` with everything masked that looks like a credential or has the name of one."""
    text = re.sub(tokens, MASK, text)
    if "eyJ" in text:
        text = re.sub(_JWT, rf"\1{MASK}", text)
    text = re.sub(_PEM, MASK, text)
    text = re.sub(_HEADER_LINE, rf"\1\2{MASK}", text)
    text = re.sub(_BEARER, rf"\1{MASK}", text)
    text = re.sub(_USERINFO, rf"\1{MASK}@", text)
    return re.sub(_NAMED, _mask_named, text)


def _mask_named(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if name.lower() in _HARMLESS:
        return match[0]
    quote = re.match(r"b?\\{0,4}[\"']", value)
    opening = quote[0] if quote else ""
    closing = value[-1] if len(value) > len(opening) and opening.endswith(value[-1:]) else ""
    return f"{name}{match['between']}{opening}{MASK}{closing if opening else ''}"
