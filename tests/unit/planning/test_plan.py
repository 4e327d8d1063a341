"""Planning for the providers that noctule has a pack of."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from noctule import apidoc, manifest, providers
from noctule.checks.check import check
from noctule.checks.retry_text import contradiction
from noctule.planning import PlanResult, plan
from noctule.planning.select.naming import method_names
from noctule.problem import Exit, Problem
from noctule.project.layout import Layout
from support.paths import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

REQUESTS = tomllib.loads((DATA / "requests.toml").read_text())["requests"]
PAYMENTS = "Intégrer Stripe pour les paiements"


def planned(text: str, layout: Layout | None = None, **options: str) -> PlanResult:
    return plan(text, layout=layout or Layout(), **options)


def task_of(text: str, layout: Layout | None = None, **options: str) -> IntegrationTask:
    result = planned(text, layout, **options)
    assert result.task is not None, result.question
    return result.task


def test_the_card_s_request_gives_the_card_s_task_with_its_two_errors_corrected() -> None:
    task = task_of(PAYMENTS)
    assert task.service == "Stripe"
    assert [(file.path, file.purpose) for file in task.files] == [
        ("app/services/stripe_service.py", "Wrapper Stripe"),
        ("app/api/webhooks/stripe.py", "Handler webhook"),
        ("tests/test_stripe_service.py", "Tests avec mocks"),
        ("app/main.py", "Application FastAPI"),
    ]
    assert [(variable.name, variable.description) for variable in task.env_vars] == [
        ("STRIPE_SECRET_KEY", "Clé API secrète"),
        ("STRIPE_WEBHOOK_SECRET", "Secret pour vérifier webhooks"),
        ("STRIPE_PUBLISHABLE_KEY", "Clé publique (frontend)"),
    ]
    assert [(method.name, method.does) for method in task.methods] == [
        ("create_payment_intent", "Créer un intent de paiement"),
        ("create_customer", "Créer un customer Stripe"),
    ]
    assert [(webhook.event, webhook.endpoint) for webhook in task.webhooks] == [
        ("payment_intent.succeeded", "/api/webhooks/stripe"),
        ("payment_intent.payment_failed", "/api/webhooks/stripe"),
    ]
    assert contradiction(task.error_handling.retry) is None
    assert task.error_handling.timeout == "10s"
    assert task.tests == "tests/test_stripe_service.py"
    assert (task.language, task.provider, task.need) == ("fr", "stripe", "payments")
    assert task.request == PAYMENTS
    assert task.document.source == "pack:stripe"
    facts = providers.pack("stripe").document
    assert task.document.compared == facts.compared
    assert task.document.compared_with == facts.compared_with


def test_the_same_request_in_english_gives_the_same_task_in_english() -> None:
    french, english = task_of(PAYMENTS), task_of("Integrate Stripe for payments")
    assert english.language == "en"
    assert english.env_vars[0].description == "Secret API key"
    assert english.error_handling.retry.startswith("3 retries")
    assert [m.operation for m in french.methods] == [m.operation for m in english.methods]
    assert [w.event for w in french.webhooks] == [w.event for w in english.webhooks]


def test_the_same_request_gives_the_same_bytes() -> None:
    assert manifest.dumps(task_of(PAYMENTS)) == manifest.dumps(task_of(PAYMENTS))


def test_the_task_s_language_can_be_asked_for() -> None:
    assert task_of("Stripe payments", language="fr").files[0].purpose == "Wrapper Stripe"


def test_every_operation_says_why_it_is_there_and_from_where() -> None:
    result = planned(PAYMENTS)
    assert result.task is not None
    assert [reason.method for reason in result.reasons] == [m.name for m in result.task.methods]
    assert all(reason.source == "pack:stripe" and reason.why for reason in result.reasons)
    assert [evidence.says for evidence in result.task.evidence] == [r.why for r in result.reasons]


@pytest.mark.parametrize("pack", providers.packs().values(), ids=lambda pack: pack.id)
def test_every_need_of_every_pack_plans_to_a_task_without_fault(pack: Pack) -> None:
    for need in pack.needs.values():
        for language in ("en", "fr"):
            result = planned(f"Integrate {pack.name}", need=need.id, language=language)
            assert result.task is not None
            assert [m.operation for m in result.task.methods] == list(need.operations)
            assert [w.event for w in result.task.webhooks] == list(need.events)
            read = manifest.loads(manifest.dumps(result.task))
            names = method_names(result.document)
            assert (
                check(
                    read,
                    pack=pack,
                    document=result.document,
                    method_names=names,
                    language=language,
                )
                == []
            )


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request["id"])
def test_nothing_in_a_plan_is_invented(request_: dict[str, str]) -> None:
    result = planned(request_["text"])
    if result.task is None:
        assert result.question is not None
        assert result.confidence < 0.7
        return
    assert result.pack is not None
    assert result.document is not None
    assert 1 <= len(result.task.methods) <= 7
    assert {m.operation for m in result.task.methods} <= set(result.document.operations)
    assert {w.event for w in result.task.webhooks} <= result.pack.event_names
    assert {v.name for v in result.task.env_vars} <= {fact.name for fact in result.pack.env}
    assert len({m.name for m in result.task.methods}) == len(result.task.methods)


def test_a_request_without_webhooks_has_neither_handler_nor_secret() -> None:
    task = task_of(f"{PAYMENTS}, sans webhooks")
    assert task.webhooks == []
    assert "STRIPE_WEBHOOK_SECRET" not in {variable.name for variable in task.env_vars}
    assert {file.role for file in task.files} == {"wrapper", "tests", "app"}


def test_a_project_that_has_an_app_gets_no_second_one() -> None:
    layout = Layout(services="shop/services", tests="tests", app="shop/main.py")
    paths = [file.path for file in task_of(PAYMENTS, layout).files]
    assert paths[0] == "shop/services/stripe_service.py"
    assert not any(path.endswith("main.py") for path in paths)


@pytest.mark.parametrize(
    ("text", "about", "values"),
    [
        ("Intégrer Stripe", "need", {"payments", "refunds", "subscriptions"}),
        ("Stripe et Slack", "provider", {"stripe", "slack"}),
        ("Accepter des paiements", "provider", {"stripe"}),
    ],
)
def test_an_unclear_request_is_exactly_one_question(
    text: str, about: str, values: set[str]
) -> None:
    result = planned(text)
    assert result.task is None
    assert result.question is not None
    assert result.question.about == about
    assert result.question.option == f"--{about}"
    assert values <= {choice.value for choice in result.question.choices}
    assert result.confidence < 0.7
    first = result.question.choices[0].value
    assert planned(text, **{about: first}).question != result.question


def test_a_slip_of_the_keyboard_lowers_confidence_but_is_understood() -> None:
    result = planned("Envoyer des SMS avec Twillio")
    assert result.task is not None
    assert result.task.provider == "twilio"
    assert result.confidence <= 0.9


@pytest.mark.parametrize(
    ("text", "options", "key"),
    [
        ("", {}, "planning.empty_request"),
        (" \n\t", {}, "planning.empty_request"),
        ("?!", {}, "planning.empty_request"),
        ("x" * 3000, {}, "planning.long_request"),
        ("Integrate Initech for payments", {}, "planning.unknown_provider"),
        (PAYMENTS, {"provider": "initech"}, "planning.unknown_provider"),
        ("Integrate PayPal for payments", {}, "providers.webhooks_only"),
        (PAYMENTS, {"provider": "paypal"}, "providers.webhooks_only"),
        (PAYMENTS, {"need": "pizza"}, "planning.unknown_need"),
    ],
)
def test_a_bad_request_is_one_problem_in_two_languages(
    text: str, options: dict[str, str], key: str
) -> None:
    with pytest.raises(Problem) as caught:
        planned(text, **options)
    assert (caught.value.key, caught.value.exit) == (key, Exit.USAGE)
    assert caught.value.next_step("en") != caught.value.next_step("fr")


@pytest.fixture
def unsigned_stripe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """Stripe as if it signed nothing: the shipped pack without its signature."""
    shipped = providers.pack("stripe")
    text = shipped.path.read_text()
    start, end = text.index("[signature]"), text.index("[webhook]")
    reason = (
        '[unsigned]\nreason_en = "no key"\nreason_fr = "pas de clé"\n'
        'alternative_en = "poll"\nalternative_fr = "interroger"\n\n'
    )
    (tmp_path / "stripe.toml").write_text(text[:start] + reason + text[end:])
    compact = shipped.document.compact
    (tmp_path / compact).write_bytes(shipped.document_bytes())
    monkeypatch.setenv("NOCTULE_PACKS", str(tmp_path))
    return providers.pack("stripe")


def test_unsigned_webhooks_are_left_out_with_the_reason_and_the_alternative(
    unsigned_stripe: Pack,
) -> None:
    task = task_of(PAYMENTS)
    assert task.webhooks == []
    assert [(r.what, r.reason, r.alternative) for r in task.refused] == [
        ("webhooks", "pas de clé", "interroger")
    ]


def test_a_task_with_unsigned_webhooks_is_a_finding(unsigned_stripe: Pack) -> None:
    task = manifest.read(DATA / "card.yaml")
    found = check(task, pack=unsigned_stripe, document=None, method_names=(), language="fr")
    assert [(f.place, f.fix) for f in found if f.code == "unsigned"] == [("webhooks", "interroger")]


def test_a_real_document_replaces_the_compact_one_even_where_paths_begin_elsewhere() -> None:
    pack = providers.pack("sendgrid")
    compact = pack.document_bytes().decode()
    moved = compact.replace('"/', '"/v3/').replace("sendgrid.com/v3", "sendgrid.com")
    document = apidoc.parse(moved.encode(), source="sendgrid.json")
    result = plan("Send emails with SendGrid", layout=Layout(), document=document)
    assert result.task is not None
    assert result.task.provider == "sendgrid"
    assert result.task.methods[0].name == "send_email"
    assert {m.operation for m in result.task.methods} <= set(document.operations)
    assert result.task.document.source == "sendgrid.json"
    assert result.task.document.compared == ""


def test_a_document_of_another_provider_is_not_taken_for_the_pack_s() -> None:
    paths = {"/payments": {"post": {"summary": "Send a payment"}}}
    info = {"title": "Chess", "version": "1"}
    text = json.dumps({"openapi": "3.1.0", "info": info, "paths": paths})
    result = plan(
        "Send payments like Stripe does",
        layout=Layout(),
        document=apidoc.parse(text.encode(), source="chess.json"),
    )
    assert result.pack is None
