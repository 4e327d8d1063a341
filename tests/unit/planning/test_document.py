"""Planning from an API document that no pack knows."""

from __future__ import annotations

import json
import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc, providers
from noctule.apidoc.credentials import credentials
from noctule.checks.gates import gate
from noctule.planning import PlanResult, plan
from noctule.planning.language.request import parse_request
from noctule.planning.search.ranking import rank
from noctule.planning.select.naming import method_name, service_name, slug
from noctule.problem import Exit, Problem
from noctule.project.layout import Layout
from noctule.text import one_line

OK = {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}
FAILS = {
    "4XX": {"description": "no", "content": {"application/json": {"schema": {"type": "object"}}}}
}


def operation(name: str, summary: str = "", **more: Any) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": OK | FAILS, **more}


def path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


LIBRARY: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "The Library REST API v2", "version": "2"},
    "servers": [{"url": "https://api.library.example/v2"}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {
        "/books": {
            "get": operation("listBooks", "List books"),
            "post": operation("createBook", "Create a book"),
        },
        "/books/{book_id}": {
            "parameters": [path_parameter("book_id")],
            "get": operation("getBook", "Get a book"),
            "delete": operation("deleteBook", "Delete a book"),
        },
        "/books/{book_id}/loans": {
            "parameters": [path_parameter("book_id")],
            "post": operation("createLoan", "Lend a book"),
            "get": operation("listLoans", "List the loans of a book"),
        },
        "/search/books": {"get": operation("searchBooks", "Search for books by title")},
        "/readers": {"get": operation("listReaders", "List readers")},
        "/readers/{id}": {
            "parameters": [path_parameter("id")],
            "patch": operation("updateReader", "Update a reader"),
        },
        "/import": {"post": operation("import", "Import the catalogue")},
    },
}


def document(**changes: Any) -> apidoc.ApiDocument:
    return apidoc.parse(json.dumps(LIBRARY | changes).encode(), source="library.json")


def planned(text: str, **options: Any) -> PlanResult:
    return plan(text, document=options.pop("document", document()), layout=Layout(), **options)


def operations(result: PlanResult) -> list[str]:
    assert result.task is not None, result.question
    return [method.operation for method in result.task.methods]


def test_the_operation_named_is_the_operation_planned() -> None:
    result = planned("Create a book in the library")
    assert operations(result) == ["POST /books"]
    assert result.task is not None
    assert result.task.service == "Library"
    assert result.task.provider == "library"
    assert result.task.methods[0].name == "create_book"
    assert result.task.methods[0].source == "document"
    assert result.task.document.sha256 == document().sha256


def test_the_producer_of_an_id_comes_with_its_consumer() -> None:
    result = planned("delete a book")
    assert operations(result) == ["GET /books", "DELETE /books/{book_id}"]
    assert "book_id" in result.reasons[0].why


def test_a_thing_named_by_its_own_name_is_searched_for() -> None:
    assert operations(planned('list the loans of the book "Germinal"'))[0] == "GET /search/books"


def test_each_verb_of_a_request_gets_its_operation() -> None:
    found = operations(planned("create a book and update a reader"))
    assert {"POST /books", "PATCH /readers/{id}"} <= set(found)


def test_french_requests_find_english_operations_and_quote_them() -> None:
    document_fr = document(
        paths={"/invoices": {"post": operation("createInvoice", "Create an invoice")}}
    )
    result = planned("Créer une facture", document=document_fr)
    assert result.task is not None
    assert result.task.methods[0].does == "Créer : « Create an invoice »"
    assert result.task.env_vars[0].description == "Jeton d'accès Library"


def test_a_request_for_nothing_in_the_document_is_one_question() -> None:
    result = planned("integrate the library")
    assert result.task is None
    assert result.question is not None
    assert result.question.about == "operation"
    assert result.question.option == "--operation"
    assert 1 < len(result.question.choices) <= 7
    answer = result.question.choices[0].value
    assert operations(planned("integrate the library", operations=[answer])) == [answer]


