"""The generated tests under schemes that sign other things than the body: fields, a form, a token.

Their tampering has to be noticed by nothing but the signature, or the test proves nothing.
"""

import os
from pathlib import Path

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod, Webhook
from noctule.providers import pack
from support import codegen_checks as checks

SCHEMES = os.environ.get("NOCTULE_SCHEMES", "").split() or [
    "adyen", "aws-sns", "braintree", "dropbox-sign", "mailgun", "monday", "plaid", "twilio",
]  # fmt: skip
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://api.shop.example"}],
    "paths": {"/ping": {"get": {"operationId": "ping", "responses": {"204": {"description": ""}}}}},
}
OFF = """
from importlib import import_module

import pytest


@pytest.fixture(autouse=True)
def nothing_is_verified(monkeypatch):
    judge = import_module("noctule.webhooks.verification.verify")
    monkeypatch.setattr(judge, "_matching_secret", lambda *_: 0)
"""


def task_under(scheme: str) -> IntegrationTask:
    known = pack(scheme)
    assert known.webhook is not None
    slug = scheme.replace("-", "_")
    return IntegrationTask(
        service=f"Shop {scheme}",
        provider="",
        target="fastapi",
        files=[
            PlannedFile(path=f"app/services/{slug}_service.py", purpose="", role="wrapper"),
            PlannedFile(path=f"app/api/webhooks/{slug}.py", purpose="", role="webhook"),
            PlannedFile(path=f"tests/test_{slug}.py", purpose="", role="tests"),
        ],
        env_vars=[
            EnvVar(name=fact.name, description="", role=fact.role, required=True)
            for fact in known.env
            if fact.role.startswith("webhook")
        ],
        methods=[PlannedMethod(name="ping", does="Pings.", operation="GET /ping")],
        webhooks=[
            Webhook(event=event, endpoint=f"/api/webhooks/{slug}", signature=scheme)
            for event in known.webhook.events[:2] or ("thing.made",)
        ],
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import msgspec

    root = tmp_path_factory.mktemp("project")
    document = apidoc.parse(msgspec.json.encode(DOCUMENT), source="shop.json")
    for scheme in SCHEMES:
        checks.write(root, render(task_under(scheme), document, pack(scheme)))
    return root


def test_the_generated_tests_pass(project: Path) -> None:
    told = checks.tests(project)
    assert told == "", told


def test_the_tampering_is_taken_where_nothing_is_verified(project: Path) -> None:
    (project / "conftest.py").write_text(OFF)
    try:
        plugin = "noctule.runtime.testing.plugin"
        told = checks.run(project, "pytest", "-q", "--tb=line", "-k", "tampered", "-p", plugin)
    finally:
        (project / "conftest.py").unlink()
    assert "passed" not in told
    assert told.count("assert 200 == 401") >= len(SCHEMES)
