"""Each generated method sends what the official SDK sends for the same call, byte for byte.

The SDKs' requests are golden files, recorded from the SDKs themselves over a socket
(`support/oracles/record.py`); ours go over a socket too. Where the bytes may differ, the vendor
says in which words (`support.oracles.compare.REASONS`), all of which must be true of it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from support.oracles.calls import Sent
from support.oracles.compare import REASONS, differences
from support.oracles.table import END, PAGE, START, compared, table
from support.oracles.vendors import vendors
from support.oracles.wrapper import Spoken, golden, requests_of

VENDORS = vendors()


@pytest.fixture(scope="module")
def spoken() -> dict[str, list[Spoken]]:
    """What every wrapper sends and returns, per vendor and call."""
    return {name: requests_of(name, vendor) for name, vendor in VENDORS.items()}


@pytest.mark.parametrize("name", VENDORS)
def test_the_bytes_are_those_of_the_official_sdk(
    name: str, spoken: dict[str, list[Spoken]]
) -> None:
    vendor = VENDORS[name]
    found = compared(name, vendor, spoken[name])
    unsaid = {
        call.operation: beyond
        for call, words in zip(vendor.calls, found, strict=True)
        if (beyond := words - REASONS.keys())
    }
    assert not unsaid
    assert set[str]().union(*found) == set(vendor.differs)


def test_our_json_is_compact_and_utf8(spoken: dict[str, list[Spoken]]) -> None:
    """The one spelling that all SDKs' spellings are compared with, by value."""
    bodies = [one.sent.body for calls in spoken.values() for one in calls
              if one.sent.body and one.sent.content_type == "application/json"]  # fmt: skip
    assert len(bodies) > 40
    for body in bodies:
        compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
        assert compact.encode() == body


def test_twenty_vendors_and_three_calls_each() -> None:
    assert len(VENDORS) >= 20
    assert all(len(vendor.calls) >= 3 for vendor in VENDORS.values())
    verbs = {call.operation.partition(" ")[0] for each in VENDORS.values() for call in each.calls}
    assert verbs == {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_the_page_has_the_table_that_is_measured(spoken: dict[str, list[Spoken]]) -> None:
    found = {name: compared(name, vendor, spoken[name]) for name, vendor in VENDORS.items()}
    written = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    assert written == table(found)


def broken(sent: Sent) -> Iterator[Sent]:
    """The same request with one thing wrong in it."""
    yield replace(sent, method="OPTIONS")
    yield replace(sent, target=sent.target.replace("/", "/x", 1))
    if sent.query:
        yield replace(sent, target=sent.target + "&more=1")
        yield replace(sent, target=sent.target.replace("=", "=x", 1))
        yield replace(sent, target=sent.path)
    if "authorization" in sent.headers:
        yield replace(sent, headers={**sent.headers, "authorization": "Bearer other"})
    if sent.body and sent.content_type == "application/json":
        yield replace(sent, body=json.dumps([json.loads(sent.body)]).encode())
        yield replace(sent, body=b"")
    if sent.body and sent.content_type.startswith("application/x-www"):
        yield replace(sent, body=sent.body.replace(b"=", b"=x", 1))
        yield replace(sent, body=sent.body + b"&more=1")
        yield replace(sent, headers={**sent.headers, "content-type": "text/plain"})
    if sent.content_type == "multipart/form-data":
        yield replace(sent, body=sent.body.replace(b'name="', b'name="x', 1))


@pytest.mark.parametrize("name", VENDORS)
def test_no_word_excuses_a_wrong_request(name: str, spoken: dict[str, list[Spoken]]) -> None:
    vendor = VENDORS[name]
    for theirs, ours in zip(golden(name), spoken[name], strict=True):
        for wrong in broken(ours.sent):
            assert differences(theirs, wrong, vendor.renamed, vendor.adds) - REASONS.keys(), wrong


def said(given: Any, kept: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of values, as the provider said them and as the wrapper kept them."""
    if isinstance(kept, dict) and isinstance(given, dict):
        for name, value in kept.items():
            if value is not None or name in given:
                yield from said(given.get(name), value)
    elif isinstance(kept, list) and isinstance(given, list):
        for one, other in zip(given, kept, strict=True):
            yield from said(one, other)
    else:
        yield given, kept


ANSWERED = [(name, at) for name, vendor in VENDORS.items()
            for at, call in enumerate(vendor.calls) if call.answer]  # fmt: skip


@pytest.mark.parametrize(("name", "at"), ANSWERED)
def test_what_the_sdk_s_fixture_says_is_kept(
    name: str, at: int, spoken: dict[str, list[Spoken]]
) -> None:
    call, kept = VENDORS[name].calls[at], spoken[name][at].result
    values = list(said(call.answer, msgspec.to_builtins(kept)))
    assert len(values) >= 5
    assert all(given == value for given, value in values)