@pytest.mark.parametrize("text", ["Create a reader", "Créer un lecteur", "add a reader"])
def test_what_nothing_creates_is_a_question_and_not_the_next_best_post(text: str) -> None:
    readers = LIBRARY["paths"] | {
        "/readers/query": {"post": operation("queryReaders", "Query readers")}
    }
    result = planned(text, document=document(paths=readers))
    assert result.task is None
    assert result.question is not None
    assert result.question.about == "operation"


def test_an_answer_that_names_no_operation_is_a_problem_with_the_nearest() -> None:
    with pytest.raises(Problem) as caught:
        planned("integrate the library", operations=["POST /book"])
    assert caught.value.exit is Exit.USAGE
    assert "POST /books" in caught.value.cause("fr")


def test_webhooks_of_an_unknown_provider_are_refused_with_reason_and_alternative() -> None:
    result = planned("Create a book")
    assert result.task is not None
    assert result.task.webhooks == []
    (refusal,) = result.task.refused
    assert refusal.what == "webhooks"
    assert "Library" in refusal.reason
    assert refusal.alternative


def test_a_request_without_webhooks_has_nothing_refused() -> None:
    result = planned("Create a book, without webhooks")
    assert result.task is not None
    assert result.task.refused == []


def test_a_request_for_webhooks_alone_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        planned("receive webhooks")
    assert caught.value.exit is Exit.REFUSED
    assert caught.value.key == "checks.only_unsigned"


@pytest.mark.parametrize(
    ("scheme", "names"),
    [
        ({"type": "http", "scheme": "bearer"}, ["LIB_TOKEN"]),
        ({"type": "http", "scheme": "basic"}, ["LIB_USERNAME", "LIB_PASSWORD"]),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, ["LIB_API_KEY"]),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}},
            ["LIB_CLIENT_ID", "LIB_CLIENT_SECRET"],
        ),
        (
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {"authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {}}
                },
            },
            ["LIB_CLIENT_ID", "LIB_CLIENT_SECRET", "LIB_REFRESH_TOKEN"],
        ),
        ({"type": "openIdConnect", "openIdConnectUrl": "/o"}, ["LIB_TOKEN"]),
    ],
)
def test_variables_come_from_the_security_schemes(scheme: dict[str, Any], names: list[str]) -> None:
    secured = document(components={"securitySchemes": {"key": scheme}})
    found = credentials(secured, secured.operations.values(), "LIB")
    assert [credential.env for credential in found] == names


def test_of_several_ways_to_authenticate_the_one_with_fewest_variables_is_taken() -> None:
    secured = document(
        components={
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            }
        },
        security=[{"basic": []}, {"bearer": []}],
    )
    assert [c.env for c in credentials(secured, secured.operations.values(), "X")] == ["X_TOKEN"]


def test_keys_used_together_are_named_after_their_parameters() -> None:
    schemes = {
        "id": {"type": "apiKey", "in": "header", "name": "LIB-CLIENT-ID"},
        "secret": {"type": "apiKey", "in": "header", "name": "LIB-SECRET"},
    }
    secured = document(components={"securitySchemes": schemes}, security=[{"id": [], "secret": []}])
    found = credentials(secured, secured.operations.values(), "LIB")
    assert [c.env for c in found] == ["LIB_CLIENT_ID", "LIB_SECRET"]


def test_no_variable_is_invented_where_the_document_says_nothing() -> None:
    silent = document(components={}, security=[])
    assert credentials(silent, silent.operations.values(), "LIB") == ()


