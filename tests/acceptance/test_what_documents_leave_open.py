"""What a document leaves open is asked or said, and the task keeps the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from noctule import manifest

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import Noctule

EU, US, TEST = "https://eu.acme.test/v1", "https://us.acme.test/v1", "https://test.acme.test/v1"
REQUEST = "List files with Acme"
PARTS = ("--doc", "acme.json", "--target", "plain")


def write(project: Path, **members: Any) -> None:
    schema = {
        "type": "array",
        "items": {"type": "object", "properties": {"id": {"type": "string"}}},
    }
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    responses = {"200": answer, "401": {"description": "no"}, "400": {"description": "bad"}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": EU}],
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/files": {"get": {"operationId": "listFiles", "responses": responses}}},
        **members,
    }
    (project / "acme.json").write_text(json.dumps(root))


def wrapper(project: Path) -> str:
    return (project / "app/services/acme_service.py").read_text()


def test_several_servers_are_a_question_that_is_asked_once(project: Path, noctule: Noctule) -> None:
    write(project, servers=[{"url": url} for url in (EU, US, TEST)])
    asked = noctule("plan", REQUEST, *PARTS, "--json")
    assert asked.code == 5
    question = json.loads(asked.out)["error"]["question"]
    assert (question["option"], [c["value"] for c in question["choices"]]) == ("--server", [EU, US])
    assert noctule("plan", REQUEST, *PARTS, "--server", "mars").code == 2
    said = noctule("integrate", REQUEST, *PARTS, "--server", "us.acme.test")
    assert said.code == 0, said.err
    assert f"production server: {US} (chosen with --server)" in said.out
    task = manifest.read(project / "integrations/acme.yaml")
    assert (task.server, task.sandbox) == (US, TEST)
    assert f'base_url="{US}"' in wrapper(project)
    assert f"For the sandbox: `AcmeService(base_url='{TEST}')`" in wrapper(project)
    again = noctule("integrate", REQUEST, *PARTS)
    assert again.code == 0
    assert manifest.read(project / "integrations/acme.yaml") == task


OPEN: dict[str, Any] = {"security": [], "components": {}}
WAYS = {
    "bearer": ('Bearer(env("ACME_TOKEN"))', ["ACME_TOKEN"]),
    "basic": (
        'Basic(env("ACME_USERNAME"), env("ACME_PASSWORD"))',
        ["ACME_USERNAME", "ACME_PASSWORD"],
    ),
    "digest": (
        'Digest(env("ACME_USERNAME"), env("ACME_PASSWORD"))',
        ["ACME_USERNAME", "ACME_PASSWORD"],
    ),
    "header:X-Acme-Key": ('ApiKeyHeader("X-Acme-Key", env("ACME_API_KEY"))', ["ACME_API_KEY"]),
    "query:key": ('ApiKeyQuery("key", env("ACME_API_KEY"))', ["ACME_API_KEY"]),
    "cookie:SID": (
        'ApiKeyHeader("Cookie", env("ACME_API_KEY"), prefix="SID=")',
        ["ACME_API_KEY"],
    ),
    "none": ("NoAuth()", []),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("own", [{}, {"security": []}])
def test_auth_says_how_to_authenticate(
    project: Path, noctule: Noctule, way: str, own: dict[str, Any]
) -> None:
    """Where the document says nothing, or `security: []` everywhere."""
    write(project, **OPEN)
    document = json.loads((project / "acme.json").read_text())
    document["paths"]["/files"]["get"] |= own
    (project / "acme.json").write_text(json.dumps(document))
    code, names = WAYS[way]
    done = noctule("plan", REQUEST, *PARTS, "--auth", way)
    assert done.code == 0, done.err
    generated = noctule("generate")
    assert generated.code == 0, generated.err
    assert f"auth={code}" in wrapper(project)
    task = manifest.read(project / "integrations/acme.yaml")
    assert task.auth == way
    assert [variable.name for variable in task.env_vars] == names


def test_an_open_document_is_refused_with_the_way_on(project: Path, noctule: Noctule) -> None:
    write(project, **OPEN)
    for language in ("en", "fr"):
        done = noctule(
            "integrate", REQUEST, *PARTS, "--operation", "GET /files", "--lang", language
        )
        assert done.code == 3
        assert "--auth bearer|basic|digest|header:" in done.err
    for way in ("header:X-Acme-Key", "digest"):
        done = noctule("integrate", REQUEST, *PARTS, "--auth", way)
        assert done.code == 0, done.err
        assert "promises held" in done.out


@pytest.mark.parametrize(
    "way", ["sk_live_4242424242", "header:", "header:a b", "header:Host", "token:x", "BEARER"]
)
def test_a_way_that_is_none_is_refused_and_not_shown(
    project: Path, noctule: Noctule, way: str
) -> None:
    write(project, **OPEN)
    done = noctule("plan", REQUEST, *PARTS, "--auth", way)
    assert done.code == 2
    assert "bearer, basic, digest, header:NAME" in done.err
    assert way not in done.err.replace("header:X-Api-Key", "").replace("header:NAME", "")


def test_auth_replaces_what_the_document_says_but_public_operations_stay(
    project: Path, noctule: Noctule
) -> None:
    write(project)
    document = json.loads((project / "acme.json").read_text())
    public = {**document["paths"]["/files"]["get"], "operationId": "status", "security": []}
    document["paths"]["/status"] = {"get": public}
    (project / "acme.json").write_text(json.dumps(document))
    operations = ("--operation", "GET /files", "--operation", "GET /status")
    done = noctule("integrate", REQUEST, *PARTS, *operations, "--auth", "header:X-Acme-Key")
    assert done.code == 0, done.err
    assert 'auth=ApiKeyHeader("X-Acme-Key"' in wrapper(project)
    assert 'auth="none"' in wrapper(project)


def test_the_audience_of_client_credentials(project: Path, noctule: Noctule) -> None:
    flow = {"tokenUrl": "https://acme.test/token", "scopes": {"files": "read"}}
    flows = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    write(project)
    assert noctule("plan", REQUEST, *PARTS, "--audience", "https://acme.test/").code == 2
    write(project, components={"securitySchemes": {"token": flows}}, security=[{"token": []}])
    assert noctule("plan", REQUEST, *PARTS, "--audience", "two words").code == 2
    done = noctule("integrate", REQUEST, *PARTS, "--audience", "https://acme.test/")
    assert done.code == 0, done.err
    assert 'extra={"audience": "https://acme.test/"}' in wrapper(project)
    assert manifest.read(project / "integrations/acme.yaml").audience == "https://acme.test/"


RULES = {
    "ovh": """
