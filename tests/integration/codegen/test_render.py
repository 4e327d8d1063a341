"""What is generated from the card's example, and what is refused."""

import ast
import json
import time
from typing import Any

import pytest

from noctule import apidoc
from noctule.apidoc import ApiDocument
from noctule.codegen import render
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod
from noctule.problem import Exit, Problem
from noctule.project.rendered import Rendered
from noctule.providers import pack
from noctule.runtime import ConfigurationError
from support.codegen_page import PAGE, page
from support.codegen_tasks import stripe_task, task_of


def compact(provider: str) -> ApiDocument:
    return apidoc.parse(pack(provider).document_bytes(), source=f"pack:{provider}")


def files_of(task: IntegrationTask) -> dict[str, Rendered]:
    rendered = render(task, compact(task.provider), pack(task.provider))
    return {file.path: file for file in rendered}


@pytest.fixture(scope="module")
def stripe() -> dict[str, Rendered]:
    return files_of(stripe_task())


def test_the_files_are_those_of_the_task(stripe: dict[str, Rendered]) -> None:
    roles = {path: file.role for path, file in stripe.items() if file.role != "package"}
    assert roles == {
        "app/services/stripe_service.py": "wrapper",
        "app/api/webhooks/stripe.py": "webhook",
        "tests/test_stripe_service.py": "tests",
        "app/main.py": "app",
        ".env.example": "env",
    }
    packages = {path for path, file in stripe.items() if file.role == "package"}
    assert packages == {
        "app/__init__.py",
        "app/services/__init__.py",
        "app/api/__init__.py",
        "app/api/webhooks/__init__.py",
        "tests/__init__.py",
    }


def test_the_same_task_gives_the_same_bytes(stripe: dict[str, Rendered]) -> None:
    assert files_of(stripe_task()) == stripe


def test_rendering_is_fast() -> None:
    document, known = compact("stripe"), pack("stripe")
    start = time.process_time()
    render(stripe_task(), document, known)
    assert time.process_time() - start < 1.0


def test_nothing_of_noctule_is_imported_but_runtime_and_webhooks(
    stripe: dict[str, Rendered],
) -> None:
    for file in stripe.values():
        if file.path.endswith(".py"):
            for node in ast.walk(ast.parse(file.text)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for name in names:
                    if name.split(".")[0] == "noctule":
                        assert name.startswith(("noctule.runtime", "noctule.webhooks"))


def test_the_signature_is_typed_required_first_and_keyword_only(
    stripe: dict[str, Rendered],
) -> None:
    method = method_of(stripe["app/services/stripe_service.py"].text, "create_payment_intent")
    names = [argument.arg for argument in method.args.kwonlyargs]
    assert [argument.arg for argument in method.args.args] == ["self"]
    assert names[:2] == ["amount", "currency"]
    assert names[-1] == "options"
    defaults = [default is not None for default in method.args.kw_defaults]
    assert defaults == sorted(defaults)
    assert all(argument.annotation for argument in method.args.kwonlyargs)
    assert "smallest unit" in (ast.get_docstring(method) or "")
    assert "`POST /v1/payment_intents`" in (ast.get_docstring(method) or "")


def method_of(source: str, name: str) -> ast.AsyncFunctionDef:
    return next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name
    )


def test_env_entries_have_descriptions_and_no_values(stripe: dict[str, Rendered]) -> None:
    text = stripe[".env.example"].text
    assert "# Clé API secrète\nSTRIPE_SECRET_KEY=\n" in text
    assert "# Clé publique (frontend)\nSTRIPE_PUBLISHABLE_KEY=\n" in text


def test_what_the_task_says_of_patience_is_obeyed() -> None:
    task = stripe_task()
    task.error_handling.timeout = "2,5 s"
    task.error_handling.retry = "3 attempts, exponential backoff (1s, 2s)"
    text = files_of(task)["app/services/stripe_service.py"].text
    assert "policies=Policies(timeout=2.5, retry=RetryLimits(attempts=3))" in text


