"""The card's own example, from the request to an application that takes events."""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from support.command_line import Noctule, command, snapshot_of
from support.paths import CARD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUEST = "Intégrer Stripe pour les paiements"
CARD_KEYS = ["service", "files", "env_vars", "methods", "webhooks", "error_handling", "tests"]
CARD_NUMBER = "4242424242424242"


@pytest.fixture(scope="module")
def integrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    done = command(folder, "integrate", REQUEST, "--json")
    assert done.code == 0, done.err
    (folder / "result.json").write_text(done.out)
    (folder / "talk.txt").write_text(done.err)
    return folder


@pytest.fixture(scope="module")
def task(integrated: Path) -> dict[str, Any]:
    read = yaml.safe_load((integrated / "integrations" / "stripe.yaml").read_text())
    assert list(read) == ["integration_task"]
    return dict(read["integration_task"])


def test_the_task_has_the_cards_keys_first(task: dict[str, Any]) -> None:
    assert list(task)[: len(CARD_KEYS)] == CARD_KEYS
    assert list(task["files"][0])[:2] == ["path", "purpose"]
    assert list(task["error_handling"])[:2] == ["retry", "fallback"]


def test_the_task_has_stripes_real_operations_in_french(task: dict[str, Any]) -> None:
    assert [method["name"] for method in task["methods"]] == [
        "create_payment_intent",
        "create_customer",
    ]
    assert [variable["description"] for variable in task["env_vars"]] == [
        "Clé API secrète",
        "Secret pour vérifier webhooks",
        "Clé publique (frontend)",
    ]
    assert [webhook["event"] for webhook in task["webhooks"]] == [
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
    ]
    assert {webhook["endpoint"] for webhook in task["webhooks"]} == {"/api/webhooks/stripe"}
    assert task["language"] == "fr"


def test_the_cards_keys_only(integrated: Path) -> None:
    done = command(integrated, "task", "show", "--card", "integrations/stripe.yaml")
    card = yaml.safe_load(done.out)["integration_task"]
    assert list(card) == CARD_KEYS
    keys = {key for part in ("files", "env_vars", "methods") for one in card[part] for key in one}
    assert keys == {"path", "purpose", "name", "description", "does"}


def test_everything_is_in_one_json_object(integrated: Path) -> None:
    result = json.loads((integrated / "result.json").read_text())
    assert result["exit"] == 0
    assert result["tests"]["failed"] == 0
    assert result["tests"]["passed"] > 20
    assert result["proof"]["held"]
    assert {row["fault"] for row in result["proof"]["rows"]} >= {
        "refused", "timeout", "status_500_once", "rate_limited", "invalid_json",
        "wrong_signature", "stale", "duplicate",
    }  # fmt: skip
    assert result["env_vars"] == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]
    assert result["next"] == "uvicorn app.main:app"


