"""The servers of a document: which one is for production, and the variables in their addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noctule import apidoc
from noctule.apidoc.model.choices import Choices
from noctule.apidoc.model.servers import named, sandboxes
from noctule.apidoc.servers import ServiceAddresses

A, B, C = "https://a.acme.test/v1", "https://b.acme.test/v1", "https://c.acme.test/v1"


def acme(servers: list[Any], source: str = "acme.json", **paths: Any) -> apidoc.ApiDocument:
    listed = [{"url": one} if isinstance(one, str) else one for one in servers]
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": listed,
        "paths": paths,
    }
    return apidoc.parse(json.dumps(root).encode(), source=source)


def described(*pairs: tuple[str, str]) -> list[Any]:
    return [{"url": url, "description": description} for url, description in pairs]


@pytest.mark.parametrize(
    ("servers", "chosen"),
    [
        ([A], [A]),
        ([A, B], [A, B]),
        (["https://sandbox.acme.test", A], [A]),
        ([A, "https://api-staging.acme.test"], [A]),
        (["https://test.acme.test", "https://dev.acme.test"],
         ["https://test.acme.test", "https://dev.acme.test"]),
        (["http://localhost:8080/v1", A], [A]),
        (["http://127.0.0.1/v1", A, "https://acme.test/sandbox"], [A]),
        ([A, B, "https://api.live.acme.test"], ["https://api.live.acme.test"]),
        (["https://prod-eu.acme.test", "https://prod-us.acme.test", A],
         ["https://prod-eu.acme.test", "https://prod-us.acme.test"]),
        (["http://a.acme.test/v1", A], [A]),
        ([A, "http://a.acme.test/v1/"], [A]),
        (["/v1", A], [A]),
        (["/v1"], []),
        (described((A, "Sandbox"), (B, "Production")), [B]),
        (described((A, "Serveur de test"), (B, "Serveur de production")), [B]),
        (described((A, "Environnement de recette"), (B, "")), [B]),
        (described((A, "Live server. To test, use the other one."), (B, "Test server")), [A]),
        (described((A, "Test server, like production"), (B, "Europe")), [B]),
        (described((A, "Pre-prod"), (B, "Everything else")), [B]),
        (described((A, "Europe"), (B, "America")), [A, B]),
        (described((A, "Deprecated"), (B, "")), [B]),
        (described((A, "Default server"), (B, "Mirror")), [A]),
        (described(("https://sandbox.acme.test", "Production"), (B, "Test")),
         ["https://sandbox.acme.test"]),
    ],
)  # fmt: skip
def test_the_production_server_is_what_the_document_shows(
    servers: list[Any], chosen: list[str]
) -> None:
    """Whatever their order."""
    for listed in (servers, servers[::-1]):
        production = acme(listed).production
        assert sorted(server.url for server in production) == sorted(chosen)


def test_a_choice_comes_before_the_document() -> None:
    document = acme(described((A, "Production"), (B, "Sandbox")))
    assert document.chosen(Choices(server=B)).base_url == B
    assert document.chosen(Choices(server=C)).base_url == C
    assert [server.url for server in sandboxes(document.servers)] == [B]


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        ("1", [A]), ("3", [C]), ("4", []), ("0", []),
        (A, [A]), (f"{B}/", [B]), ("c.acme.test", [C]), ("Serveur d'Europe", [A]),
        ("europe", [A]), ("production", [B]), ("Test", [C]), ("mars", []), ("serveur", [A, B, C]),
        ("b", [B]), ("", []),
    ],
)  # fmt: skip
def test_a_server_is_named_by_number_address_host_or_description(
    name: str, urls: list[str]
) -> None:
    servers = acme(
        described((A, "Serveur d'Europe"), (B, "Serveur de production"), (C, "Serveur de test"))
    ).servers
    assert [server.url for server in named(servers, name)] == urls


@pytest.mark.parametrize(
    ("url", "variable", "filled", "default", "values"),
    [
        ("https://{v}.x.test", {"default": "eu", "enum": ["eu", "us"]}, "https://eu.x.test", "eu",
         ("eu", "us")),
        ("https://x.test:{v}", {"default": 8443}, "https://x.test:8443", "8443", ()),
        ("https://{v}.x.test", {"enum": ["only"]}, "https://only.x.test", "only", ("only",)),
        ("https://{v}.x.test", {"enum": ["a", "b"]}, "https://{v}.x.test", None, ("a", "b")),
        ("https://{v}.x.test", {"default": "c", "enum": ["a"]}, "https://c.x.test", "c",
         ("c", "a")),
        ("https://{v}.x.test", {"default": ""}, "https://{v}.x.test", None, ()),
        ("https://x{v}.x.test", {"default": ""}, "https://x.x.test", "", ()),
        ("https://x.test/{v}", {"default": ""}, "https://x.test/", "", ()),
        ("https://{v}.x.test", {"default": "your-company"}, "https://{v}.x.test", None, ()),
        ("https://{v}.x.test", {"default": "V"}, "https://{v}.x.test", None, ()),
        ("https://{v}.x.test", {"default": "<tenant>"}, "https://{v}.x.test", None, ()),
        ("{v}/v1", {"default": "https://x.test"}, "https://x.test/v1", "https://x.test", ()),
        ("https://{v}.x.test", {}, "https://{v}.x.test", None, ()),
        ("https://{v}.x.test", None, "https://{v}.x.test", None, ()),
        ("https://{v}.x.test", {"default": ["a"], "enum": "eu"}, "https://{v}.x.test", None, ()),
    ],
)  # fmt: skip
def test_variables_have_defaults_and_values(
    url: str, variable: Any, filled: str, default: str | None, values: tuple[str, ...]
) -> None:
    (server,) = acme([{"url": url, "variables": {"v": variable}}]).servers
    (read,) = server.variables
    assert (server.url, server.address) == (filled, url)
    assert (read.default, read.values) == (default, values)


def test_one_variable_of_two_servers_is_one_setting_where_it_means_the_same() -> None:
    region = {"region": {"default": "eu", "enum": ["eu", "us"]}}
    other = {"region": {"default": "1"}}
    document = acme(
        [{"url": "https://{region}.acme.test", "variables": region}],
        **{
            "/a": {"get": {"servers": [{"url": "https://up.{region}.test", "variables": region}]}},
            "/b": {"get": {"servers": [{"url": "https://old.{region}.test", "variables": other}]}},
        },
    )
    addresses = ServiceAddresses(document, document.operations.values(), "ACME", ["ACME_REGION"])
    assert addresses.base_url == "https://{region}.acme.test"
    assert list(addresses.by_name.values()) == [
        "https://up.{region}.test",
        "https://old.{old_region}.test",
    ]
    names = {setting.name: setting.env for setting in addresses.settings}
    assert names == {"region": "ACME_SERVER_REGION", "old_region": "ACME_OLD_REGION"}


def test_of_several_servers_of_an_operation_the_one_that_fits_counts() -> None:
    def own(*urls: str) -> Any:
        return {"get": {"servers": [{"url": url} for url in urls]}}

    document = acme(
        described(("https://api.eu.acme.test", "Production"), ("https://api.test.acme.test", "")),
        **{
            "/eu": own("https://up.us.acme.test", "https://up.eu.acme.test"),
            "/live": own("https://up.sandbox.acme.test", "https://up.acme.test"),
            "/open": own("https://one.acme.test", "https://two.acme.test"),
            "/same": own("https://api.eu.acme.test", "https://api.test.acme.test"),
        },
    )
    assert {
        operation.path: [server.url for server in document.own_servers(operation)]
        for operation in document.operations.values()
    } == {
        "/eu": ["https://up.eu.acme.test"],
        "/live": ["https://up.acme.test"],
        "/open": ["https://one.acme.test", "https://two.acme.test"],
        "/same": [],
    }
    addresses = ServiceAddresses(document, document.operations.values(), "ACME")
    assert addresses.by_name["one.acme.test"] == ""