def test_a_renamed_variable_is_the_one_that_is_read() -> None:
    task = stripe_task()
    for variable in task.env_vars:
        if variable.role == "api_key":
            variable.name = "SHOP_STRIPE_KEY"
    assert 'Bearer(env("SHOP_STRIPE_KEY"))' in files_of(task)["app/services/stripe_service.py"].text


def test_writes_without_a_key_are_never_replayed() -> None:
    task = task_of("slack", {"post_message": "POST /chat.postMessage"})
    text = files_of(task)["app/services/slack_service.py"].text
    assert "retry=" not in text
    tests = files_of(task)["tests/test_slack_service.py"].text
    assert 'retry="' not in tests
    assert "idempotency_header" not in tests


def test_the_page_shows_the_code_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"files": []}, "codegen.wrapper_missing"),
        ({"methods": []}, "codegen.wrapper_missing"),
        ({"target": "rails"}, "project.target_unknown"),
        ({"depth": "many"}, "codegen.depth"),
        (
            {"methods": [PlannedMethod(name="x", does="", operation="GET /nope")]},
            "codegen.operation_unknown",
        ),
        (
            {"files": [PlannedFile(path="lib/a-b.ts", purpose="", role="wrapper")]},
            "codegen.module_path",
        ),
        (
            {"files": [PlannedFile(path="../x.py", purpose="", role="wrapper")]},
            "codegen.module_path",
        ),
        (
            {"files": [PlannedFile(path="import/x.py", purpose="", role="wrapper")]},
            "codegen.module_path",
        ),
    ],
)
def test_a_task_that_cannot_be_is_one_clear_problem(change: dict[str, Any], key: str) -> None:
    task = stripe_task()
    for name, value in change.items():
        setattr(task, name, value)
    with pytest.raises(Problem) as caught:
        files_of(task)
    assert (caught.value.key, caught.value.exit) == (key, Exit.USAGE)
    assert caught.value.cause("fr")


def test_several_endpoints_in_one_handler_are_refused() -> None:
    task = stripe_task()
    task.webhooks[0].endpoint = "/elsewhere"
    with pytest.raises(Problem) as caught:
        files_of(task)
    assert caught.value.key == "codegen.endpoints_differ"


def test_a_webhook_that_nobody_can_verify_is_refused() -> None:
    task = stripe_task()
    for webhook in task.webhooks:
        webhook.signature = "nobody"
    with pytest.raises(Problem) as caught:
        files_of(task)
    assert (caught.value.key, caught.value.exit) == ("codegen.unverifiable", Exit.REFUSED)


def test_a_variable_that_is_no_name_is_refused() -> None:
    task = stripe_task()
    for variable in task.env_vars:
        variable.name = variable.name.replace("_", "']} {x")
    with pytest.raises(Problem) as caught:
        files_of(task)
    assert caught.value.key == "codegen.variable_name"


def small(operations: dict[str, Any], **root: Any) -> ApiDocument:
    paths: dict[str, dict[str, Any]] = {}
    for key, operation in operations.items():
        verb, path = key.split(" ", 1)
        paths.setdefault(path, {})[verb.lower()] = {
            "responses": {"200": {"description": "fine"}},
            **operation,
        }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Example", "version": "1"},
        "servers": [{"url": "https://api.example.com/v2"}],
        "paths": paths,
        **root,
    }
    return apidoc.parse(json.dumps(document).encode(), source="example.json")


def wrapper_of(document: ApiDocument, *variables: EnvVar, accepted: str = "") -> str:
    task = IntegrationTask(
        accepted_incomplete=accepted,
        service="Example",
        provider="example",
        files=[PlannedFile(path="app/example.py", purpose="", role="wrapper")],
        env_vars=list(variables),
        methods=[
            PlannedMethod(name=operation.id, does="Do it.", operation=key)
            for key, operation in document.operations.items()
        ],
    )
    return render(task, document, None)[0].text


