from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule import apidoc, manifest, providers
from noctule.checks.check import check
from noctule.planning.select.naming import method_names
from noctule.text import nearest
from support.paths import DATA

if TYPE_CHECKING:
    from noctule.checks.check import Finding

CARD = DATA / "card.yaml"
STRIPE = providers.pack("stripe")
DOCUMENT = apidoc.parse(STRIPE.document_bytes(), source="pack:stripe")
TEXT = CARD.read_text()


def findings(text: str, language: str = "en") -> list[Finding]:
    return check(
        manifest.loads(text),
        pack=STRIPE,
        document=DOCUMENT,
        method_names=method_names(DOCUMENT),
        language=language,
    )


def test_the_card_s_example_has_exactly_two_errors_in_french() -> None:
    event, retry = findings(TEXT, "fr")
    lines = TEXT.splitlines()
    assert (event.code, event.place) == ("event", "webhooks[1].event")
    assert "payment_intent.failed" in lines[event.line - 1]
    assert event.message == "Stripe n'a pas d'événement « payment_intent.failed »."
    assert event.fix == "Vouliez-vous dire « payment_intent.payment_failed » ?"
    assert (retry.code, retry.place) == ("retry", "error_handling.retry")
    assert "3 attempts" in lines[retry.line - 1]
    assert "« 3 attempts »" in retry.message
    assert "4 essais" in retry.message
    assert "4 essais" in retry.fix


def test_the_fixes_it_proposes_make_the_card_true() -> None:
    event, retry = findings(TEXT)
    told = TEXT.replace("payment_intent.failed", event.fix.split('"')[1])
    told = told.replace("3 attempts, exponential backoff (1s, 2s, 4s)", retry.fix.split(": ", 1)[1])
    assert findings(told) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "place", "fix"),
    [
        ("createCustomer", "createCustomr", "method", "methods[1].name", "create_customer"),
        ("STRIPE_SECRET_KEY", "STRIPE_SECRT_KEY", "env", "env_vars[0].name", "STRIPE_SECRET_KEY"),
        ("STRIPE_SECRET_KEY", "sk key", "env", "env_vars[0].name", ""),
        ('endpoint: "/api', 'endpoint: "api', "endpoint", "webhooks[0].endpoint", "/api"),
        ("Wrapper Stripe", "sk_live_" + "a1B2" * 6, "secret", "files[0].purpose", "revoke"),
        ("lib/services/stripe.service.ts", "../x.ts", "path", "files[0].path", "relative"),
        ("lib/services/stripe.service.ts", "/etc/x.ts", "path", "files[0].path", "relative"),
        ("lib/services/stripe.service.ts", ".git/hooks/x.ts", "path", "files[0].path", "dot"),
        ("lib/services/stripe.service.ts", "a/.github/x.ts", "path", "files[0].path", "dot"),
        ("lib/services/stripe.service.ts", "./.x.ts", "path", "files[0].path", "dot"),
        ("lib/services/stripe.service.ts", "integrations/x.yml", "path", "files[0].path", "dot"),
        ("lib/services/stripe.service.ts", "C:\\\\x.ts", "path", "files[0].path", "relative"),
        ('  tests: "lib', '  tests: "spec', "tests", "tests", "files"),
        ("Log error, notify monitoring, return user-friendly message", "", "empty",
         "error_handling.fallback", ""),
        ('  tests: "lib', '    timeout: ""\n  tests: "lib', "empty", "error_handling.timeout", ""),
    ],
)  # fmt: skip
def test_each_fault_is_found_at_its_place(
    old: str, new: str, code: str, place: str, fix: str
) -> None:
    faulty = TEXT.replace(old, new, 1)
    assert faulty != TEXT
    known = {(finding.code, finding.place) for finding in findings(TEXT)}
    found = [f for f in findings(faulty) if (f.code, f.place) not in known]
    assert (code, place) in {(f.code, f.place) for f in found}
    (one,) = [f for f in found if (f.code, f.place) == (code, place)]
    assert fix in one.fix
    assert one.line > 0
    assert one.message != next(
        f.message for f in findings(faulty, "fr") if (f.code, f.place) == (code, place)
    )


def test_a_secret_is_found_without_being_repeated() -> None:
    secret = "sk_live_" + "a1B2" * 6
    shown = findings(TEXT + f'  note: "use {secret} for now"\n')
    (found,) = [finding for finding in shown if finding.code == "secret"]
    assert found.place == "note"
    assert secret not in repr(found)


def test_an_operation_that_the_document_has_not_is_found() -> None:
    text = TEXT.replace(
        'does: "Créer un intent de paiement"',
        'does: "x"\n      operation: "POST /v1/payment_intent"',
    )
    (found,) = [finding for finding in findings(text) if finding.place == "methods[0].operation"]
    assert found.code == "operation"
    assert "POST /v1/payment_intents" in found.fix


def test_a_method_with_a_name_of_one_s_own_is_free_where_its_operation_is_named() -> None:
    text = TEXT.replace(
        'name: "createCustomer"\n',
        'name: "enrolBuyer"\n      operation: "POST /v1/customers"\n',
    )
    assert [finding.code for finding in findings(text)] == ["event", "retry"]


def test_without_pack_or_document_only_the_task_itself_is_judged() -> None:
    found = check(manifest.loads(TEXT), pack=None, document=None, method_names=(), language="en")
    assert [finding.code for finding in found] == ["retry"]


@pytest.mark.parametrize(
    "path",
    [
        "lib/services/stripe.service.ts",
        "lib//services/./stripe.service.ts",
        "Lib/services/Stripe.service.ts",
    ],
)
def test_duplicate_paths_are_found(path: str) -> None:
    twice = TEXT.replace("lib/services/stripe.service.test.ts", path, 1)
    assert ("duplicate", "files[2].path") in {(f.code, f.place) for f in findings(twice)}


def test_findings_are_plain_data() -> None:
    assert set(findings(TEXT)[0].as_json()) == {"code", "place", "line", "message", "fix"}


@pytest.mark.parametrize(
    ("said", "known", "near"),
    [
        ("payment_intent.failed", STRIPE.event_names, "payment_intent.payment_failed"),
        ("invoice.payd", STRIPE.event_names, "invoice.paid"),
        ("zzz", STRIPE.event_names, ""),
        ("anything", (), ""),
    ],
)
def test_the_nearest_true_name(said: str, known: frozenset[str], near: str) -> None:
    assert nearest(said, known) == near