algorithm = "sha1"
signed = "{ACME_SECRET}+{ACME_CONSUMER_KEY}+{method}+{url}+{body}+{timestamp}"
[headers]
X-Acme-Application = "{ACME_KEY}"
X-Acme-Timestamp = "{timestamp}"
X-Acme-Signature = "$1${signature}"
""",
    "binance": """
algorithm = "hmac-sha256"
secret = "ACME_SECRET"
signed = "{query}{body}"
timestamp = "ms"
[headers]
X-Acme-Key = "{ACME_KEY}"
[query]
timestamp = "{timestamp}"
signature = "{signature}"
""",
    "kraken": """
algorithm = "hmac-sha512"
secret = "ACME_SECRET"
key = "base64"
encoding = "base64"
digest = "{nonce}{body}"
digest_encoding = "raw"
signed = "{path}{digest}"
nonce = "counter"
[headers]
API-Key = "{ACME_KEY}"
API-Nonce = "{nonce}"
API-Sign = "{signature}"
""",
}


@pytest.mark.parametrize("rule", RULES)
def test_signed_requests_are_declared(project: Path, noctule: Noctule, rule: str) -> None:
    """Where the document names a signature that it cannot describe."""
    named = {"type": "apiKey", "in": "header", "name": "X-Acme-Signature"}
    write(project, components={"securitySchemes": {"token": named}})
    assert noctule("plan", REQUEST, *PARTS).code == 3
    (project / "sign.toml").write_text(RULES[rule])
    done = noctule("integrate", REQUEST, *PARTS, "--auth", "signed:sign.toml")
    assert done.code == 0, done.out + done.err
    assert "auth=Signed(" in wrapper(project)
    task = manifest.read(project / "integrations/acme.yaml")
    assert task.auth == "signed"
    assert task.signing.signed in RULES[rule]
    assert {variable.name for variable in task.env_vars} >= {"ACME_SECRET", "ACME_KEY"}
    again = noctule("integrate", REQUEST, *PARTS)
    assert again.code == 0, again.err
    assert manifest.read(project / "integrations/acme.yaml") == task


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("algorithm = 'x'\nsigned = ''", "algorithm must be one of"),
        ("algorithm = 'sha1'\nsigned = ''", "holds {signature}"),
        ("algorithm = 'sha1'\nsign = ''", "the keys are algorithm, signed"),
        ("algorithm = 1", "the keys are"),
        ("not toml", "sign.toml"),
        (RULES["ovh"] + "\nPrivate = '{ACME_x}'", "{ACME_x} is no placeholder"),
    ],
)
def test_a_rule_that_is_none_is_refused(
    project: Path, noctule: Noctule, rule: str, said: str
) -> None:
    write(project, **OPEN)
    (project / "sign.toml").write_text(rule)
    done = noctule("plan", REQUEST, *PARTS, "--auth", "signed:sign.toml")
    assert done.code == 2
    assert said in done.err
    assert noctule("plan", REQUEST, *PARTS, "--auth", "signed:none.toml").code == 2


AWS = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "x-amazon-apigateway-authtype": "awsSigv4",
}


def test_documents_of_aws_are_signed_as_they_say(project: Path, noctule: Noctule) -> None:
    region = {"default": "eu-west-3", "enum": ["eu-west-3", "us-east-1"]}
    url = "https://acme.{region}.amazonaws.com"
    signed = {
        "components": {"securitySchemes": {"token": AWS}},
        "info": {"title": "Acme", "version": "1", "x-aws-signingName": "acme-files"},
    }
    write(project, servers=[{"url": url, "variables": {"region": region}}], **signed)
    done = noctule("integrate", REQUEST, *PARTS)
    assert done.code == 0, done.out + done.err
    text = "".join(wrapper(project).split())
    assert 'access_key=env("AWS_ACCESS_KEY_ID"),secret_key=env("AWS_SECRET_ACCESS_KEY")' in text
    assert 'service="acme-files",region="eu-west-3"' in text
    variables = manifest.read(project / "integrations/acme.yaml").env_vars
    assert {variable.name: variable.required for variable in variables} == {
        "AWS_ACCESS_KEY_ID": True,
        "AWS_SECRET_ACCESS_KEY": True,
        "AWS_SESSION_TOKEN": False,
        "ACME_REGION": False,
    }


def test_where_no_server_is_at_aws_such_a_signature_is_refused(
    project: Path, noctule: Noctule
) -> None:
    write(project, components={"securitySchemes": {"token": AWS}})
    done = noctule("plan", REQUEST, *PARTS)
    assert done.code == 3
    assert "awsSigv4" in done.err