@pytest.mark.parametrize(
    ("media", "said"),
    [
        ("image/png", 'body="bytes", content_type="image/png"'),
        ("text/csv", 'body="text", content_type="text/csv; charset=utf-8"'),
        ("application/vnd.api+json", 'body="json", content_type="application/vnd.api+json"'),
        ("application/json; charset=utf-8", 'body="json")'),
        ("image/*", 'body="bytes")'),
        ("a/b\r\nX-Evil: 1", 'body="bytes")'),
    ],
)
def test_a_body_is_called_what_the_document_calls_it(media: str, said: str) -> None:
    content = {media: {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    body = {"required": True, "content": content}
    written = {"requestBody": body, "responses": {"204": {"description": ""}}}
    code = wrapper_of(small({"PUT /a": written}))
    assert said in " ".join(code.split()).replace(", )", ")")


KEY = EnvVar(name="EXAMPLE_API_KEY", description="Key", role="api_key")


@pytest.mark.parametrize(
    ("scheme", "variables", "code"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, [KEY],
         'ApiKeyHeader("X-Key", env("EXAMPLE_API_KEY"))'),
        ({"type": "apiKey", "in": "query", "name": "key"}, [KEY],
         'ApiKeyQuery("key", env("EXAMPLE_API_KEY"))'),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, [KEY],
         'ApiKeyHeader("Cookie", env("EXAMPLE_API_KEY"), prefix="sid=")'),
        ({"type": "http", "scheme": "bearer"}, [], 'Bearer(env("EXAMPLE_TOKEN"))'),
        ({"type": "http", "scheme": "basic"}, [],
         'Basic(env("EXAMPLE_USERNAME"), env("EXAMPLE_PASSWORD"))'),
        ({"type": "oauth2", "flows": {"clientCredentials": {
            "tokenUrl": "/token", "scopes": {}}}},
         [EnvVar(name="EXAMPLE_CLIENT_ID", description="", role="client_id"),
          EnvVar(name="EXAMPLE_CLIENT_SECRET", description="", role="client_secret")],
         'OAuth2ClientCredentials("https://api.example.com/token", env("EXAMPLE_CLIENT_ID"),'),
    ],
)  # fmt: skip
def test_each_way_to_authenticate(
    scheme: dict[str, Any], variables: list[EnvVar], code: str
) -> None:
    document = small(
        {"GET /things": {"operationId": "list_things"}},
        security=[{"main": []}],
        components={"securitySchemes": {"main": scheme}},
    )
    found = " ".join(wrapper_of(document, *variables).split())
    assert code in found.replace("( ", "(").replace(", )", ")").replace(" )", ")")


def test_two_schemes_of_one_alternative_are_sent_together() -> None:
    document = small(
        {"GET /things": {"operationId": "list_things"}},
        security=[{"id": [], "secret": []}],
        components={"securitySchemes": {
            "id": {"type": "apiKey", "in": "header", "name": "CLIENT-ID"},
            "secret": {"type": "apiKey", "in": "header", "name": "SECRET"},
        }},
    )  # fmt: skip
    text = wrapper_of(document)
    assert 'ApiKeyHeader("CLIENT-ID", env("EXAMPLE_CLIENT_ID"))' in text
    assert 'ApiKeyHeader("SECRET", env("EXAMPLE_SECRET"))' in text


def test_names_that_collide_or_hide_python_are_told_apart() -> None:
    properties = {name: {"type": "string"} for name in ("id", "list", "str", "class", "options")}
    document = small({"POST /{id}": {
        "operationId": "import",
        "parameters": [{"name": "id", "in": "path", "required": True,
                        "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {
            "schema": {"type": "object", "properties": properties}}}},
        "responses": {"200": {"description": "", "content": {"application/json": {
            "schema": {"type": "object", "properties": properties}}}}},
    }})  # fmt: skip
    text = wrapper_of(document)
    method = method_of(text, "import_")
    names = [argument.arg for argument in method.args.kwonlyargs]
    assert names == ["id", "body_id", "list", "str", "class_", "body_options", "options"]
    assert 'list_: str | None = field(default=None, name="list")' in text


