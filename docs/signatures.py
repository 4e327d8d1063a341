"""Write docs/signatures.md from the packs: `python docs/signatures.py`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from noctule.providers import packs
from noctule.webhooks import Scheme, scheme_of

PAGE = Path(__file__).parent / "signatures.md"
DATA = Path(__file__).parents[1] / "tests" / "data" / "webhooks"
OPENING = """\
# Webhook signatures

`python docs/signatures.py` writes this page from the provider packs, and a test compares them. What
the coverages mean, and what a handler may rely on, is in
[webhooks.md](webhooks.md#what-a-signature-covers). The keys of a scheme are described in
[signature-language.md](signature-language.md), and [identity.md](identity.md) says what identifies
an event of each provider.

**Known from** is `confirmed` if the provider's own documentation or code was read, and
`unconfirmed` if it was somebody else's: test such a scheme with a real delivery first. The date is
when the scheme was last compared with its source, to which the provider's name links. `make
stale-packs` lists what is older than a year.

**Proof** is `vector` for a signature that the provider published, and `library` if the provider's
own library judges our signatures. A library runs in the tests, or `make golden-signatures` records
its verdicts under `tests/data/webhooks/judged`, with each difference from noctule and the reason.

Property tests cover every scheme: one changed bit of the body, header, key, address or time is
rejected, and nothing that a sender sends raises anything but a rejection.
"""
SIGNED = "## Signed"
REFUSED = """
## Refused

These providers do not sign their deliveries. Planning, generation and `Receiver` refuse them. They
can only be used as hints, with `RefetchReceiver`: an id is taken from the delivery, and the object
is fetched through the provider's API.

| provider | why | instead |
|---|---|---|
"""


def page() -> str:
    """The text of docs/signatures.md."""
    known = packs()
    signed = {name: scheme_of(name) for name, pack in known.items() if pack.signature}
    rows = "".join(_row(name, known[name].name, scheme) for name, scheme in signed.items())
    refused = "".join(
        f"| [{pack.name}]({pack.unsigned.source}) | {pack.unsigned.reason_en} "
        f"| {pack.unsigned.alternative_en} |\n"
        for pack in known.values()
        if pack.unsigned
    )
    count = f"\n{SIGNED}\n\n{len(signed)} providers.\n\n"
    head = "| pack | coverage | what is signed | age | known from | proof |\n"
    return OPENING + count + head + "|---|---|---|---|---|---|\n" + rows + REFUSED + refused


def _row(name: str, label: str, scheme: Scheme) -> str:
    cells = [
        f"[{label}]({scheme.documentation}) `{name}`{_retired(name)}",
        scheme.coverage,
        f"{scheme.algorithm}, {_signed(scheme)}",
        _age(scheme),
        f"{scheme.status}, {scheme.compared}",
        _proof(name),
    ]
    return f"| {' | '.join(cells)} |\n"


def _retired(name: str) -> str:
    retired = packs()[name].retired
    return f" (retired since {retired.since})" if retired else ""


def _signed(scheme: Scheme) -> str:
    template = packs()[scheme.provider].signature["signed"]
    text = template if isinstance(template, str) else template[0]
    shown = text if len(text) < 90 else f"{text[:80]}…"
    return "`" + shown.replace("\n", "\\n").replace("|", "\\|") + "`"


def _age(scheme: Scheme) -> str:
    stamp = scheme.timestamp
    return f"{stamp.past:.0f} s / {stamp.future:.0f} s" if stamp else "any"


def _proof(name: str) -> str:
    vectors = tomllib.loads((DATA / "vectors.toml").read_text(encoding="utf-8"))["vectors"]
    oracles = tomllib.loads((DATA / "oracles.toml").read_text(encoding="utf-8"))
    judged = DATA / "judged" / f"{name}.json"
    proof = ["vector"] if any(vector["scheme"] == name for vector in vectors) else []
    libraries = [oracles[name]] if name in oracles else []
    if judged.exists():
        libraries.append(json.loads(judged.read_text(encoding="utf-8"))["library"])
    proof += [f"library: {' and '.join(libraries)}"] if libraries else []
    return ", ".join(proof) or "properties"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
