"""A request that arrived, compared with the one that an example names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from noctule.runtime.testing.contract.example import SentCredentials

if TYPE_CHECKING:
    from noctule.runtime.testing.contract.example import ExampleCall
    from noctule.runtime.testing.contract.workbench import Workbench
    from noctule.runtime.testing.mock_provider import Received


def check_request(bench: Workbench, received: Received, example: ExampleCall[Any]) -> None:
    """Assert that `received` is the request of `example`, down to the body."""
    method, _, target = bench.filled(example.request).partition(" ")
    assert (received.method, received.path) == (method, target.partition("?")[0])
    assert received.url.startswith(f"{example.url or bench.profile.url}/")
    assert query_of(bench, received, example) == expected_query(bench, example)
    for name, value in {**credentials_of(bench, example).headers, **example.headers}.items():
        assert _carries(received, name, bench.filled(value)), name
    if example.credentials is None:
        for name in bench.profile.signature_headers:
            assert received.headers.get(name), name
        assert {*bench.profile.signature_query} <= {*received.query}
    if header := bench.profile.idempotency_header:
        keyed = example.retry_mode(bench.profile) == "with_key"
        assert not keyed or received.headers.get(header), header
    _check_body(bench, received, example)


def credentials_of(bench: Workbench, example: ExampleCall[Any]) -> SentCredentials:
    """Those of the example, else the profile's, with the headers and the query of every request."""
    profile = bench.profile
    return example.credentials or SentCredentials(
        authorization=profile.authorization, headers=profile.headers, query=profile.query
    )


def check_credentials(bench: Workbench, received: Received, example: ExampleCall[Any]) -> None:
    """Assert that `received` carries the credentials of its operation, and no others."""
    profile, own = bench.profile, credentials_of(bench, example)
    for name, value in own.query.items():
        assert received.query.get(name) == bench.filled(value), name
    for name, value in own.headers.items():
        assert _carries(received, name, bench.filled(value)), name
    if own.authorization:
        assert received.headers.get("Authorization") == bench.authorization(own)
    elif example.credentials is not None and "authorization" not in map(str.lower, own.headers):
        assert received.headers.get("Authorization") is None
    mine = [*own.query.values(), *own.headers.values()]
    others = [text for text in (*profile.query.values(), *profile.headers.values()) if "{" in text]
    wrong = {*map(bench.filled, others)} - {*map(bench.filled, mine)}
    assert not wrong.intersection([*received.query.values(), *received.headers.values()])


def _carries(received: Received, name: str, value: str) -> bool:
    """Whether the request has the header; of a Cookie header, all cookies in `value`."""
    sent = received.headers.get(name)
    if name.lower() != "cookie":
        return sent == value
    return {*value.split("; ")} <= {*(sent or "").split("; ")}


def query_of(
    bench: Workbench, received: Received, example: ExampleCall[Any]
) -> list[tuple[str, str]]:
    """Sorted names and values of the query, without those of the credentials."""
    pairs = _pairs(urlsplit(received.url).query)
    own = {*credentials_of(bench, example).query, *bench.profile.signature_query}
    return sorted(pair for pair in pairs if pair[0] not in own)


def expected_query(bench: Workbench, example: ExampleCall[Any]) -> list[tuple[str, str]]:
    """The same of the example."""
    return sorted(_pairs(bench.filled(example.request).partition("?")[2]))


def _check_body(bench: Workbench, received: Received, example: ExampleCall[Any]) -> None:
    media = received.headers.get("content-type") or ""
    if example.form is not None:
        assert media.startswith("application/x-www-form-urlencoded")
        pairs = _pairs(received.body.decode())
        own = bench.profile.signature_form
        assert sorted(p for p in pairs if p[0] not in own) == bench.filled_fields(example.form)
        assert {*own} <= {name for name, _ in pairs}
    elif example.json is not None:
        assert "json" in media
        assert received.json == bench.filled_json(example.json)
    elif example.parts:
        assert media.startswith("multipart/")
        for part in example.parts:
            assert part in received.body
    else:
        assert received.body == example.body


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)
