"""A request that arrived, compared with the one that an example names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from noctule.runtime.testing.contract.example import ExampleCall
    from noctule.runtime.testing.contract.workbench import Workbench
    from noctule.runtime.testing.mock_provider import Received


def check_request(bench: Workbench, received: Received, example: ExampleCall[Any]) -> None:
    """Assert that `received` is the request of `example`, down to the body."""
    method, _, target = bench.filled(example.request).partition(" ")
    assert (received.method, received.path) == (method, target.partition("?")[0])
    assert received.url.startswith(f"{bench.profile.url}/")
    assert query_of(bench, received) == expected_query(bench, example)
    for name, value in {**bench.profile.headers, **example.headers}.items():
        assert received.headers.get(name) == bench.filled(value), name
    if header := bench.profile.idempotency_header:
        keyed = example.retry_mode(bench.profile) == "with_key"
        assert not keyed or received.headers.get(header), header
    _check_body(bench, received, example)


def query_of(bench: Workbench, received: Received) -> list[tuple[str, str]]:
    """Sorted names and values of the query, without those of every request."""
    pairs = _pairs(urlsplit(received.url).query)
    return sorted(pair for pair in pairs if pair[0] not in bench.profile.query)


def expected_query(bench: Workbench, example: ExampleCall[Any]) -> list[tuple[str, str]]:
    """The same of the example."""
    return sorted(_pairs(bench.filled(example.request).partition("?")[2]))


def _check_body(bench: Workbench, received: Received, example: ExampleCall[Any]) -> None:
    media = received.headers.get("content-type") or ""
    if example.form is not None:
        assert media.startswith("application/x-www-form-urlencoded")
        assert sorted(_pairs(received.body.decode())) == bench.filled_fields(example.form)
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
