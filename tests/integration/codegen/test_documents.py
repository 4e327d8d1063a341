"""Wrappers from real documents, with no special case for any of them."""

import random
from pathlib import Path

import pytest

from noctule import apidoc
from noctule.apidoc import ApiDocument
from noctule.codegen import render
from noctule.manifest import IntegrationTask, PlannedFile, Webhook
from noctule.planning import plan
from noctule.project.layout import Layout
from support import codegen_checks as checks
from support.paths import SPECS

STRIPE = (
    "POST /v1/payment_intents",
    "GET /v1/payment_intents/{intent}",
    "POST /v1/payment_intents/{intent}/confirm",
    "POST /v1/customers",
    "GET /v1/customers",
    "POST /v1/refunds",
)
pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the real documents are not here")


def operations(document: ApiDocument, seed: str) -> list[str]:
    """One operation of each HTTP method, and some more."""
    chance = random.Random(seed)
    keys = sorted(document.operations)
    verbs = sorted({key.split(" ")[0] for key in keys})
    chosen = [chance.choice([key for key in keys if key.startswith(f"{v} ")]) for v in verbs]
    return list(dict.fromkeys([*chosen, *chance.sample(keys, 3)]))


EVENTS = {
    "github": ("issues.opened", "pull_request.opened", "push"),
    "stripe": ("customer.subscription.updated",),
    "box": ("FILE.UPLOADED",),
}
"""Events that nothing but the document says what they are about."""


def add_webhooks(task: IntegrationTask, provider: str) -> None:
    for event in EVENTS[provider]:
        endpoint = f"/api/webhooks/{provider}"
        task.webhooks.append(Webhook(event=event, endpoint=endpoint, signature=provider))
    task.files.append(
        PlannedFile(path=f"app/api/webhooks/{provider}.py", purpose="", role="webhook")
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for path in sorted(SPECS.glob("*.json")):
        document = apidoc.load(str(path))
        chosen = operations(document, path.stem)
        made = plan(
            f"Use {path.stem}",
            layout=Layout(),
            document=document,
            operations=chosen,
            accepted="test",
        )
        assert made.task is not None, path.stem
        if path.stem in EVENTS:
            add_webhooks(made.task, path.stem)
        checks.write(root, render(made.task, document, made.pack))
    return root


def test_the_code_is_formatted_and_lint_clean(project: Path) -> None:
    assert checks.unformatted(project) == ""
    assert checks.lint(project) == ""


def test_mypy_is_content(project: Path) -> None:
    assert checks.mypy(project) == ""


def test_the_generated_tests_pass(project: Path) -> None:
    assert len(list((project / "tests").glob("test_*.py"))) >= 10
    assert checks.tests(project) == ""


def test_handlers_are_typed_from_the_documents(project: Path) -> None:
    handlers = project / "app/api/webhooks"
    assert "event.decode(WebhookIssuesOpened)" in (handlers / "github.py").read_text()
    assert "webhook_issues_opened.issue.id" in (handlers / "github.py").read_text()
    assert 'event.decode(Subscription, at="data.object")' in (handlers / "stripe.py").read_text()
    assert 'event.decode(FileUploaded, at="source")' in (handlers / "box.py").read_text()


def test_six_operations_of_the_real_stripe_are_a_few_readable_files() -> None:
    document = apidoc.load(str(SPECS / "stripe.json"))
    made = plan("Stripe", layout=Layout(), document=document, operations=STRIPE)
    assert made.task is not None
    files = render(made.task, document, made.pack)
    assert sum(file.text.count("\n") for file in files) <= 2500
    wrapper = next(file.text for file in files if file.role == "wrapper")
    assert "async def create_payment_intent(" in wrapper
    assert 'body="form"' in wrapper
