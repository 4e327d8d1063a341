"""The deliveries that the providers' libraries are asked about: genuine ones, and false ones."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from noctule.json_types import get_path, set_path
from noctule.webhooks import WebhookRequest, scheme_of, sign
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.signing.keypair import KeyPair, new_pair
from noctule.webhooks.testing import publish, signed, tampered
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.verify import signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks import Scheme

NOW = 1_800_000_000
DAY = 86_400
URL = "https://shop.example/webhooks"
ASCII = "ASCII"
SAID: dict[str, str] = {
    ASCII: "all is well",
    "not ASCII": "né à Łódź, 東京 🦇",
    "3 KB": "a line of some length; " * 130,
}
"""What the payload's text says, by the name of the delivery."""
CONTROL = {
    kind: {"Type": kind, "Token": "t", "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?t"}
    for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation")
}
"""What Amazon SNS sends besides notifications."""


@dataclass(frozen=True)
class Delivery:
    """One that is sent at `now` (seconds) to a receiver that has `key`."""

    case: str
    body: str
    headers: dict[str, str]
    key: KeyPair
    now: int = NOW
    url: str = URL


def ready(name: str) -> Scheme:
    scheme = scheme_of(name)
    return scheme.with_settings(dict.fromkeys(scheme.settings, "sandbox"))


def throwaway(scheme: Scheme, purpose: str = "") -> KeyPair:
    """A key that is good for nothing else: the same one each time where two sides share it."""
    if not scheme.algorithm.startswith("hmac-"):
        return new_pair(scheme)
    raw = sha256(f"noctule throwaway {scheme.provider}{purpose}".encode()).digest()
    shared = b64encode(raw).decode()
    text = {"whsec": f"whsec_{shared}", "base64": shared}.get(scheme.key_form, raw.hex())
    return KeyPair(text, text)


def genuine(name: str) -> list[Delivery]:
    """As noctule signs them."""
    scheme, key = ready(name), throwaway(ready(name))
    publish(scheme, key)
    found = [_delivery(scheme, key, case, _payload(scheme, said)) for case, said in SAID.items()]
    if "sns" in scheme.signed:
        found += [_delivery(scheme, key, kind, _payload(scheme, kind)) for kind in CONTROL]
    if scheme.signature_locator is not None:
        return found
    first = found[0]
    payload = json.loads(first.body)
    spaced = json.dumps(payload, indent=2) + "\n\n"
    bodies = {"white space": spaced}
    if "application/x-www-form-urlencoded" in scheme.content:
        bodies["form"] = urlencode({"payload": first.body})
    stamp = scheme.timestamp
    if not list(scheme.signed.locators) and not (stamp and stamp.locator.kind == "body"):
        bodies["empty object"] = "{}"
    found += [_with_body(scheme, key, case, body) for case, body in bodies.items()]
    if _covers_address(scheme):
        url = f"{URL}?tenant=1&shop=a%20b"
        headers, _ = signed(scheme, payload, secret=key.signing, now=NOW, id="msg_1", url=url)
        found.append(replace(first, case="an address with a query", url=url, headers=headers))
    return found


def _covers_address(scheme: Scheme) -> bool:
    return scheme.scope.url or scheme.scope.path


def _delivery(scheme: Scheme, key: KeyPair, case: str, payload: dict[str, Any]) -> Delivery:
    headers, body = signed(scheme, payload, secret=key.signing, now=NOW, id="msg_1", url=URL)
    return Delivery(case, body.decode(), headers, key)


def _with_body(scheme: Scheme, key: KeyPair, case: str, body: str) -> Delivery:
    media = "application/x-www-form-urlencoded" if case == "form" else ""
    headers = sign(
        scheme, body.encode(), key.signing, now=NOW, id="msg_1", url=URL, content_type=media
    )
    return Delivery(case, body, headers, key)


def _payload(scheme: Scheme, said: str) -> dict[str, Any]:
    if "sns" in scheme.signed:
        message = {"MessageId": "m-1", "Message": said}
        return message | CONTROL.get(said, {"Type": "Notification", "Subject": "s"})
    payload: dict[str, Any] = {"note": said, "id": "evt_1", "n": 1}
    kinds = [locator for parts in list(scheme.type)[:1] for locator in parts]
    for number, locator in enumerate([*kinds, *scheme.signed.locators]):
        if locator.kind == "body":
            set_path(payload, locator.name, f"v{number}")
    return payload


def false(name: str, of: Delivery) -> Iterator[Delivery]:
    """The same delivery with one thing changed, or met by a receiver of another key or day."""
    scheme = ready(name)
    publish(scheme, of.key)
    headers, body = tampered(scheme, of.headers, of.body.encode())
    yield replace(of, case="a member more, or another", headers=headers, body=body.decode())
    if scheme.signature_locator is None:
        at = of.body.index("well")
        changed = of.body[:at] + chr(ord("w") ^ 1) + of.body[at + 1 :]
        yield replace(of, case="one bit of the body", body=changed)
        anew = json.dumps(json.loads(of.body))
        yield replace(of, case="the same JSON, written anew", body=anew)
        name_of = scheme.headers[0].replace("*", "1")
        without = {key: value for key, value in of.headers.items() if key != name_of}
        yield replace(of, case="no signature", headers=without)
    yield from _spelt(scheme, of)
    yield replace(of, case="another key", key=throwaway(scheme, " another"))
    if _covers_address(scheme):
        yield replace(of, case="another address", url=f"{URL}/other")
    if scheme.timestamp:
        yield replace(of, case="a day late", now=NOW + DAY + 1000)
        yield replace(of, case="a day early", now=NOW - DAY)
        header = scheme.timestamp.locator
        if header.kind == "header" and not header.item:
            stamp = of.headers[header.name]
            other = stamp[:-1] + ("1" if stamp[-1] != "1" else "2")
            yield replace(of, case="another time", headers=of.headers | {header.name: other})


def _spelt(scheme: Scheme, of: Delivery) -> Iterator[Delivery]:
    """The signature with one bit changed, and in upper case if it is hexadecimal."""
    raw = signatures(_view(scheme, of))[0]
    text = encode(scheme.encoding, raw).decode()
    other = encode(scheme.encoding, raw[:5] + bytes([raw[5] ^ 1]) + raw[6:]).decode()
    spellings = {"one bit of the signature": other}
    if scheme.encoding == "hex":
        spellings["the signature in upper case"] = text.upper()
    for case, spelling in spellings.items():
        headers = {key: value.replace(text, spelling) for key, value in of.headers.items()}
        yield replace(of, case=case, headers=headers, body=of.body.replace(text, spelling))


def _view(scheme: Scheme, of: Delivery) -> DeliveryView:
    request = WebhookRequest("POST", of.url, of.headers, of.body.encode())
    view = DeliveryView(scheme, request)
    if not scheme.signs_items or scheme.batch is None:
        return view
    return view.of_item(get_path(view.data, scheme.batch.name)[0])
