"""Whatever strangers write, no command passes it to the terminal as more than visible text."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.cli import run
from noctule.cli.output import LogFormatter, json_text, lines, printable
from noctule.webhooks.processing.maintenance import copy_of
from noctule.webhooks.store.base import RejectedDelivery
from noctule.webhooks.store.open import open_store
from noctule.webhooks.testing import key_for, signed

if TYPE_CHECKING:
    from pathlib import Path

EVIL = (
    "\x1b]52;c;cm0gLXJmIH4K\x07\x1b[2J\r\x08\x7f\u009b31m\u009d0;PWN\u009c\u202eabc\u2066\ufeff"
    "\n#9 forged"
)
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": f"Parcels{EVIL}", "version": f"1{EVIL}"},
    "servers": [{"url": "https://api.parcels.example"}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {
        "/parcels": {
            "post": {
                "operationId": "createParcel",
                "summary": f"Create a parcel{EVIL}",
                "description": f"Create{EVIL}",
                "responses": {"201": {"description": f"Created{EVIL}"}},
            },
            "get": {"summary": f"List parcels{EVIL}", "responses": {}},
        },
        f"/x{EVIL}": {"get": {"summary": "x", "responses": {"200": {"description": "x"}}}},
    },
}
WEBHOOKS = (
    ["list"],
    ["list", "--rejected"],
    ["list", "--text", "forged"],
    ["show", "1"],
    ["tail", "--no-follow"],
    ["explain", "1"],
    ["explain", "r1"],
    ["explain", "capture.http", "--provider", "github", "--secret", "GITHUB_WEBHOOK_SECRET"],
    ["replay", "1", "--dry-run"],
    ["replay", "--state", "dead", "--dry-run"],
    ["forward", "--to", "http://127.0.0.1:9/", "--once"],
)  # fmt: skip
OTHERS = (
    ["doctor"],
    ["document", "score", "evil.json"],
    ["plan", "Create a parcel", "--doc", "evil.json", "--dry-run"],
    ["plan", "Create a parcel", "--doc", "evil.json", "--explain", "--accept-incomplete", "x"],
    ["generate", "evil.yaml", "--dry-run"],
    ["check", "evil.yaml"],
    ["check", "broken.yaml"],
    ["integrate", "Create a parcel", "--doc", "evil.json", "--dry-run"],
)


def _is_visible(text: str) -> bool:
    return all(c.isprintable() or category(c) == "Zs" or c in "\n\t" for c in text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key = key_for("github")
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", key.secret)
    place = str(tmp_path / "inbox.sqlite3")
    monkeypatch.setenv("NOCTULE_INBOX", place)
    (tmp_path / "evil.json").write_text(json.dumps(DOCUMENT))
    body = json.dumps({"action": EVIL, "title": EVIL, "id": EVIL}).encode()
    (tmp_path / "capture.http").write_bytes(
        b"POST /hooks HTTP/1.1\r\nHost: x\r\nx-signature\x1b[2J: a\r\n\r\n" + body
    )
    accept = ("--accept-incomplete", "x")
    _run(["plan", "Create a parcel", "--doc", "evil.json", *accept])
    [planned] = (tmp_path / "integrations").glob("*.yaml")
    task = planned.read_text()
    planned.unlink()
    (tmp_path / "evil.yaml").write_text(task.replace('"Parcels', f'"{json.dumps(EVIL)[1:-1]}'))
    broken = json.dumps({"service": EVIL, EVIL: EVIL})
    (tmp_path / "broken.yaml").write_text(f"integration_task: {broken}\n")
    _fill(place, key.signing)
    return tmp_path


def _fill(place: str, secret: str) -> None:
    from noctule.webhooks import Inbox, Receiver

    receiver = Receiver("github", secrets=["GITHUB_WEBHOOK_SECRET"], inbox=Inbox(place), work=False)

    async def deliver() -> None:
        async with receiver.lifespan():
            payload = {"action": EVIL, "title": EVIL}
            headers, body = signed("github", payload, secret=secret, type="push", id="d1")
            headers |= {"user-agent": EVIL.replace("\n", "").encode().decode("latin-1")}
            assert (await receiver.deliver("POST", "https://x/h", headers, body)).status == 200

    import asyncio

    asyncio.run(deliver())
    store = open_store(place)
    for number, request in store.uncopied(10, 1 << 20):
        store.add_copies({number: copy_of(request)})
    [event] = store.claim("github", 1e12, 60, 8)
    store.settle(event.seq, event.claim, "dead", reason=f"PermanentFailure: {EVIL}")
    cause = ("signature_missing", EVIL, EVIL)
    store.add_rejection(
        RejectedDelivery("github", 1.0, "missing_signature", EVIL, 2, "0" * 64, (EVIL,), (cause,))
    )
    store.close()


def _run(arguments: list[str]) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        run(arguments)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize(
    "arguments", [["webhooks", *rest] for rest in WEBHOOKS] + list(OTHERS), ids=" ".join
)
def test_a_command_prints_visible_text_only(
    project: Path, arguments: list[str], lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setenv("NO_COLOR", "1")
    out, err = _run([*arguments, "--lang", lang])
    assert out + err
    assert "Usage:" not in err
    assert _is_visible(out + err)
    assert "\n#9 forged" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["document", "show", "evil.json"],
        ["task", "show", "evil.yaml"],
        ["task", "show", "evil.yaml", "--json"],
        ["document", "list", "evil.json"],
    ],
    ids=" ".join,
)
def test_what_is_printed_as_a_whole_is_visible(project: Path, arguments: list[str]) -> None:
    del project
    out, err = _run(arguments)
    assert out
    assert _is_visible(out)
    assert err == ""


@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["tail", "--no-follow"]])
def test_json_is_visible_too_and_means_the_same(project: Path, arguments: list[str]) -> None:
    del project
    out, _ = _run(["webhooks", *arguments, "--json"])
    assert _is_visible(out)
    # `tail` prints an object for each line, the rejection first.
    data: Any = json.loads(out.splitlines()[-1] if arguments[0] == "tail" else out)
    event = data["events"][0] if "events" in data else data
    assert event["type"] == f"push.{EVIL}"


@given(st.text())
def test_any_text_is_made_visible_once(text: str) -> None:
    assert _is_visible(printable(text))
    assert "\n" not in printable(text)
    assert lines(text).count("\n") == text.count("\n")
    assert printable(printable(text)) == printable(text)


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_visible_and_means_the_same(value: object) -> None:
    assert _is_visible(json_text(value))
    assert json.loads(json_text(value)) == value


def test_log_lines_are_visible() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (EVIL,), None)
    assert _is_visible(LogFormatter().format(record))
