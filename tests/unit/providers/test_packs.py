"""The packs that ship: sound, complete, and true to the card; five of them with a document."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from typing import Any

import jsonschema_rs
import pytest

from noctule import providers
from noctule.apidoc import ApiDocument, ApiOperation, gaps, json_schema, parse
from noctule.messages import LANGUAGES
from noctule.problem import Exit, Problem
from noctule.webhooks.schemes.scheme import Scheme
from support.paths import DATA

PACKS = ("github", "sendgrid", "slack", "stripe", "twilio")
REQUESTS = DATA / "requests.toml"


def document(pack: str) -> ApiDocument:
    return parse(providers.pack(pack).document_bytes(), source=f"pack:{pack}")


def test_five_packs_have_a_document_and_sixty_more_know_webhooks() -> None:
    packs = providers.packs()
    assert tuple(packs) == tuple(sorted(packs))
    assert tuple(name for name, pack in packs.items() if pack.complete) == PACKS
    assert sum(bool(pack.signature) for pack in packs.values()) >= 60


@pytest.mark.parametrize("pack", providers.packs().values(), ids=lambda pack: pack.id)
def test_a_shipped_pack_is_sound(pack: providers.Pack) -> None:
    assert providers.validate(pack) == []


@pytest.mark.parametrize("pack", providers.packs().values(), ids=lambda pack: pack.id)
def test_a_shipped_pack_says_how_deliveries_are_known_or_why_they_are_not(
    pack: providers.Pack,
) -> None:
    assert bool(pack.signature) != bool(pack.unsigned)
    says = pack.unsigned.source if pack.unsigned else pack.signature["source"]
    assert says.startswith("https://")


def test_names_are_those_of_the_packs_and_read_no_further() -> None:
    packs = providers.packs()
    assert providers.names().keys() == packs.keys()
    for name, names in providers.names().items():
        pack = packs[name]
        assert (names.id, names.name, names.aliases) == (pack.id, pack.name, pack.aliases)
        assert names.complete == pack.complete


def test_a_pack_without_a_document_says_what_to_give() -> None:
    with pytest.raises(Problem) as caught:
        providers.pack("paypal").document_bytes()
    assert caught.value.key == "providers.webhooks_only"
    assert caught.value.exit is Exit.USAGE
    for language in LANGUAGES:
        assert "--doc openapi.json" in (caught.value.next_step(language) or "")


@pytest.mark.parametrize("pack", PACKS)
def test_a_shipped_signature_has_a_meaning(pack: str) -> None:
    scheme = Scheme.parse(dict(providers.pack(pack).signature))
    covers_time = pack in {"sendgrid", "slack", "stripe"}
    assert scheme.coverage == ("full" if covers_time else "body")


class TestTheCard:
    """Intégrer Stripe pour les paiements."""

    stripe = providers.pack("stripe")

    def test_the_variables_and_their_words(self) -> None:
        assert [(fact.name, fact.fr) for fact in self.stripe.env] == [
            ("STRIPE_SECRET_KEY", "Clé API secrète"),
            ("STRIPE_WEBHOOK_SECRET", "Secret pour vérifier webhooks"),
            ("STRIPE_PUBLISHABLE_KEY", "Clé publique (frontend)"),
        ]
        public = self.stripe.env[2]
        assert (public.role, public.secret, public.required) == ("public", False, False)

    def test_the_methods_of_payments(self) -> None:
        operations = [
            self.stripe.operations[key] for key in self.stripe.needs["payments"].operations
        ]
        assert [(fact.name, fact.fr) for fact in operations] == [
            ("create_payment_intent", "Créer un intent de paiement"),
            ("create_customer", "Créer un customer Stripe"),
        ]
        assert operations[0].moves_money

    def test_the_events_of_payments(self) -> None:
        assert self.stripe.needs["payments"].events == (
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
        )


class TestFinding:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("stripe", "stripe"),
            ("STRIPE", "stripe"),
            ("Strìpe", "stripe"),
            ("git hub", "github"),
            ("GitHub", "github"),
            ("Send-Grid", "sendgrid"),
            ("twilio sendgrid", "sendgrid"),
            ("Twilio", "twilio"),
        ],
    )
    def test_by_id_name_or_alias(self, name: str, expected: str) -> None:
        found = providers.find(name)
        assert found is not None
        assert found.id == expected

    @pytest.mark.parametrize("name", ["", " ", "initech", "stripes"])
    def test_nothing_else_is_found(self, name: str) -> None:
        assert providers.find(name) is None

    def test_an_unknown_provider_is_named_with_the_known_ones(self) -> None:
        with pytest.raises(LookupError, match=r"no provider pack 'initech'.*github.*stripe"):
            providers.pack("initech")

    def test_names_and_aliases_belong_to_one_pack_each(self) -> None:
        spelled = [
            name.casefold()
            for pack in providers.packs().values()
            for name in {pack.id, pack.name.casefold(), *pack.aliases}
        ]
        assert max(Counter(spelled).values()) == 1


class TestReplay:
    """Whether an operation may be sent again, and what it can cost."""

    @pytest.mark.parametrize(
        ("pack", "name"),
        [
            ("stripe", "create_payment_intent"),
            ("stripe", "create_refund"),
            ("github", "create_issue"),
            ("slack", "post_message"),
            ("twilio", "send_message"),
            ("twilio", "buy_phone_number"),
            ("sendgrid", "send_email"),
        ],
    )
    def test_what_would_happen_twice_is_not_idempotent(self, pack: str, name: str) -> None:
        facts = {fact.name: fact for fact in providers.pack(pack).operations.values()}
        assert not facts[name].idempotent

    def test_reading_is_idempotent_and_moves_no_money(self) -> None:
        for pack in providers.packs().values():
            for key, fact in pack.operations.items():
                if key.startswith("GET "):
                    assert fact.idempotent
                    assert not fact.moves_money

    def test_what_moves_money(self) -> None:
        spenders = {
            (pack.id, fact.name)
            for pack in providers.packs().values()
            for fact in pack.operations.values()
            if fact.moves_money
        }
        assert ("stripe", "create_refund") in spenders
        assert ("stripe", "create_customer") not in spenders
        assert {pack for pack, _ in spenders} == {"stripe", "twilio"}

    def test_only_stripe_takes_a_key(self) -> None:
        keyed = {pack.id for pack in providers.packs().values() if pack.idempotency}
        assert keyed == {"stripe"}


SAMPLES = {
    "STRIPE_SECRET_KEY": ("sk", "_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
    "STRIPE_WEBHOOK_SECRET": ("whsec", "_", "C2FVsBQIhrscChlQIMV9b5sSYspob7oD"),
    "STRIPE_PUBLISHABLE_KEY": ("pk", "_live_", "TYooMQauvdEDq54NiTphI7jx"),
    "GITHUB_TOKEN": ("gh", "p_", "16C7e42F292c6912E7710c838347Ae178B4a"),
    "SLACK_BOT_TOKEN": ("xox", "b-", "17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy"),
    "SLACK_SIGNING_SECRET": ("8f742231b10e", "8888abcd99", "baac85a5abcd"[:10]),
    "TWILIO_ACCOUNT_SID": ("AC", "0" * 16, "a" * 16),
    "TWILIO_AUTH_TOKEN": ("1" * 16, "b" * 16),
    "TWILIO_WEBHOOK_URL": ("https://example.com", "/api/webhooks/twilio"),
    "SENDGRID_API_KEY": (
        "SG",
        ".ngeVfQFYQlKU0ufo8x5d1A",
        ".TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    ),
    "SENDGRID_WEBHOOK_PUBLIC_KEY": ("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "f" * 86, "=="),
}


def test_credential_shapes_fit_credentials_and_nothing_empty() -> None:
    for pack in map(providers.pack, PACKS):
        for fact in pack.env:
            if fact.shape:
                assert re.fullmatch(fact.shape, "".join(SAMPLES[fact.name])), fact.name
                assert not re.fullmatch(fact.shape, "changeme"), fact.name


def described(operation: ApiOperation) -> list[Any]:
    media = list(operation.body.media.values()) if operation.body else []
    return [*operation.parameters, *(s for m in media for s in m.schema.properties.values())]


@pytest.mark.parametrize("pack", PACKS)
class TestTheCompactDocument:
    def test_every_operation_is_complete(self, pack: str) -> None:
        for operation in document(pack).operations.values():
            assert operation.summary
            assert operation.security
            assert {"401", "429", "5XX"} <= set(operation.errors)
            assert all(response.media for response in operation.errors.values())
            assert operation.success is not None
            bodiless = operation.success.status in {"202", "204"}
            assert bodiless or operation.success.media

    def test_it_lacks_nothing_that_a_wrapper_needs(self, pack: str) -> None:
        """`integrate` does not look for gaps in the documents of packs; this test does."""
        compact = document(pack)
        lacking = gaps(compact, compact.operations.values())
        missing = {(gap.operation, gap.kind) for gap in lacking if gap.blocking}
        # SendGrid answers 202 without a body, which only a 204 says by itself.
        without_body = {("POST /mail/send", "response_schema")} if pack == "sendgrid" else set()
        assert missing == without_body

    def test_every_parameter_and_field_is_described(self, pack: str) -> None:
        for operation in document(pack).operations.values():
            for part in described(operation):
                assert part.description, (operation.key, part)

    def test_its_answers_are_schemas_with_described_fields(self, pack: str) -> None:
        for name, schema in document(pack).schemas.items():
            assert schema.description, name
            for field, node in schema.properties.items():
                assert node.description, (name, field)

    def test_its_examples_are_valid(self, pack: str) -> None:
        found = 0
        for operation in document(pack).operations.values():
            bodies = list(operation.body.media.values()) if operation.body else []
            answers = list(operation.success.media.values()) if operation.success else []
            for media in (*bodies, *answers):
                for example in media.examples:
                    jsonschema_rs.validate(json_schema(media.schema), example)
                    found += 1
        assert found >= 3

    def test_its_address_is_the_live_one(self, pack: str) -> None:
        assert document(pack).servers[0].url == providers.pack(pack).environments["live"].base_url

    def test_it_is_itself_a_valid_document(self, pack: str) -> None:
        raw = json.loads(providers.pack(pack).document_bytes())
        names = [operation.id for operation in document(pack).operations.values()]
        assert raw["openapi"] == "3.1.0"
        assert len(names) == len(set(names))
        for schema in raw["components"]["schemas"].values():
            jsonschema_rs.meta.validate({k: v for k, v in schema.items() if k != "$ref"})


def test_pagination_is_told_by_the_document_too() -> None:
    for pack in map(providers.pack, PACKS):
        assert pack.pagination is not None
        names = {p.name for o in document(pack.id).operations.values() for p in o.parameters}
        assert pack.pagination.parameter in names


class TestTheRequestSet:
    """Frozen before the planner was tuned; here only its form is held."""

    requests = tomllib.loads(REQUESTS.read_text(encoding="utf-8"))["requests"]

    def test_sixty_in_each_language_twenty_four_for_each_provider(self) -> None:
        assert Counter(r["language"] for r in self.requests) == {"fr": 60, "en": 60}
        assert set(Counter(r["provider"] for r in self.requests).values()) == {24}
        assert len({r["text"] for r in self.requests}) == 120

    def test_it_asks_for_what_exists(self) -> None:
        for request in self.requests:
            pack = providers.pack(request["provider"])
            assert request["need"] in pack.needs, request["id"]
            assert set(request["operations"]) <= set(pack.operations), request["id"]
