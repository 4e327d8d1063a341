"""Write docs/identity.md from its text and the packs: `python docs/identity.py`."""

from __future__ import annotations

from pathlib import Path

from noctule.providers import packs
from noctule.webhooks import Scheme, scheme_of
from noctule.webhooks.schemes.identity import Ground

PAGE = Path(__file__).parent / "identity.md"
OPENING = """\
# When two deliveries are one event

`python docs/identity.py` writes this page; its tables come from the code and from
`[signature.identity]` in the provider packs, and a test compares them.

A provider delivers an event again when it did not get our answer. A network may deliver a request
twice. Somebody who captured a delivery can send it again, changed wherever it is not signed. And
two events may look alike: "files of account 7 changed" is the same text each time. The inbox has to
tell these apart from what arrives.

Dropping an event is worse than handling one twice, unless an attacker could be the one who sent it
again. So where nothing shows what a delivery is, it is **quarantined**: stored, answered 200,
reported, and processed only if an operator says so.

## What each thing proves

{proofs}
A **bell** says only that something changed; its handler asks the API what did. A bell that is
dropped is a change that is missed. Handling one twice is harmless. Bells that wait are merged, as
one question to the API answers them all.

## The rules

The first ground that a scheme offers decides. It depends on the scheme and on what is signed, never
on whether an unsigned part is there.

"""
PROOFS = {
    "the same signed id": (
        "the same event, if the provider gives an id to one event only. HubSpot does not. With"
        " another signed type, another event"
    ),
    "the same id, not signed": (
        "nothing alone: anybody can change it. Beside the same signed content, the same event"
    ),
    "another id, not signed": ("nothing, if the time is not signed: a replay can carry any id"),
    "a signed time that was not seen": (
        "the provider signed it just now, so it is not a replay of an earlier delivery. It may be a"
        " retry that was signed again"
    ),
    "a signed time that was seen, with the same signed content": (
        "the same signature: a retry, a copy or a replay, never another event. Two equal events"
        " that were signed in the same second (or"
        " millisecond, as the time is written) are taken for one"
    ),
    "the same content": (
        "the same event, if the content names its event by an id or time of its own (`same`)."
        " Another event, if it only rings a **bell**"
    ),
    "an unsigned part of the body that differs, under a signature that was seen": (
        "another event of the same second, or a forgery"
    ),
}
RULES = {
    Ground.ID: (
        "a signed id that belongs to one event",
        "the same id, and type where it is signed, is a duplicate, without a time limit",
    ),
    Ground.TIME_AND_ID: (
        "a signed time, and an id that is not signed",
        (
            "the same content and id is a duplicate, also under a new time. A time that was seen,"
            " with another id, is a repeat. A new time with a new id is a new event, even if the"
            " content is equal"
        ),
    ),
    Ground.TIME_AND_CONTENT: (
        "a signed time, and content that names its event",
        (
            "the same content within the time of retries is a duplicate; later, with a new time, it"
            " is a new event"
        ),
    ),
    Ground.TIME: (
        "a signed time alone",
        (
            "the same content and time is a duplicate. A new time is a new event; a retry that is"
            " signed again is handled twice"
        ),
    ),
    Ground.BELL: (
        "no time; the content is a bell",
        "a duplicate while an equal one waits, else a new event",
    ),
    Ground.CONTENT_AND_ID: (
        "no time; signed content, and an id that is not signed",
        (
            "the same content and id is a duplicate, without a time limit. The same content with"
            " another id is a repeat (a duplicate within the time of retries, if the content names"
            " its event)."
            " New content is a new event, whatever its id"
        ),
    ),
    Ground.CONTENT: (
        "no time and no id; content that names its event",
        "the same content within the time of retries is a duplicate; later it is a repeat",
    ),
    Ground.NOTHING: (
        "no time, no id, and content that may be the same for two events",
        "the same content is a repeat",
    ),
}
CLOSING = """
Content is what the signature covers, without the signature, the time, and the fields that differ
between attempts. Where only a part of the body is signed (coverage `partial`), it is the whole
body: under rules 2 to 4, two deliveries with one signature and different bodies are then a repeat.
The events of a batch are compared one by one, wherever they stand in it; equal events within one
delivery are different ones. If a sorted form is signed (Twilio), the content is the sorted fields.

The age limit (`timestamp.past`) covers the provider's retries where they carry the first time
(Linear, Mailgun). That is safe: a replay within it is recognised.

## Repeats

A repeat equals an earlier event, and may be another one, or a replay of the earlier one.

```python
Receiver("github", secrets=[…], repeats="handle")
Receiver("shopify", secrets=[…], repeats={"app/uninstalled": "handle", "*": "quarantine"})
```

| `repeats` | what becomes of a repeat |
|---|---|
| `"quarantine"` (default) | stored as `quarantined` |
| `"handle"` | processed like any event; a captured delivery can then be replayed |
| `"drop"` | stored as `dropped` |

A table decides by event type. The types of GitHub, Shopify and WooCommerce are not signed: whoever
replays a delivery chooses the row. Shopify sends one order under several topics, often with equal
bodies; handle those that you need.

Further repeats of the same content within an hour are counted on the stored one (`×3` in `list`),
so that a replayed delivery cannot fill the disk. Each kind is logged, at most once a minute with
the number since, and counted in `noctule_webhooks_repeats_total` by route and action. `doctor`
reports quarantined events as a warning, and names dropped ones.

To decide: `noctule webhooks list --state quarantined`, `noctule webhooks show NUMBER`, and for the
events that are genuine `noctule webhooks replay NUMBER`, or all of them with
`noctule webhooks replay --state quarantined`. The same works with `dropped`.

## How this is tested

`make schedules` plays 10,000 random schedules of a sender, a network and an attacker for each
family of providers: retries with and without a new time, lost, repeated and late deliveries, and
replays as they were or changed wherever nothing is signed, soon or after the age limit. No event
may be lost without being told of, none may be handled twice where a rule can know it, and no replay
may be handled but that of a bell without a signed time. The test suite plays a few of them, on
SQLite and on PostgreSQL, and respells each provider's delivery under its one signature.

## Providers

"Retry" is what an attempt looks like after the first, and for how many hours there are some (72 are
assumed where no number is given). Where a fact is not known, the rule is one that loses nothing.

"""
SCOPES = {
    "event": "",
    "subscription": ", one for each subscription",
    "attempt": ", new in each attempt",
    "shared": ", not unique",
}
RETRIES = {
    "same": "equal",
    "signed_again": "signed again",
    "none": "none",
    "unknown": "not known",
}
CONTENTS = {"same": "names its event", "bell": "a bell", "unclear": "may be equal"}


