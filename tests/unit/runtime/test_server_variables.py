"""Variables in a provider's addresses: who wins, what is refused, and that no value changes who
receives the request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    JSON,
    ConfigurationError,
    NoAuth,
    Operation,
    ServerVariable,
    ServiceConfig,
    SyncService,
)
from noctule.runtime.testing import MockProvider

READ = Operation("read", "GET", "/files", returns=JSON)
UPLOAD = Operation("upload", "POST", "/files", returns=JSON, server="upload")
VARIABLES = {
    "region": ServerVariable(variable="ACME_REGION", default="eu", values=("eu", "us", "cn.north")),
    "tenant": ServerVariable(variable="ACME_TENANT"),
    "version": ServerVariable(default="v2"),
    "port": ServerVariable(default="8443"),
    "scheme": ServerVariable(default="https"),
    "host": ServerVariable(),
    "prefix": ServerVariable(default="api/v2"),
    "path": ServerVariable(default="/v2"),
    "root": ServerVariable(default="https://root.test"),
}


def url_of(
    address: str, operation: Any = READ, upload: str = "https://up.test", **given: Any
) -> str:
    class Acme(SyncService):
        config = ServiceConfig(
            name="acme",
            base_url=address,
            base_url_variable="ACME_BASE_URL",
            auth=NoAuth(),
            servers={"upload": upload},
            variables=VARIABLES,
        )

    options = {name: given.pop(name) for name in ("base_url", "servers") if name in given}
    provider = MockProvider().replies(json={})
    Acme(variables=given, transport=provider, **options).call(operation)
    return provider.requests[0].url


@pytest.mark.parametrize(
    ("address", "given", "url"),
    [
        ("https://{region}.acme.test", {}, "https://eu.acme.test/files"),
        ("https://{region}.acme.test", {"region": None}, "https://eu.acme.test/files"),
        ("https://{region}.acme.test", {"region": "us"}, "https://us.acme.test/files"),
        ("https://{region}.acme.test", {"region": "cn.north"}, "https://cn.north.acme.test/files"),
        ("https://{tenant}.acme.test/", {"tenant": "a-1_b"}, "https://a-1_b.acme.test/files"),
        ("https://acme.test/{version}", {"version": "v3.1"}, "https://acme.test/v3.1/files"),
        ("https://acme.test:{port}/v1", {"port": "444"}, "https://acme.test:444/v1/files"),
        ("{scheme}://acme.test", {}, "https://acme.test/files"),
        ("https://{host}/v1", {"host": "own.test:81"}, "https://own.test:81/v1/files"),
        ("https://{host}:{port}", {"host": "a.own.test"}, "https://a.own.test:8443/files"),
        ("https://acme.test/{prefix}", {"prefix": "a/b/c"}, "https://acme.test/a/b/c/files"),
        ("https://acme.test{path}", {}, "https://acme.test/v2/files"),
        ("https://acme.test{path}", {"path": "/a/b"}, "https://acme.test/a/b/files"),
        ("{root}/v1", {}, "https://root.test/v1/files"),
        ("https://a-{region}-{tenant}.test", {"tenant": "x"}, "https://a-eu-x.test/files"),
        ("https://acme.test", {"base_url": "https://{tenant}.me.test", "tenant": "t"},
         "https://t.me.test/files"),
    ],
)  # fmt: skip
def test_a_value_fills_its_place(address: str, given: dict[str, Any], url: str) -> None:
    assert url_of(address, **given) == url


@pytest.mark.parametrize(
    ("address", "given", "said"),
    [
        ("https://{region}.acme.test", {"region": "mars"}, "region= is 'mars'; it must be one of"),
        ("https://{tenant}.acme.test", {}, "the argument tenant, or set ACME_TENANT"),
        ("https://{tenant}.acme.test", {"tenant": "a.b"}, "does not fit a label of the host"),
        ("https://{tenant}.acme.test", {"tenant": "evil.test/"}, "does not fit a label"),
        ("https://{tenant}.acme.test", {"tenant": "x@evil.test#"}, "does not fit a label"),
        ("https://{tenant}.acme.test", {"tenant": ""}, "does not fit a label"),
        ("https://{tenant}.acme.test", {"tenant": "x" * 64}, "base URL must be"),
        ("https://{host}/v1", {"host": "a.test/x"}, "does not fit the host"),
        ("https://{host}:{port}/v1", {"host": "a.test:1"}, "does not fit a part of the host"),
        ("https://acme.test:{port}", {"port": "80@evil.test"}, "does not fit the port"),
        ("{scheme}://acme.test", {"scheme": "ftp"}, "does not fit the scheme"),
        ("https://acme.test/{version}", {"version": "../admin"}, "does not fit a segment"),
        ("https://acme.test/{version}", {"version": ".."}, "does not fit a segment"),
        ("https://acme.test/{version}", {"version": "v2?x=1"}, "does not fit a segment"),
        ("https://acme.test/{prefix}", {"prefix": "a/../b"}, "does not fit a part of the path"),
        ("https://acme.test{path}", {"path": ".evil.test/a"}, "does not fit a path"),
        ("https://acme.test{path}", {"path": "/../a"}, "does not fit a path"),
        ("https://acme.test", {"zone": "x"}, "no variable 'zone'; the variables are: region"),
        ("https://{what}.acme.test", {}, "has a variable 'what' that is not known"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(address: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        url_of(address, **given)
    assert said in str(caught.value)


@given(value=st.text(max_size=40))
def test_no_value_changes_who_receives_the_request(value: str) -> None:
    try:
        url = url_of("https://{tenant}.acme.test:9/{version}/x", tenant=value, version=value)
    except ConfigurationError:
        return
    parts = urlsplit(url)
    assert parts.hostname == f"{value}.acme.test".lower()
    assert (parts.port, parts.path) == (9, f"/{value}/x/files")
    assert parts.username is None


def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://{region}.acme.test"
    monkeypatch.setenv("ACME_REGION", " us ")
    assert url_of(address) == "https://us.acme.test/files"
    assert url_of(address, region="eu") == "https://eu.acme.test/files"
    monkeypatch.setenv("ACME_REGION", "nowhere")
    with pytest.raises(ConfigurationError, match="ACME_REGION is 'nowhere'; it must be one of"):
        url_of(address)
    monkeypatch.setenv("ACME_REGION", "")
    assert url_of(address) == "https://eu.acme.test/files"
    monkeypatch.setenv("ACME_BASE_URL", "https://own.test/v1")
    assert url_of(address) == "https://own.test/v1/files"


def test_other_servers_have_variables_too() -> None:
    address, upload = "https://{region}.acme.test", "https://up-{region}.{tenant}.test"
    assert url_of(address, UPLOAD, upload, region="us", tenant="t") == "https://up-us.t.test/files"
    assert url_of(address, READ, upload) == "https://eu.acme.test/files"
    with pytest.raises(ConfigurationError, match="needs a value for 'tenant'"):
        url_of(address, UPLOAD, upload)
    own = url_of(address, UPLOAD, "https://{region}.acme.test/up", region="us")
    assert own == "https://us.acme.test/up/files"
