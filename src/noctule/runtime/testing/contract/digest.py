"""A provider's side of HTTP Digest, written from RFC 7616 and apart from the client's."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from noctule.runtime.testing.mock_provider import Received

REALM, NONCE = "contract", "dcd98b7102dd2f0e8b11d0f600bfb0c093"
CHALLENGE = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=SHA-256'
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def is_answer(received: Received, user: str, password: str) -> bool:
    """Whether the request answers the challenge as this user, and for its own address."""
    scheme, _, text = (received.headers.get("Authorization") or "").partition(" ")
    sent = {name: quoted or plain for name, quoted, plain in _FIELD.findall(text)}
    parts = urlsplit(received.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    about_us = sent.get("realm") == REALM and sent.get("nonce") == NONCE
    if scheme != "Digest" or not about_us or sent.get("uri") != target:
        return False
    secret = _hash(f"{user}:{REALM}:{password}")
    counted = f"{NONCE}:{sent.get('nc')}:{sent.get('cnonce')}:auth"
    return sent.get("response") == _hash(
        f"{secret}:{counted}:{_hash(f'{received.method}:{target}')}"
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
