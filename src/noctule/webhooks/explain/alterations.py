"""Undo what commonly happens to a delivery between the provider and the receiver."""

from __future__ import annotations

import gzip
import io
import json
import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from noctule.webhooks.errors import Rejection
from noctule.webhooks.explain.causes import Cause
from noctule.webhooks.formats.encoding import Encoding
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.scheme import Algorithm, KeyForm, Scheme
from noctule.webhooks.verification.signing_secret import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.webhooks.verification.signing_secret import HiddenSecret

    Alteration = tuple[Cause, Scheme, Sequence[HiddenSecret]]

MAX_DECOMPRESSED = 32 << 20
API_KEYS = {
    r"(sk|rk|pk)_(live|test)_": "Stripe API key",
    r"xox[abprs]-": "Slack token",
    r"gh[pousr]_|github_pat_": "GitHub token",
    r"SG\.": "SendGrid API key",
    r"AC[0-9a-f]{32}$|SK[0-9a-f]{32}$": "Twilio SID",
    r"https?://": "address",
    r"-----BEGIN [A-Z ]*PRIVATE": "private key",
}


def looks_like_another_key(secret: HiddenSecret) -> str:
    """The kind of another credential that the secret looks like; "" if none."""
    kinds = (kind for shape, kind in API_KEYS.items() if re.match(shape, secret.reveal()))
    return next(kinds, "")


def altered_bodies(
    scheme: Scheme, request: WebhookRequest
) -> Iterator[tuple[Cause, WebhookRequest]]:
    """The request with bodies that it may have had before something on the way changed them."""
    if not scheme.scope.body:
        return
    for key, detail, body in _bodies(request.body):
        if body != request.body:
            cause = Cause(key, "body", detail, certain=True)
            yield cause, WebhookRequest(request.method, request.url, request.headers, body)


def _bodies(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    yield "body_line_ends", "CRLF -> LF", body.replace(b"\n", b"\r\n")
    yield "body_line_ends", "LF -> CRLF", body.replace(b"\r\n", b"\n")
    for end in (b"\n", b"\r\n", b" "):
        yield "body_trimmed", "", body + end
        yield "body_padded", "", body.removesuffix(end)
    yield "body_padded", "", body.strip()
    yield "body_marked", "", body.removeprefix(b"\xef\xbb\xbf")
    yield "body_marked", "", b"\xef\xbb\xbf" + body
    yield from _encodings(body)
    yield from _decompressed(body)
    yield from _json_spellings(body)
    yield from _form_spellings(body)


def _encodings(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    try:
        text = body.decode()
        yield "body_recoded", "latin-1 -> UTF-8", text.encode("latin-1")
    except UnicodeError:
        pass
    else:
        yield "body_recoded", "UTF-8 -> latin-1", body.decode("latin-1").encode()


def _decompressed(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    if body.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
                yield "body_compressed", "gzip", file.read(MAX_DECOMPRESSED)
        except (OSError, EOFError):
            return


def _json_spellings(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """The same data as other programs write it, for a body that a framework parsed and wrote."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return
    spacings: list[dict[str, Any]] = [
        {"separators": (",", ":")},
        {"separators": (", ", ": ")},
        {"indent": 2},
        {"indent": 4},
    ]
    for spacing, ascii_only, sort in product(spacings, (False, True), (False, True)):
        text = json.dumps(data, ensure_ascii=ascii_only, sort_keys=sort, **spacing)
        for spelling in (text, text.replace("/", r"\/"), _html_safe(text)):
            for end in ("", "\n"):
                yield "body_reserialised", "JSON", (spelling + end).encode("utf-8", "surrogatepass")
    if isinstance(data, dict):
        fields = cast("dict[str, Any]", data)
        yield "body_reserialised", "form", urlencode(fields, errors="replace").encode()


def _html_safe(text: str) -> str:
    """The escapes of Go and Ruby on Rails."""
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _form_spellings(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return
    yield "body_reserialised", "form", urlencode(pairs).encode()
    yield "body_reserialised", "form", urlencode(pairs, quote_via=quote).encode()


def altered_urls(scheme: Scheme, request: WebhookRequest) -> Iterator[tuple[Cause, WebhookRequest]]:
    """The request with addresses that the provider may have called through a proxy."""
    if not scheme.scope.url:
        return
    for url in dict.fromkeys(_urls(request)):
        cause = Cause("url_differs", "url", url, certain=True)
        yield cause, WebhookRequest(request.method, url, request.headers, request.body)


def _urls(request: WebhookRequest) -> Iterator[str]:
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return
    hosts = [parts.netloc, parts.hostname or "", *_forwarded(request, "x-forwarded-host")]
    hosts += _forwarded(request, "host")
    prefixes = ["", *(p.rstrip("/") for p in _forwarded(request, "x-forwarded-prefix"))]
    paths = [parts.path, parts.path.rstrip("/"), parts.path.rstrip("/") + "/"]
    queries = [parts.query, ""]
    for scheme, host, prefix, path, query in product(
        ("https", "http"), dict.fromkeys(hosts), prefixes, dict.fromkeys(paths), queries
    ):
        yield urlunsplit((scheme, host, prefix + path, query, ""))


def _forwarded(request: WebhookRequest, header: str) -> list[str]:
    try:
        values = request.values(header)
    except Rejection:
        return []
    return [value.split(b",")[0].strip().decode("latin-1") for value in values]


def altered_secrets(scheme: Scheme, secrets: Sequence[HiddenSecret]) -> Iterator[Alteration]:
    """The secrets as they may have been before they were pasted, and with other key forms."""
    for secret in secrets:
        text = secret.reveal()
        clean = text.strip().strip("\"'").removesuffix("\\n").strip()
        if clean and clean != text:
            yield Cause("secret_spaces", "secret", certain=True), scheme, hidden([clean])
        if not scheme.algorithm.startswith("hmac-"):
            continue
        for form in get_args(KeyForm):
            cause = Cause("secret_form", "secret", form, certain=True)
            yield cause, replace(scheme, key_form=form), [secret]
        for other in (text.partition("_")[2], f"whsec_{text}"):
            yield Cause("secret_prefix", "secret", certain=True), scheme, hidden([other])


def altered_schemes(scheme: Scheme, secrets: Sequence[HiddenSecret]) -> Iterator[Alteration]:
    """The scheme with other encodings and algorithms of the signature."""
    for encoding in get_args(Encoding):
        cause = Cause("signature_encoding", "header", encoding, certain=True)
        yield cause, replace(scheme, encoding=encoding), secrets
        yield cause, replace(scheme, encoding=encoding, prefixes=(b"",)), secrets
    for algorithm in get_args(Algorithm):
        if algorithm.startswith("hmac-") and scheme.algorithm.startswith("hmac-"):
            cause = Cause("signature_algorithm", "header", algorithm, certain=True)
            yield cause, replace(scheme, algorithm=algorithm), secrets