def test_generated_code_imports_only_what_production_has(integrated: Path) -> None:
    modules: set[str] = set()
    for path in (integrated / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("noctule"):
                modules.add(node.module or "")
    assert modules == {"noctule.runtime", "noctule.webhooks"}


def test_running_it_again_changes_no_byte(integrated: Path) -> None:
    before = snapshot_of(integrated)
    done = command(integrated, "integrate", REQUEST, "--json")
    assert done.code == 0, done.err
    assert snapshot_of(integrated) == before
    assert {file["action"] for file in done.json["files"]} == {"identical"}
    assert done.json["task"]["action"] == "identical"


def test_the_output(integrated: Path, snapshot: Any) -> None:
    """Plain lines without a terminal, the same every time."""
    assert (integrated / "talk.txt").read_text() == snapshot


def test_check_finds_the_cards_two_errors_in_french(project: Path, snapshot: Any) -> None:
    (project / "card.yaml").write_bytes(CARD.read_bytes())
    done = command(project, "check", "card.yaml")
    assert done.code == 1
    assert done.out == snapshot
    findings = command(project, "check", "card.yaml", "--json").json["findings"]
    assert [(finding["code"], finding["place"]) for finding in findings] == [
        ("event", "webhooks[1].event"),
        ("retry", "error_handling.retry"),
    ]


def test_a_planned_task_has_no_findings(integrated: Path) -> None:
    done = command(integrated, "check", "integrations/stripe.yaml")
    assert (done.code, done.err) == (0, "")


def test_an_edit_is_kept(noctule: Noctule, project: Path) -> None:
    noctule("plan", REQUEST)
    noctule("generate")
    wrapper = project / "app" / "services" / "stripe_service.py"
    edited = wrapper.read_text() + "\n\nMINE = 1\n"
    wrapper.write_text(edited)
    done = noctule("generate")
    assert done.code == 0
    assert wrapper.read_text() == edited
    assert "Intégrer" not in done.err


def test_a_second_request_extends_the_task(noctule: Noctule, project: Path) -> None:
    noctule("plan", REQUEST)
    done = noctule("plan", "Rembourser un paiement avec Stripe", "--json")
    assert done.json["task"]["action"] == "update"
    names = [method["name"] for method in done.json["methods"]]
    assert names[:2] == ["create_payment_intent", "create_customer"]
    assert "create_refund" in names
    again = noctule("plan", REQUEST, "--json")
    assert again.json["task"]["action"] == "identical"


def test_a_dry_run_writes_nothing(noctule: Noctule, project: Path) -> None:
    done = noctule("integrate", REQUEST, "--dry-run")
    assert done.code == 0
    assert snapshot_of(project) == {}
    assert "+++ b/integrations/stripe.yaml" in done.out
    assert "+++ b/app/services/stripe_service.py" in done.out


def test_a_broken_promise_is_reported(noctule: Noctule, project: Path) -> None:
    noctule("plan", REQUEST)
    noctule("generate")
    wrapper = project / "app" / "services" / "stripe_service.py"
    broken = wrapper.read_text().replace('    retry="with_key",\n', '    retry="idempotent",\n')
    wrapper.write_text(broken.replace('        idempotency_header="Idempotency-Key",\n', ""))
    done = noctule("prove", "--fault", "answer_lost", "--json")
    assert done.code == 1
    assert not done.json["held"]
    broken_promises = {
        promise["promise"]
        for row in done.json["rows"]
        for promise in row["promises"]
        if not promise["held"]
    }
    assert broken_promises == {"one_effect"}


@pytest.fixture
def application(integrated: Path, tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """The generated application on a socket: address, webhook secret, log file.

    The socket listens before the application starts, so that requests wait for it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    secret = f"whsec_{os.urandom(16).hex()}"
    log = tmp_path / "application.log"
    settings = {
        **os.environ,
        "STRIPE_SECRET_KEY": f"sk_test_{os.urandom(16).hex()}",
        "STRIPE_WEBHOOK_SECRET": secret,
        "NOCTULE_INBOX": str(tmp_path / "inbox.sqlite3"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    descriptor = listener.fileno()
    uvicorn = [sys.executable, "-m", "uvicorn", "app.main:app", "--fd", str(descriptor)]
    with listener, log.open("wb") as output:
        process = subprocess.Popen(
            [*uvicorn, "--log-level", "debug"],
            cwd=integrated, env=settings, stdout=output, stderr=output, pass_fds=[descriptor],
        )  # fmt: skip
        try:
            port = listener.getsockname()[1]
            yield f"http://127.0.0.1:{port}/api/webhooks/stripe", secret, log
        finally:
            process.terminate()
            process.wait(10)


def test_the_application_accepts_events(application: tuple[str, str, Path]) -> None:
    address, secret, log = application
    event = {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded",
        "data": {"object": {"id": "pi_1", "amount": 1, "description": CARD_NUMBER}},
    }  # fmt: skip
    body = json.dumps(event).encode()
    signed = {"stripe-signature": _signature(secret, body), "content-type": "application/json"}
    assert httpx2.post(address, content=body, headers=signed, timeout=30).status_code == 200
    assert httpx2.post(address, content=body + b" ", headers=signed).status_code == 401
    assert httpx2.post(address, content=body).status_code == 401
    text = log.read_text()
    assert secret not in text
    assert "sk_test_" not in text
    assert CARD_NUMBER not in text


def test_missing_variables_are_all_named_at_once(integrated: Path) -> None:
    code = "from app.services.stripe_service import StripeService; StripeService()"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STRIPE_")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=integrated, env=clean, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "MissingSecrets" in done.stderr
    assert "STRIPE_SECRET_KEY" in done.stderr


def _signature(secret: str, body: bytes) -> str:
    now = int(time.time())
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


def test_explain_says_what_the_packs_document_was_compared_with(
    noctule: Noctule, project: Path
) -> None:
    done = noctule("plan", "Integrate Stripe for payments", "--explain", "--dry-run")
    assert done.code == 0, done.err
    assert "create_payment_intent: POST /v1/payment_intents" in done.out
    assert "written by noctule and compared on 2026-11-24 with:" in done.out
    assert "No sandbox was called" in done.out
