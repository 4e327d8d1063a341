"""Each target with its real framework: tools, generated tests, a running application."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.project.frameworks import FRAMEWORKS
from noctule.project.style import Style
from noctule.providers import pack
from noctule.webhooks.testing import key_for, signed
from support import codegen_checks as checks
from support.codegen_tasks import stripe_task, task_of
from support.project_modules import import_from

EVENT = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}
ENDPOINT = "/api/webhooks/stripe"


def project_of(root: Path, target: str, width: int = 88) -> Path:
    """Stripe with its application, and Twilio, whose deliveries are forms with a signed address."""
    operations = dict(list(pack("twilio").operations.items())[:4])
    twilio = task_of("twilio", {fact.name: key for key, fact in operations.items()}, ("delivered",))
    for task in (stripe_task(), twilio):
        task.target = target
        known = pack(task.provider)
        document = apidoc.parse(known.document_bytes(), source=f"pack:{known.id}")
        checks.write(root, render(task, document, known, Style(width)))
    return root


@pytest.fixture(scope="module", params=FRAMEWORKS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_of(tmp_path_factory.mktemp(request.param), request.param)


def test_the_tools_are_content(project: Path) -> None:
    assert checks.unformatted(project) == ""
    assert checks.lint(project) == ""
    assert checks.mypy(project) == ""


def test_the_generated_tests_pass(project: Path) -> None:
    assert checks.tests(project) == ""


def client_of(app: Any, *, asynchronous: bool) -> Any:
    if asynchronous:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")
    return httpx2.Client(transport=httpx2.WSGITransport(app=app), base_url="http://localhost")


@pytest.fixture
def load(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a module of the project."""
    import_from(project, monkeypatch)
    return importlib.import_module


@pytest.mark.anyio
async def test_the_application_takes_a_signed_event_and_refuses_a_tampered_one(
    project: Path,
    load: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    anyio_backend: str,
) -> None:
    key = key_for("stripe")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", key.secret)
    monkeypatch.setenv("NOCTULE_INBOX", str(tmp_path / "inbox.sqlite3"))
    monkeypatch.setenv("DJANGO_SECRET_KEY", "of this test alone")
    headers, body = signed("stripe", EVENT, secret=key.signing)
    posts = [(ENDPOINT, body), (ENDPOINT, body + b" "), (f"{ENDPOINT}/", body)]
    module = load("app.main")
    handler = load("app.api.webhooks.stripe")
    app = getattr(module, "application", None) or module.app
    if hasattr(handler, "inbox"):
        with client_of(app, asynchronous=False) as client:
            answers = [
                client.post(path, headers=headers, content=content) for path, content in posts
            ]
        handler.inbox.drain()
        handler.inbox.close()
    else:
        async with client_of(app, asynchronous=True) as client, handler.receiver.lifespan():
            answers = [
                await client.post(path, headers=headers, content=content) for path, content in posts
            ]
            await handler.receiver.drain()
    assert [answer.status_code for answer in answers] == [200, 401, 200]
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert outcomes == ["accepted", "rejected", "duplicate"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("width", [79, 100, 120])
def test_the_width_of_the_project_is_kept(width: int, tmp_path: Path) -> None:
    project_of(tmp_path, "fastapi", width)
    assert checks.unformatted(tmp_path, width) == ""
    assert checks.lint(tmp_path, width) == ""