def test_an_incomplete_document_stops_at_the_gate_and_a_reason_opens_it() -> None:
    bare = document(paths={"/books": {"get": {"responses": {"200": {"description": "ok"}}}}})
    chosen = tuple(bare.operations.values())
    with pytest.raises(Problem) as caught:
        gate(bare, chosen)
    assert caught.value.exit is Exit.REFUSED
    for language in ("en", "fr"):
        assert "GET /books" in caught.value.cause(language)
        assert "accept-incomplete" in (caught.value.next_step(language) or "")
    gate(bare, chosen, "tried in the sandbox")
    result = planned("list books", document=bare, accepted="tried in the sandbox")
    assert result.task is not None
    assert result.task.accepted_incomplete == "tried in the sandbox"


def test_a_pack_answers_for_authentication_that_the_document_leaves_out() -> None:
    silent = document(components={}, security=[])
    with pytest.raises(Problem):
        gate(silent, silent.operations.values())
    gate(silent, silent.operations.values(), pack=providers.pack("stripe"))


def test_a_complete_document_passes_the_gate() -> None:
    gate(document(), document().operations.values())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Notion API", "Notion"),
        ("The Plaid API", "Plaid"),
        ("GitHub v3 REST API", "GitHub"),
        ("Twilio - Api", "Twilio"),
        ("Email Activity (beta)", "Email Activity"),
        ("Orders for the Internal Warehouse of Acme", "Orders"),
        ("Very Long Product Name Of Somebody", "Very Long Product"),
        ("Billing - an interface for accountants", "Billing"),
        ("", "Library"),
    ],
)
def test_the_service_is_named_after_the_title(title: str, name: str) -> None:
    assert service_name(document(info={"title": title, "version": "1"})) == name


def test_the_name_in_the_host_wins_where_the_request_says_it() -> None:
    odd = document(info={"title": "Loans (beta)", "version": "1"})
    assert service_name(odd, "Integrate library for loans") == "Library"


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("Integrate Acme for invoices", "Acme"),
        ("invoices with Acme", "Acme"),
        ("Use acme for invoices", "Billing Service"),
        ("create an invoice with billing", "Billing Service"),
        ("Integrate kinto for records", "Kinto"),
    ],
)
def test_a_name_in_the_request_comes_before_the_title(request_text: str, name: str) -> None:
    title = "Kinto Server" if name == "Kinto" else "Billing Service"
    titled = document(info={"title": title, "version": "1"})
    assert service_name(titled, request_text) == name


def test_methods_are_named_by_what_they_do() -> None:
    named = {op.key: method_name(op, ()) for op in document().operations.values()}
    assert named["POST /books"] == "create_book"
    assert named["POST /import"] != "import"
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in named.values())


def test_names_that_would_collide_are_told_apart_by_their_paths_and_never_numbered() -> None:
    paths = {path: {"get": operation("", "")} for path in ("/v1/x/{a}", "/v1/x/{b}", "/v2/x/{a}")}
    taken: set[str] = set()
    for one in document(paths=paths).operations.values():
        taken.add(method_name(one, taken))
    assert taken == {"get_x", "get_x_by_b", "get_x_by_a"}


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["get", "post", "delete"]))
def test_any_operation_has_a_usable_name(name: str, summary: str, method: str) -> None:
    odd = document(paths={"/x/{y}": {method: operation(name, summary)}})
    (only,) = odd.operations.values()
    first = method_name(only, ())
    second = method_name(only, {first})
    for result in (first, second):
        assert result.isidentifier()
        assert result.isascii()
        assert not keyword.iskeyword(result)
    assert first != second


@given(st.text(max_size=60))
def test_any_title_gives_a_module_name(title: str) -> None:
    assert slug(title).isidentifier()
    assert not keyword.iskeyword(slug(title))


@given(st.text())
def test_a_summary_becomes_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 121


@given(st.text(max_size=200))
def test_any_request_ranks_without_failing_and_the_same_way_twice(text: str) -> None:
    once, again = (
        [one.operation.key for one in rank(SHARED, parse_request(text))] for _ in range(2)
    )
    assert once == again
    assert len(once) == len(set(once))


SHARED = document()
