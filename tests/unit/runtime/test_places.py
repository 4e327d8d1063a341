"""Operations with a server or a scheme of their own: where they go, and with whose credentials."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    JSON,
    ApiKeyQuery,
    Bearer,
    ConfigurationError,
    MissingSecrets,
    NextUrl,
    OAuth2ClientCredentials,
    OAuth2RefreshToken,
    Operation,
    ServiceConfig,
    SyncService,
    TokenFile,
    env,
    paginate_sync,
)
from noctule.runtime.fallback.outbox import Outbox
from noctule.runtime.fallback.outbox_store import SqliteOutboxStore
from noctule.runtime.testing import MockProvider

READ = Operation("read", "GET", "/files", returns=JSON)
UPLOAD = Operation("upload", "POST", "/files", returns=JSON, body="bytes", server="upload")
PUBLIC = Operation("status", "GET", "/status", returns=JSON, auth="none")
ADMIN = Operation("users", "GET", "/users", returns=JSON, auth="admin", server="upload")
OPERATIONS = [READ, UPLOAD, PUBLIC, ADMIN]
PLACES = {"": "https://api.test/v1", "upload": "https://upload.test/2"}


class Acme(SyncService):
    config = ServiceConfig(
        name="acme",
        base_url=PLACES[""],
        auth=Bearer(env("ACME_TOKEN")),
        servers={"upload": PLACES["upload"]},
        schemes={"admin": ApiKeyQuery("key", env("ACME_ADMIN_KEY"))},
    )


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "token-7")
    monkeypatch.setenv("ACME_ADMIN_KEY", "admin-7")


def service(**options: Any) -> tuple[Acme, MockProvider]:
    provider = MockProvider().replies(json={}, times=None)
    return Acme(transport=provider, **options), provider


@given(calls=st.lists(st.sampled_from(OPERATIONS), max_size=12))
def test_each_operation_goes_to_its_server_with_its_credentials(calls: list[Any]) -> None:
    """In any order: what one call needed does not stick to the next one."""
    api, provider = service()
    for operation in calls:
        api.call(operation, **({"body": b"x"} if operation is UPLOAD else {}))
        sent = provider.requests[-1]
        assert sent.url.partition("?")[0] == PLACES[operation.server] + operation.path
        bearer = "Bearer token-7" if operation.auth == "" else None
        assert sent.headers.get("authorization") == bearer
        assert sent.query == ({"key": "admin-7"} if operation.auth == "admin" else {})


def test_another_base_url_does_not_reach_the_other_servers() -> None:
    api, provider = service(base_url="https://sandbox.test/v1")
    api.call(READ)
    with pytest.raises(ConfigurationError, match="give it: servers"):
        api.call(UPLOAD, body=b"x")
    assert [request.url for request in provider.requests] == ["https://sandbox.test/v1/files"]
    api, provider = service(
        base_url="https://sandbox.test/v1", servers={"upload": "https://up.sandbox.test/"}
    )
    api.call(UPLOAD, body=b"x")
    assert provider.requests[-1].url == "https://up.sandbox.test/files"


@pytest.mark.parametrize("url", [PLACES[""], PLACES[""] + "/"])
def test_the_same_base_url_changes_nothing(url: str) -> None:
    api, provider = service(base_url=url)
    api.call(UPLOAD, body=b"x")
    assert provider.requests[-1].url == "https://upload.test/2/files"


def test_an_unknown_server_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the servers are: upload"):
        service(servers={"uploads": "https://x.test"})


def test_every_server_is_encrypted() -> None:
    with pytest.raises(ConfigurationError, match="the server 'upload' is http:"):
        service(servers={"upload": "http://upload.test"})


def test_a_missing_secret_stops_the_calls_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_ADMIN_KEY")
    api, provider = service()
    api.call(READ)
    with pytest.raises(MissingSecrets) as caught:
        api.call(ADMIN)
    assert caught.value.names == ("ACME_ADMIN_KEY",)
    assert len(provider.requests) == 1


def test_a_redirect_between_the_servers_keeps_the_credentials() -> None:
    provider = MockProvider().replies(302, headers={"location": "https://upload.test/2/f"})
    provider.replies(302, headers={"location": "https://cdn.test/f"}).replies(json={})
    Acme(transport=provider).call(READ)
    carried = [request.headers.get("authorization") for request in provider.requests]
    assert carried == ["Bearer token-7", "Bearer token-7", None]


def test_the_next_page_is_at_the_server_of_the_operation() -> None:
    provider = MockProvider().replies(json={"items": [1], "next": "https://upload.test/2/l?p=2"})
    provider.replies(json={"items": [2]})
    api = Acme(transport=provider)
    pages = Operation("list", "GET", "/l", returns=JSON, server="upload")
    assert list(paginate_sync(api, pages, NextUrl(items="items", next_at="next"))) == [1, 2]
    assert provider.requests[-1].url == "https://upload.test/2/l?p=2"


def test_an_outbox_does_not_take_what_it_would_send_elsewhere(tmp_path: Any) -> None:
    """A stored message has neither server nor scheme, so its error is raised instead."""
    provider = MockProvider().fails("connect", times=None)
    api = Acme(transport=provider)
    outbox = Outbox(SqliteOutboxStore(tmp_path / "outbox.db"))
    with pytest.raises(Exception, match="connect"):
        api.call(UPLOAD, body=b"x", fallback=outbox)


def test_a_server_that_is_a_path_follows_the_base_url() -> None:
    class Relative(SyncService):
        config = ServiceConfig(
            name="acme",
            base_url="",
            auth=Bearer(env("ACME_TOKEN")),
            servers={"upload": "/uploads", "unknown": ""},
        )

    provider = MockProvider().replies(json={}, times=None)
    api = Relative(transport=provider, base_url="https://own.test/api")
    api.call(UPLOAD, body=b"x")
    assert provider.requests[-1].url == "https://own.test/uploads/files"
    with pytest.raises(ConfigurationError, match="'unknown', whose address is not known"):
        api.call(Operation("x", "GET", "/x", returns=JSON, server="unknown"))


def test_a_server_at_the_origin_of_the_base_url_moves_with_it() -> None:
    class Box(SyncService):
        config = ServiceConfig(
            name="box",
            base_url="https://api.box.test/2.0",
            auth=Bearer(env("ACME_TOKEN")),
            servers={"upload": "https://api.box.test", "other": "https://api.box.test.evil.test"},
        )

    for base_url, url in {
        None: "https://api.box.test/files",
        "http://localhost:1/2.0": "http://localhost:1/files",
    }.items():
        provider = MockProvider().replies(json={}, times=None)
        Box(transport=provider, base_url=base_url).call(UPLOAD, body=b"x")
        assert provider.requests[-1].url == url
    with pytest.raises(ConfigurationError, match="'other', whose address is not known"):
        Box(transport=MockProvider(), base_url="http://localhost:1/2.0").call(
            Operation("x", "GET", "/x", returns=JSON, server="other")
        )


@pytest.mark.parametrize(
    ("token_url", "fetched"),
    [
        ("/oauth/token", "https://own.test/oauth/token"),
        ("token", "https://own.test/api/token"),
        ("https://id.test/token", "https://id.test/token"),
        ("http://127.0.0.1:1/token", "http://127.0.0.1:1/token"),
    ],
)
def test_a_relative_token_url_follows_the_base_url(token_url: str, fetched: str) -> None:
    token = env("ACME_TOKEN")

    class Own(SyncService):
        config = ServiceConfig(
            name="acme", base_url="", auth=OAuth2ClientCredentials(token_url, token, token)
        )

    provider = MockProvider().replies(json={"access_token": "t-7"}).replies(json={})
    Own(transport=provider, base_url="https://own.test/api/v1").call(READ)
    assert [request.url for request in provider.requests] == [
        fetched,
        "https://own.test/api/v1/files",
    ]


def test_a_rotated_refresh_token_is_kept_where_the_variable_says(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process starts with the token that the first one was given."""
    secret = env("ACME_TOKEN")

    class Own(SyncService):
        config = ServiceConfig(
            name="acme",
            base_url="https://own.test",
            auth=OAuth2RefreshToken(
                "/token", secret, secret, secret, store=TokenFile(variable="ACME_TOKEN_STORE")
            ),
        )

    def refreshed_with() -> str:
        answer = {"access_token": "a", "refresh_token": "rotated-7", "expires_in": 0}
        provider = MockProvider().replies(json=answer).replies(json={})
        Own(transport=provider).call(READ)
        return provider.requests[0].form["refresh_token"]

    assert [refreshed_with(), refreshed_with()] == ["token-7", "token-7"]
    monkeypatch.setenv("ACME_TOKEN_STORE", str(tmp_path / "token"))
    assert [refreshed_with(), refreshed_with()] == ["token-7", "rotated-7"]


