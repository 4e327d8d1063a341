"""Where generated calls go, and whose credentials they carry: documents with several of either."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.planning import plan
from noctule.project.layout import Layout
from noctule.runtime import SyncService
from noctule.runtime.testing import MockProvider
from support import codegen_checks as checks
from support.paths import SPECS
from support.project_modules import import_from

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.apidoc import ApiDocument

SCHEMES: dict[str, Any] = {
    "user": {"type": "http", "scheme": "bearer"},
    "adminAuth": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-App"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "SID"},
    "negotiate": {"type": "http", "scheme": "negotiate"},
    "tls": {"type": "mutualTLS"},
    "custom": {"type": "http", "scheme": "SSWS"},
}
BASIC = "Basic QUNNRV9VU0VSTkFNRTpBQ01FX1BBU1NXT1JE"
"""ACME_USERNAME:ACME_PASSWORD"""


def acme(paths: dict[str, Any], **members: Any) -> ApiDocument:
    answer = {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}
    items = {
        path: {"get": {"responses": {"200": answer, "400": {"description": "bad"}}, **operation}}
        for path, operation in paths.items()
    }
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.test/v1"}],
        "components": {"securitySchemes": SCHEMES},
        "paths": items,
        **members,
    }
    return apidoc.parse(json.dumps(root).encode(), source="acme.json")


def wrapper(
    root: Path, document: ApiDocument, operations: list[str], monkeypatch: pytest.MonkeyPatch
) -> type[SyncService]:
    """The generated service, with each of its variables set to its own name."""
    made = plan(
        "Use Acme", layout=Layout(), document=document, operations=operations, accepted="test"
    )
    assert made.task is not None
    task = made.task
    task.target = "flask"
    checks.write(root, render(task, document, made.pack))
    for variable in task.env_vars:
        monkeypatch.setenv(variable.name, variable.name)
    import_from(root, monkeypatch)
    path = next(file.path for file in task.files if file.role == "wrapper")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    [service] = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, SyncService) and kind is not SyncService
    ]
    return service


ALTERNATIVES: dict[str, tuple[Any, dict[str, str], dict[str, str]]] = {
    "the document's": (None, {"authorization": "Bearer ACME_TOKEN"}, {}),
    "public": ([], {}, {}),
    "optional": ([{}, {"user": []}], {"authorization": "Bearer ACME_TOKEN"}, {}),
    "another token": ([{"adminAuth": []}], {"authorization": "Bearer ACME_ADMIN_TOKEN"}, {}),
    "both": (
        [{"user": [], "header": []}],
        {"authorization": "Bearer ACME_TOKEN", "x-app": "ACME_API_KEY"},
        {},
    ),
    "the shorter one": ([{"basic": []}, {"query": []}], {}, {"key": "ACME_API_KEY"}),
    "the one that can be used": (
        [{"negotiate": []}, {"unheard": []}, {"basic": []}],
        {"authorization": BASIC},
        {},
    ),
    "a certificate": ([{"tls": []}], {}, {}),
    "a certificate and a key": ([{"tls": [], "header": []}], {"x-app": "ACME_API_KEY"}, {}),
    "another scheme of HTTP": (
        [{"custom": []}],
        {"authorization": "SSWS ACME_CUSTOM_TOKEN"},
        {},
    ),
    "a cookie": ([{"cookie": []}], {"cookie": "SID=ACME_API_KEY"}, {}),
}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_each_operation_carries_its_credentials(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside two operations with the document's own security, which stay as they are."""
    security, headers, query = ALTERNATIVES[name]
    own = {} if security is None else {"security": security}
    paths = {"/a": {"operationId": "a"}, "/b": {"operationId": "b"}, "/x": {"operationId": "x"}}
    paths["/x"] |= own
    document = acme(paths, security=[{"user": []}])
    service = wrapper(tmp_path, document, ["GET /a", "GET /b", "GET /x"], monkeypatch)
    assert checks.tests(tmp_path) == ""
    provider = MockProvider().replies(json={}, times=None)
    api: Any = service(transport=provider)
    sent = []
    for method in [name for name in vars(service) if not name.startswith("_")]:
        if callable(getattr(api, method)):
            getattr(api, method)()
            sent.append(provider.requests[-1])
    assert {request.path for request in sent} == {"/v1/a", "/v1/b", "/v1/x"}
    for request in sent:
        usual = request.path != "/v1/x"
        kept = {key: request.headers.get(key) for key in ("authorization", "x-app", "cookie")}
        carried = {key: value for key, value in kept.items() if value is not None}
        assert carried == ({"authorization": "Bearer ACME_TOKEN"} if usual else headers)
        assert request.query == ({} if usual else query)


SERVERS: dict[str, tuple[Any, Any, str]] = {
    "the document's": (None, None, "https://api.acme.test/v1/x"),
    "the operation's": ("https://up.test/2", None, "https://up.test/2/x"),
    "the path's": (None, "https://up.test", "https://up.test/x"),
    "the operation's before the path's": ("https://a.test", "https://b.test", "https://a.test/x"),
    "relative": ("/uploads", None, "https://api.acme.test/uploads/x"),
    "the same host": ("https://api.acme.test/v2", None, "https://api.acme.test/v2/x"),
    "the document's again": ("https://api.acme.test/v1/", None, "https://api.acme.test/v1/x"),
    "a port": ("https://up.test:8443/", None, "https://up.test:8443/x"),
}