def ground_of(scheme: Scheme) -> Ground:
    """What decides for the events of a scheme that carry the id that is read first."""
    first = next(iter(scheme.event_fields.id), None)
    return scheme.identity.ground(
        signed_id=first is not None and first.signed,
        unsigned_id=scheme.reads_unsigned_id,
        signed_time=scheme.timestamp is not None,
    )


def page() -> str:
    """The text of docs/identity.md."""
    rules = "".join(f"| {number}. {seen} | {rule} |\n" for number, (seen, rule) in enumerate(
        RULES.values(), 1
    ))  # fmt: skip
    proofs = "".join(f"| {seen} | {proof} |\n" for seen, proof in PROOFS.items())
    opening = OPENING.replace("{proofs}", f"| what is seen | what it proves |\n|---|---|\n{proofs}")
    known = packs()
    schemes = {name: scheme_of(name) for name, pack in known.items() if pack.signature}
    rows = "".join(_row(name, known[name].name, scheme) for name, scheme in schemes.items())
    head = "| provider | id | time signed | content | retry | rule |\n|---|---|---|---|---|---|\n"
    return f"{opening}| ground | what decides |\n|---|---|\n{rules}{CLOSING}{head}{rows}"


def _row(name: str, label: str, scheme: Scheme) -> str:
    facts = scheme.identity
    rule = ground_of(scheme)
    hours = packs()[name].signature["identity"].get("hours")
    cells = [
        f"[{label}]({facts.source or scheme.documentation}) `{name}`",
        _id(scheme),
        f"yes, {scheme.timestamp.past:.0f} s" if scheme.timestamp else "no",
        "–" if rule is Ground.ID else CONTENTS[facts.equal_content],
        RETRIES[facts.retry] + (f", {hours} h" if hours else ""),
        str(list(RULES).index(rule) + 1),
    ]
    return f"| {' | '.join(cells)} |\n"


def _id(scheme: Scheme) -> str:
    parts = next(iter(scheme.id), ())
    if not parts:
        return "–"
    signed = "signed" if all(map(scheme.scope.includes, parts)) else "not signed"
    named = " + ".join(f"`{part}`" for part in parts)
    return f"{named}, {signed}{SCOPES[scheme.identity.id_scope]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