@pytest.mark.parametrize("arguments", [{}, {"path": "x", "variable": "Y"}])
def test_a_token_file_has_one_place(arguments: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="a path, or the variable"):
        TokenFile(**arguments)


BASES: dict[str, tuple[str, str, str, str]] = {
    "the config's": ("https://api.test/v1", "", "", "https://api.test/v1"),
    "the variable's": ("https://api.test/v1", "https://env.test/2", "", "https://env.test/2"),
    "the argument's": (
        "https://api.test",
        "https://env.test",
        "https://arg.test",
        "https://arg.test",
    ),
    "a blank variable": ("https://api.test", "  ", "", "https://api.test"),
    "a host for a path": ("/hub/api", "", "https://own.test", "https://own.test/hub/api"),
    "a host with a slash": ("/hub/api/", "https://own.test:8/", "", "https://own.test:8/hub/api"),
    "a whole address for a path": ("/hub", "", "https://own.test/x/hub", "https://own.test/x/hub"),
    "nothing but a host": ("", "https://own.test", "", "https://own.test"),
}


@pytest.mark.parametrize("name", BASES)
def test_the_base_url(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of_config, variable, argument, expected = BASES[name]
    if variable:
        monkeypatch.setenv("ACME_BASE_URL", variable)

    class Own(SyncService):
        config = ServiceConfig(
            name="acme",
            base_url=of_config,
            base_url_variable="ACME_BASE_URL",
            auth=Bearer(env("ACME_TOKEN")),
        )

    assert Own(transport=MockProvider(), base_url=argument or None).base_url == expected


@pytest.mark.parametrize("of_config", ["", "/hub/api"])
def test_an_unknown_address_is_asked_for(of_config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_BASE_URL", raising=False)

    class Own(SyncService):
        config = ServiceConfig(
            name="acme",
            base_url=of_config,
            base_url_variable="ACME_BASE_URL",
            auth=Bearer(env("ACME_TOKEN")),
        )

    with pytest.raises(ConfigurationError, match="or set ACME_BASE_URL"):
        Own(transport=MockProvider())