@pytest.mark.parametrize("name", SERVERS)
def test_each_operation_goes_to_its_server(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations_server, paths_server, url = SERVERS[name]
    document = acme({"/a": {}, "/x": {}}, security=[{"user": []}])
    raw: Any = json.loads(json.dumps(document.raw))
    if operations_server:
        raw["paths"]["/x"]["get"]["servers"] = [{"url": operations_server}]
    if paths_server:
        raw["paths"]["/x"]["servers"] = [{"url": paths_server}]
    document = apidoc.parse(json.dumps(raw).encode(), source="acme.json")
    service = wrapper(tmp_path, document, ["GET /a", "GET /x"], monkeypatch)
    assert checks.tests(tmp_path) == ""
    provider = MockProvider().replies(json={}, times=None)
    api: Any = service(transport=provider)
    for method in [name for name in vars(service) if not name.startswith("_")]:
        if callable(getattr(api, method)):
            getattr(api, method)()
    assert {request.url for request in provider.requests} == {"https://api.acme.test/v1/a", url}
    carried = {request.headers.get("authorization") for request in provider.requests}
    assert carried == {"Bearer ACME_TOKEN"}


REAL = {
    "box": ("POST /files/content", "https://upload.box.com/api/2.0"),
    "github": (
        "POST /repos/{owner}/{repo}/releases/{release_id}/assets",
        "https://uploads.github.com",
    ),
    "stripe": ("POST /v1/files", "https://files.stripe.com/"),
}


@pytest.mark.skipif(not SPECS.is_dir(), reason="the real documents are not here")
@pytest.mark.parametrize("provider", REAL)
def test_uploads_go_where_the_provider_takes_them(provider: str, tmp_path: Path) -> None:
    key, url = REAL[provider]
    document = apidoc.load(str(SPECS / f"{provider}.json"))
    others = [other for other in document.operations if other.startswith("GET ")][:2]
    made = plan(
        f"Use {provider}",
        layout=Layout(),
        document=document,
        operations=[*others, key],
        accepted="test",
    )
    assert made.task is not None
    checks.write(tmp_path, render(made.task, document, made.pack))
    source = (tmp_path / f"app/services/{provider}_service.py").read_text()
    assert f'"{url}"' in source
    assert "    server=" in source
    assert checks.tests(tmp_path) == ""


FLOWS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "scopes of the operations": (
        {"clientCredentials": {"tokenUrl": "https://id.test/t", "scopes": {}}},
        ["read", "write"],
        (
            'OAuth2ClientCredentials("https://id.test/t",env("ACME_CLIENT_ID"),'
            'env("ACME_CLIENT_SECRET"),scopes=("read","write"))'
        ),
    ),
    "audience": (
        {"clientCredentials": {"tokenUrl": "/t", "scopes": {}, "x-audience": "https://api"}},
        [],
        (
            'OAuth2ClientCredentials("https://api.acme.test/t",env("ACME_CLIENT_ID"),'
            'env("ACME_CLIENT_SECRET"),extra={"audience":"https://api"})'
        ),
    ),
    "refresh": (
        {
            "authorizationCode": {
                "authorizationUrl": "https://id.test/a",
                "tokenUrl": "https://id.test/t",
                "refreshUrl": "https://id.test/r",
                "scopes": {},
            }
        },
        [],
        (
            'OAuth2RefreshToken("https://id.test/r",env("ACME_CLIENT_ID"),env("ACME_CLIENT_SECRET"),'
            'env("ACME_REFRESH_TOKEN"),store=TokenFile(variable="ACME_TOKEN_STORE"))'
        ),
    ),
}


@pytest.mark.parametrize("name", FLOWS)
def test_a_token_is_asked_for_as_the_document_says(name: str, tmp_path: Path) -> None:
    flows, scopes, code = FLOWS[name]
    components = {"securitySchemes": {"oauth": {"type": "oauth2", "flows": flows}}}
    paths = {
        f"/{scope}": {"security": [{"oauth": [scope] if scope in scopes else []}]}
        for scope in scopes or ["a", "b"]
    }
    document = acme(paths, components=components)
    made = plan(
        "Use Acme",
        layout=Layout(),
        document=document,
        operations=[*document.operations],
        accepted="test",
    )
    assert made.task is not None
    checks.write(tmp_path, render(made.task, document, made.pack))
    source = (tmp_path / "app/services/acme_service.py").read_text()
    assert f"auth={code}" in re.sub(r"\s+", "", source).replace(",)", ")")
    assert checks.tests(tmp_path) == ""
    variables = {variable.name: variable.required for variable in made.task.env_vars}
    assert ("ACME_TOKEN_STORE" in variables) == ("TokenFile" in code)


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    "basePath without host": ({"swagger": "2.0", "basePath": "/api/v1"}, "/api/v1"),
    "no address": ({"swagger": "2.0"}, ""),
    "a relative server": ({"openapi": "3.0.0", "servers": [{"url": "/hub/api/"}]}, "/hub/api"),
}


@pytest.mark.parametrize("name", PATHS)
def test_the_path_is_kept_where_the_host_is_not_known(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, path = PATHS[name]
    root = {
        "info": {"title": "Acme", "version": "1"},
        "paths": {"/things": {"get": {"responses": {"204": {"description": "done"}}}}},
        **members,
    }
    document = apidoc.parse(json.dumps(root).encode(), source="acme.json")
    service = wrapper(tmp_path, document, ["GET /things"], monkeypatch)
    assert checks.tests(tmp_path) == ""
    monkeypatch.setenv("ACME_BASE_URL", "https://own.test")
    assert service(transport=MockProvider()).base_url == f"https://own.test{path}"