def test_bodies_and_answers_of_every_kind() -> None:
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    document = small({
        "PUT /upload": {"operationId": "upload", "requestBody": {"content": binary}},
        "GET /download": {"operationId": "download",
                          "responses": {"200": {"description": "", "content": binary}}},
        "DELETE /thing": {"operationId": "remove", "responses": {"204": {"description": ""}}},
        "GET /all": {"operationId": "all", "responses": {"200": {"description": "", "content": {
            "application/json": {"schema": {"type": "array", "items": {
                "type": "object", "title": "x", "properties": {"id": {"type": "integer"}}}}}}}}},
        "POST /form": {"operationId": "form", "requestBody": {"content": {"multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {
                "file": {"type": "string", "format": "binary"}}}}}}},
    })  # fmt: skip
    text = wrapper_of(document)
    assert "content: bytes | None = None" in text
    assert "-> bytes:" in text
    assert 'accepts="application/octet-stream"' in text
    assert 'REMOVE = Operation("remove", "DELETE", "/thing", returns=None)' in text
    assert "-> list[AllResult]:" in text
    assert "file: bytes | File" in text
    assert 'body="multipart"' in text


def test_what_documents_seldom_say_is_code_all_the_same() -> None:
    levels = {"type": "string", "enum": [f"a long level number {at}" for at in range(4)]}
    answer = {"application/json": {"schema": {"type": "array", "items": levels}}}
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "string"}}}
    document = small({
        "GET /level": {"operationId": "level"},
        "GET /level/": {"operationId": "level_", "responses": {
            "200": {"description": "", "content": answer}}},
        "POST /suggest": {"operationId": "suggest", "requestBody": {"content": form}},
        "POST /eval/{objects}": {
            "operationId": "evaluate",
            "parameters": [{"name": "objects", "in": "path", "required": True, "schema": {
                "type": "array", "items": {"type": "array", "items": {"type": "string"}}}}],
            "requestBody": {"content": {"application/json": {"schema": {"properties": {
                "record": {"type": "object", "properties": {
                    "Level": {"type": "string"}, "Last": {"$ref": "#/components/schemas/Level"}}},
            }}}}},
        },
    }, components={"schemas": {"Level": {"type": "object", "properties": {
        "a": {"type": "string"}}}}})  # fmt: skip
    made: dict[str, Any] = {}
    exec(wrapper_of(document), made)  # a name that is nowhere would raise
    assert made["LEVEL"].path == "/level"
    assert made["LEVEL_"].path == "/level/"
    service = made["ExampleService"]
    assert "Mapping[str" in str(service.suggest.__annotations__["body"])
    assert service.evaluate.__annotations__["objects"] is str, "a path cannot spell lists of lists"
    assert "Mapping[str" in str(service.evaluate.__annotations__["record"]), "a member hides a type"


def test_an_address_is_not_invented_but_asked_for() -> None:
    document = small({"GET /a": {"operationId": "a"}}, servers=[])
    text = wrapper_of(document)
    assert 'base_url=""' in text
    assert "`ExampleService(base_url=" in text


TOKEN_OVER_HTTP = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "http://id.example.com/token", "scopes": {}}},
}


