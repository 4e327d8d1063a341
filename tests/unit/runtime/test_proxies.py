"""Which proxy a request goes through: a table, beside what requests makes of the same variables."""

from __future__ import annotations

from typing import Any

import pytest
import requests.utils

from noctule.runtime import ConfigurationError
from noctule.runtime.origin import origin_of
from noctule.runtime.transport.proxies import parse_proxy, proxy_for

P = "http://proxy.test:3128"
HTTP = {"http_proxy": P}

# URL, environment, the proxy; and why requests reads it otherwise, where it does.
TABLE: list[tuple[str, dict[str, str], str | None, str]] = [
    ("http://a.test", {}, None, ""),
    ("http://a.test", HTTP, P, ""),
    ("http://a.test", {"HTTP_PROXY": P}, P, ""),
    ("http://a.test", {"http_proxy": P, "HTTP_PROXY": "http://other.test:1"}, P, ""),
    ("http://a.test", {"http_proxy": "", "HTTP_PROXY": P}, None, ""),
    ("http://a.test", {"https_proxy": P}, None, ""),
    ("https://a.test", {"https_proxy": P}, P, ""),
    ("https://a.test", HTTP, None, ""),
    ("https://a.test", {"HTTPS_PROXY": P, "all_proxy": "http://other.test:1"}, P, ""),
    ("http://a.test", {"all_proxy": P}, P, ""),
    ("https://a.test", {"ALL_PROXY": P}, P, ""),
    ("https://a.test", {"all_proxy": P, "ALL_PROXY": "http://other.test:1"}, P, ""),
    ("https://a.test", {"https_proxy": "", "all_proxy": P}, P, ""),
    ("http://a.test", {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, None, ""),
    ("http://a.test", {"http_proxy": P, "REQUEST_METHOD": "GET"}, P, ""),
    ("http://a.test", {**HTTP, "no_proxy": "*"}, None, ""),
    ("http://a.test", {**HTTP, "no_proxy": "b.test,*"}, P, ""),
    ("http://a.test", {**HTTP, "NO_PROXY": "a.test"}, None, ""),
    ("http://a.test", {**HTTP, "no_proxy": "", "NO_PROXY": "a.test"}, P, "reads the upper case"),
    ("http://a.test", {**HTTP, "no_proxy": "A.Test"}, None, ""),
    ("http://x.a.test", {**HTTP, "no_proxy": "a.test"}, None, ""),
    ("http://x.a.test", {**HTTP, "no_proxy": ".a.test"}, None, ""),
    ("http://a.test", {**HTTP, "no_proxy": ".a.test"}, None, ""),
    ("http://a.test", {**HTTP, "no_proxy": "x.a.test"}, P, ""),
    ("http://nota.test", {**HTTP, "no_proxy": "a.test"}, P, ""),
    ("http://x.a.test", {**HTTP, "no_proxy": "*.a.test"}, None, "knows no *. (curl neither)"),
    ("http://a.test.", {**HTTP, "no_proxy": "a.test"}, None, "knows no final dot (curl does)"),
    ("http://b.test", {**HTTP, "no_proxy": " a.test , b.test "}, None, ""),
    ("http://b.test", {**HTTP, "no_proxy": "a.test b.test"}, None, "knows no blanks (curl does)"),
    ("http://a.test:8080", {**HTTP, "no_proxy": "a.test:8080"}, None, ""),
    ("http://a.test:8081", {**HTTP, "no_proxy": "a.test:8080"}, P, ""),
    ("http://a.test:8080", {**HTTP, "no_proxy": "a.test"}, None, ""),
    ("https://a.test", {"https_proxy": P, "no_proxy": "a.test:443"}, None, "knows no default port"),
    ("http://10.255.255.1", {**HTTP, "no_proxy": "10.0.0.0/8"}, None, ""),
    ("http://11.0.0.1", {**HTTP, "no_proxy": "10.0.0.0/8"}, P, ""),
    ("http://10.1.2.3", {**HTTP, "no_proxy": "10.1.2.3/32,b.test"}, None, ""),
    ("http://10.1.2.3", {**HTTP, "no_proxy": "10.1.2.3"}, None, ""),
    ("http://10.1.2.3", {**HTTP, "no_proxy": "10.1.2.30"}, P, ""),
    ("http://10.1.2.3:81", {**HTTP, "no_proxy": "10.1.2.3:81"}, None, "compares hosts alone"),
    ("http://10.1.2.3:82", {**HTTP, "no_proxy": "10.1.2.3:81"}, P, ""),
    ("http://a.test", {**HTTP, "no_proxy": "10.0.0.0/8"}, P, ""),
    ("http://[fd00::7]", {**HTTP, "no_proxy": "fd00::7"}, None, ""),
    ("http://[fd00::7]", {**HTTP, "no_proxy": "[fd00::7]"}, None, "knows no brackets"),
    ("http://[fd00::7]:81", {**HTTP, "no_proxy": "[fd00::7]:81"}, None, "knows no brackets"),
    ("http://[fd00::7]:82", {**HTTP, "no_proxy": "[fd00::7]:81"}, P, ""),
    ("http://[fd00::7]", {**HTTP, "no_proxy": "fd00::/8"}, None, "knows no networks of IPv6"),
    ("http://[fe80::7]", {**HTTP, "no_proxy": "fd00::/8"}, P, ""),
    ("http://a.test", {**HTTP, "no_proxy": "10.0.0.0/99,/,::/x,[,:,a.test:x"}, P, ""),
    ("http://localhost:81", HTTP, None, "sends what is meant for this machine to the proxy"),
    ("http://127.0.0.1:81", {"all_proxy": P}, None, "sends what is meant for this machine"),
    ("http://[::1]:81", {"ALL_PROXY": P}, None, "sends what is meant for this machine"),
]


@pytest.mark.parametrize(("url", "environ", "expected", "requests_otherwise"), TABLE)
def test_the_table(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    environ: dict[str, str],
    expected: str | None,
    requests_otherwise: str,
) -> None:
    proxy = proxy_for(origin_of(url), environ)
    assert (f"{proxy.scheme}://{proxy.address}" if proxy else None) == expected
    theirs = _of_requests(monkeypatch, url, environ)
    assert (theirs == expected) is not bool(requests_otherwise), theirs


def _of_requests(monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str]) -> Any:
    for scheme in ("http", "https", "all", "no"):
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("127.0.0.1:3128", ("http", "127.0.0.1", 3128, None)),
        ("proxy.test", ("http", "proxy.test", 80, None)),
        ("//proxy.test:1", ("http", "proxy.test", 1, None)),
        ("http://proxy.test:3128/", ("http", "proxy.test", 3128, None)),
        ("HTTPS://proxy.test", ("https", "proxy.test", 443, None)),
        ("http://[fd00::7]:1", ("http", "fd00::7", 1, None)),
        ("user:pass@proxy.test:1", ("http", "proxy.test", 1, ("user", "pass"))),
        ("http://us%40er:p%3Aa@ss%2F@proxy.test", ("http", "proxy.test", 80, ("us@er", "p:a@ss/"))),
        ("http://token@proxy.test", ("http", "proxy.test", 80, ("token", ""))),
        ("socks5://proxy.test", ("socks5", "proxy.test", 1080, None)),
        ("socks5h://u:p@proxy.test:9", ("socks5h", "proxy.test", 9, ("u", "p"))),
    ],
)
def test_addresses_of_proxies(value: str, expected: Any) -> None:
    proxy = parse_proxy("http_proxy", value)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.auth) == expected
    assert "pass" not in repr(proxy) + proxy.address


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http://user:geheim@",
        "http://geheim:x:y",
        "http://geheim.test:99999",
        "http://geheim.test:0",
        "http:/geheim",
        "http://geheim.test/path?x",
        "http://a geheim.test",
        "http://geheim.test:3128#x",
        "ftp://geheim.test",
        "socks4://geheim.test",
        "://geheim",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(origin_of("https://a.test"), {"HTTPS_PROXY": value})
    assert "HTTPS_PROXY" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_socks_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"all_proxy.*pip install 'noctule\[socks\]'"):
        proxy_for(origin_of("https://a.test"), {"all_proxy": "socks5://proxy.test"})
