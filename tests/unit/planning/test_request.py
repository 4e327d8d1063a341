from __future__ import annotations

import tomllib

import pytest

from noctule.planning import detect_language
from noctule.planning.language.request import parse_request
from noctule.planning.select.provider import provider_mentions, unknown_name
from noctule.providers import packs
from support.paths import DATA

REQUESTS = tomllib.loads((DATA / "requests.toml").read_text())


def test_the_language_of_nearly_every_request_is_recognised() -> None:
    wrong = [
        request["id"]
        for request in REQUESTS["requests"]
        if detect_language(request["text"]) != request["language"]
    ]
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize(
    ("text", "language"),
    [("Stripe", "en"), ("paiement Stripe", "fr"), ("Stripe payments", "en"), ("", "en")],
)
def test_short_requests_have_a_language_too(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_both_languages_come_to_the_same_terms() -> None:
    french = parse_request("Créer une facture et lister les clients")
    english = parse_request("Create an invoice and list the customers")
    said = {name for name, term in english.terms.items() if not term.synonym}
    assert said <= set(french.terms)
    assert french.verbs.keys() == english.verbs.keys() == {"create", "list"}


def test_a_verb_governs_what_follows_it() -> None:
    terms = parse_request("create a page and delete a comment").terms
    assert terms["pag"].verb == "create"
    assert "delete" in terms["com"].verb_kinds


@pytest.mark.parametrize("text", ["… sans webhooks", "… without webhooks", "…, aucun webhook"])
def test_a_request_can_refuse_webhooks(text: str) -> None:
    request = parse_request(f"Intégrer Stripe {text}")
    assert request.refuses_webhooks
    assert not request.wants_webhooks


def test_what_follows_when_is_circumstance() -> None:
    request = parse_request("send a message when an invoice fails")
    assert "invoice" not in request.words
    assert 0 < request.terms["invoic"].weight < request.terms["messag"].weight


def test_a_request_that_is_all_circumstance_keeps_its_words() -> None:
    assert "paiement" in parse_request("Être prévenu quand un paiement échoue").words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Intégrer Stripe pour les paiements", ["stripe"]),
        ("envoyer un SMS avec twillio", ["twilio"]),
        ("Send Grid templates", ["sendgrid"]),
        ("sendgird templates", ["sendgrid"]),
        ("STRIPE et slack", ["slack", "stripe"]),
        ("Integrate Notion", ["notion"]),
        ("une notion de paiement", []),
        ("with box and line", ["box"]),
        ("Stripe payments for each order line", ["stripe"]),
        ("Integrate Initech", []),
        ("a track list", []),
    ],
)
def test_providers_are_known_by_name_and_by_slip(text: str, found: list[str]) -> None:
    assert [mention.pack.id for mention in provider_mentions(text, packs().values())] == found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Integrate PayPal for payments", "PayPal"),
        ("intégrer paypal pour les paiements", "paypal"),
        ("envoyer un SMS avec OVH", "OVH"),
        ("Envoyer des rappels par SMS à nos patients", ""),
        ("créer une facture", ""),
    ],
)
def test_the_name_of_an_unknown_provider_is_seen(text: str, name: str) -> None:
    assert unknown_name(text, sure=True) == name