@pytest.mark.parametrize("place", ["server", "token"])
@pytest.mark.parametrize("accepted", ["", "a private network"])
def test_credentials_in_the_clear_are_allowed_by_name(
    monkeypatch: pytest.MonkeyPatch, place: str, accepted: str
) -> None:
    """The module can be imported in any case; a service is refused unless it was accepted."""
    scheme = {"type": "http", "scheme": "bearer"} if place == "server" else TOKEN_OVER_HTTP
    url = "http://api.example.com" if place == "server" else "https://api.example.com"
    document = small(
        {"GET /a": {"operationId": "a", "security": [{"it": []}]}},
        servers=[{"url": url}],
        components={"securitySchemes": {"it": scheme}},
    )
    roles = ["token"] if place == "server" else ["client_id", "client_secret"]
    for role in roles:
        monkeypatch.setenv(f"EXAMPLE_{role.upper()}", f"value-of-{role}")
    variables = [
        EnvVar(name=f"EXAMPLE_{role.upper()}", description="", role=role) for role in roles
    ]
    text = wrapper_of(document, *variables, accepted=accepted)
    assert ("allow_plain_http=True" in text) is bool(accepted)
    made: dict[str, Any] = {}
    exec(text, made)
    if accepted:
        assert made["ExampleService"]()
    else:
        with pytest.raises(ConfigurationError, match="without encryption"):
            made["ExampleService"]()


def test_an_idempotency_header_of_the_document_is_used() -> None:
    document = small({"POST /pay": {"operationId": "pay", "parameters": [
        {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}]}})  # fmt: skip
    text = wrapper_of(document)
    assert 'idempotency_header="Idempotency-Key"' in text
    assert 'retry="with_key"' in text
    assert "idempotency_key:" not in text


def test_a_path_gets_what_it_says_and_nothing_else() -> None:
    ids = {"type": "array", "items": {"type": "string"}}
    gone = {"name": "gone", "in": "path", "required": True, "schema": {"type": "string"}}
    odd = {"name": "id", "in": "path", "required": True, "style": "deepObject", "schema": ids}
    document = small({"GET /a/{id}/{other}": {"operationId": "a", "parameters": [gone, odd]}})
    method = method_of(wrapper_of(document), "a")
    assert [argument.arg for argument in method.args.kwonlyargs] == ["id", "other", "options"]


def test_a_parameter_that_is_left_out_leaves_no_style() -> None:
    owner = {"anyOf": [{"type": "string"}, {
        "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}
    }]}  # fmt: skip
    expand = {"name": "expand", "in": "query", "style": "deepObject", "explode": True,
              "schema": {"type": "array", "items": {"type": "string"}}}  # fmt: skip
    answer = {"type": "object", "properties": {"owner": owner}}
    document = small({"GET /a": {"operationId": "a", "parameters": [expand], "responses": {
        "200": {"description": "", "content": {"application/json": {"schema": answer}}}
    }}})  # fmt: skip
    assert "expand" not in wrapper_of(document)


def test_a_token_that_goes_as_a_header_is_no_argument() -> None:
    token = {"type": "string", "description": "Authentication token. Requires scope: `chat`"}
    document = small(
        {"POST /say": {"operationId": "say", "parameters": [
            {"name": "token", "in": "query", "required": True, "schema": token}]}},
        security=[{"main": []}],
        components={"securitySchemes": {"main": {"type": "http", "scheme": "bearer"}}},
    )  # fmt: skip
    method = method_of(wrapper_of(document), "say")
    assert [argument.arg for argument in method.args.kwonlyargs] == ["options"]


def test_a_list_in_pages_has_an_iterator() -> None:
    item = {"type": "object", "title": "Thing", "properties": {"id": {"type": "string"}}}
    answer = {"type": "object", "properties": {
        "things": {"type": "array", "items": item}, "next_cursor": {"type": "string"}}}  # fmt: skip
    document = small({"GET /things": {
        "operationId": "list_things",
        "parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "", "content": {
            "application/json": {"schema": answer}}}},
    }})  # fmt: skip
    text = wrapper_of(document)
    assert "def list_things_all(" in text
    assert 'Cursor(items="things")' in text
    assert "-> AsyncIterator[" in text
