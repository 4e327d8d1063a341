"""The table of docs/bytes.md: `make golden` writes it, a test holds it equal to the facts."""

from __future__ import annotations

import json
import logging
import sys
from itertools import chain
from typing import TYPE_CHECKING

from support.oracles.compare import OF_HEADERS, OF_SPELLING, REASONS, differences
from support.oracles.slice import whole
from support.oracles.vendors import vendors
from support.oracles.wrapper import GOLDEN, golden, requests_of
from support.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from support.oracles.calls import Vendor
    from support.oracles.wrapper import Spoken

PAGE = DOCS / "bytes.md"
START, END = "<!-- measured -->\n", "<!-- /measured -->\n"


def compared(name: str, vendor: Vendor, spoken: Sequence[Spoken]) -> list[set[str]]:
    """Per call, the words for what sets the SDK's request and ours apart."""
    pairs = zip(golden(name), spoken, strict=True)
    return [differences(theirs, ours.sent, vendor.renamed, vendor.adds) for theirs, ours in pairs]


def table(found: Mapping[str, Sequence[set[str]]]) -> str:
    lines = ["| vendor | SDK | calls | same line and body | same bytes | headers too | apart |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, per_call in found.items():
        sdk = json.loads((GOLDEN / f"{name}.json").read_bytes())["sdk"]
        words = in_order(chain.from_iterable(per_call))
        lines.append(f"| {name} | {sdk} | {counts(per_call)} | {', '.join(words)} |")
    calls = list(chain.from_iterable(found.values()))
    lines.append(f"| {len(found)} vendors | | {counts(calls)} | |")
    lines += ["", "| words | what they say | calls |", "|---|---|---|"]
    for word in in_order(chain.from_iterable(calls)):
        lines.append(f"| {word} | {REASONS[word]} | {sum(word in words for words in calls)} |")
    lines += ["", "| call that differs in more than order and spelling | in what |", "|---|---|"]
    return "\n".join([*lines, *apart(found)]) + "\n"


def apart(found: Mapping[str, Sequence[set[str]]]) -> Iterator[str]:
    """A line for each call with another line or body."""
    for name, vendor in vendors().items():
        for call, words in zip(vendor.calls, found[name], strict=True):
            if beyond := words - OF_HEADERS - OF_SPELLING:
                yield f"| {name} `{call.operation}` | {', '.join(in_order(beyond))} |"


def counts(per_call: Sequence[set[str]]) -> str:
    within = (OF_HEADERS | OF_SPELLING, OF_HEADERS, frozenset[str]())
    alike = [sum(words <= excused for words in per_call) for excused in within]
    return " | ".join(map(str, (len(per_call), *alike)))


def in_order(words: Iterable[str]) -> list[str]:
    known = list(REASONS)
    return sorted(set(words), key=lambda word: known.index(word) if word in REASONS else -1)


def main() -> None:
    logging.disable()  # the server's answers fit no document
    found = {}
    for name, vendor in vendors().items():
        spoken = requests_of(name, vendor)
        found[name] = compared(name, vendor, spoken)
        if document := whole(vendor.document):
            of_whole = requests_of(name, vendor, document)
            if [one.sent for one in of_whole] != [one.sent for one in spoken]:
                raise SystemExit(f"{name}: the whole document gives other requests than its part")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(before + START + table(found) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
