"""HTTP Digest: the vectors of RFC 7616, another client as the judge, and a strict server."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    JSON,
    Digest,
    Operation,
    ServiceConfig,
    SyncService,
    Unauthorized,
    env,
)
from noctule.runtime.auth.digest import answer, challenges
from noctule.runtime.request import Request
from noctule.runtime.testing import MockProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = Operation("read", "GET", "/dir/index.html", returns=JSON)
WRITE = Operation("write", "POST", "/dir", returns=JSON, body="json")
UPLOAD = Operation("upload", "PUT", "/dir/file", returns=JSON, body="bytes", server="files")
USER, PASSWORD = "Mufasa", "Circle of Life"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_USERNAME", USER)
    monkeypatch.setenv("ACME_PASSWORD", PASSWORD)


def fields(header: str) -> dict[str, str]:
    pairs = re.findall(r'([a-z*]+)=("(?:[^"\\]|\\.)*"|[^,]+)', header.removeprefix("Digest "))
    return {name: value.strip('"') for name, value in pairs}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, response: str) -> None:
    """Section 3.9.1; 3.9.2 hashes the user name as well."""
    header = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=' + algorithm + ", "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    (challenge,) = challenges(header)
    request = Request("GET", "http://www.example.org/dir/index.html")
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    sent = fields(answer(challenge, USER, PASSWORD, request, 1, cnonce))
    assert sent["response"] == response
    assert sent["uri"] == "/dir/index.html"
    assert (sent["qop"], sent["nc"], sent["opaque"]) == ("auth", "00000001", challenge.opaque)


@given(
    algorithm=st.sampled_from(["", "MD5", "SHA-256", "MD5-sess", "SHA-256-sess"]),
    realm=st.text("abc xyz@.-", max_size=12),
    nonce=st.text("abcdef0123456789+/=", min_size=1, max_size=40),
    qop=st.sampled_from(["", "auth", "auth,auth-int", "auth-int, auth"]),
    opaque=st.sampled_from([None, "", "5ccc069c403ebaf9"]),
    target=st.sampled_from(["/", "/a%20b/c?d=e&f=%2F", "/x?"]),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    password=st.text("abc é:/", max_size=10),
)
def test_another_client_answers_the_same(
    algorithm: str,
    realm: str,
    nonce: str,
    qop: str,
    opaque: str | None,
    target: str,
    method: str,
    password: str,
) -> None:
    header = f'Digest realm="{realm}", nonce="{nonce}", charset=UTF-8'
    header += f', qop="{qop}"' if qop else ""
    header += f", algorithm={algorithm}" if algorithm else ""
    header += f', opaque="{opaque}"' if opaque is not None else ""
    theirs = httpx.Request(method, f"https://api.test{target}")
    flow = httpx.DigestAuth(USER, password).auth_flow(theirs)
    next(flow)
    flow.send(httpx.Response(401, headers={"www-authenticate": header}, request=theirs))
    expected = fields(theirs.headers["authorization"])
    (challenge,) = challenges(header)
    url = f"https://api.test{theirs.url.raw_path.decode()}"
    cnonce = expected.get("cnonce", "c")
    sent = fields(answer(challenge, USER, password, Request(method, url), 1, cnonce))
    for name in ("username", "realm", "nonce", "uri", "qop", "nc"):
        assert sent.get(name, "") == expected.get(name, ""), name
    if not (algorithm.endswith("-sess") and not qop):  # it hashes a client nonce that it hides
        assert sent["response"] == expected["response"]


class StrictServer(ThreadingHTTPServer):
    """Checks each answer by itself: the proof, the address, and that no count comes twice."""

    def __init__(self, algorithm: str, uses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.algorithm, self.uses = algorithm, uses
        self.seen: list[tuple[str, str, int]] = []
        self.numbers = itertools.count(1)
        self.nonce = self.renewed()
        self.counts: set[tuple[str, str]] = set()

    def renewed(self) -> str:
        self.nonce, self.left = f"nonce-{next(self.numbers)}", self.uses
        return self.nonce

    def judged(self, method: str, target: str, header: str | None) -> tuple[int, str]:
        ask = 'Basic realm="x", Digest realm="r, \\"1\\"", qop="auth", nonce="{}", opaque="o"'
        ask += f", algorithm={self.algorithm}"
        if header is None:
            return 401, ask.format(self.renewed())
        sent = fields(header)
        count = sent["nonce"], sent["nc"]
        if sent["nonce"] != self.nonce or self.left == 0 or count in self.counts:
            return 401, ask.format(self.renewed()) + ", stale=true"
        hashed = hashlib.new(self.algorithm.lower().replace("-", ""), usedforsecurity=False)

        def digest(text: str) -> str:
            copy = hashed.copy()
            copy.update(text.encode())
            return copy.hexdigest()

        user = digest(f'{USER}:r, "1":{PASSWORD}')
        proof = f"{user}:{sent['nonce']}:{sent['nc']}:{sent['cnonce']}:auth:"
        good = digest(proof + digest(f"{method}:{target}")) == sent["response"]
        self.counts.add(count)
        self.left -= 1
        right = good and sent["uri"] == target and sent["opaque"] == "o"
        return (200, "") if right else (401, ask.format(self.renewed()) + ", stale=false")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StrictServer

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        header = self.headers.get("authorization")
        status, ask = self.server.judged(self.command, self.path, header)
        kind = header.partition(" ")[0] if header else ""
        self.server.seen.append((self.command, kind, status))
        self.send_response(status)
        if ask:
            self.send_header("www-authenticate", ask)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = _serve  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def strict(algorithm: str = "MD5", uses: int = 100) -> Iterator[StrictServer]:
    with StrictServer(algorithm, uses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Acme(SyncService):
    config = ServiceConfig(
        name="acme",
        base_url="https://api.test",
        auth=Digest(env("ACME_USERNAME"), env("ACME_PASSWORD")),
        servers={"files": "https://files.test"},
    )


def at(*servers: StrictServer) -> Acme:
    first, last = (f"http://127.0.0.1:{server.server_port}" for server in (servers * 2)[:2])
    return Acme(base_url=first, servers={"files": last})


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_challenge_comes_first_and_its_nonce_is_counted(algorithm: str) -> None:
    with strict(algorithm) as server, at(server) as acme:
        for _ in range(3):
            acme.call(READ, query={"a": "b c", "d": "é/"})
        acme.call(WRITE, body={"a": 1})
    assert server.seen == [
        ("GET", "", 401), ("GET", "Digest", 200), ("GET", "Digest", 200), ("GET", "Digest", 200),
        ("POST", "Digest", 200),
    ]  # fmt: skip


def test_a_stale_nonce_is_replaced_once() -> None:
    with strict(uses=2) as server, at(server) as acme:
        for _ in range(4):
            acme.call(READ)
    assert [status for _, _, status in server.seen] == [401, 200, 200, 401, 200, 200]


def test_each_origin_asks_for_itself() -> None:
    """What one server asked for is never sent to another one."""
    with strict() as first, strict() as second, at(first, second) as acme:
        acme.call(READ)
        acme.call(UPLOAD, body=b"x")
        acme.call(UPLOAD, body=iter([b"x", b"y"]))
    for server in (first, second):
        assert server.seen[0][1:] == ("", 401)
        assert all(entry[1:] == ("Digest", 200) for entry in server.seen[1:])


def test_a_body_that_is_read_once_is_not_lost_to_the_challenge() -> None:
    with strict() as server, at(server) as acme:
        acme.call(UPLOAD, body=iter([b"x", b"y"]))
    assert server.seen == [("GET", "", 401), ("PUT", "Digest", 200)]


def test_threads_do_not_use_a_count_twice() -> None:
    with strict(uses=10_000) as server, at(server) as acme:
        acme.call(READ)
        threads = [threading.Thread(target=acme.call, args=(READ,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [status for _, _, status in server.seen] == [401] + [200] * 9


def test_a_wrong_password_is_unauthorized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "wrong")
    with strict() as server, at(server) as acme:
        with pytest.raises(Unauthorized) as caught:
            acme.call(READ)
        with pytest.raises(Unauthorized):
            acme.call(READ)
    assert "wrong" not in repr(caught.value)
    assert [kind for _, kind, _ in server.seen] == ["", "Digest", "Digest", "Digest"]


@pytest.mark.parametrize(
    "header",
    [
        "", "Digest", "Basic realm=x", "Negotiate, Basic realm=x", 'Digest realm="x"',
        'Digest nonce="n", algorithm=SHA3-9', 'Digest nonce="n", qop="auth-int"',
        'Digest nonce="né"', 'nonce="n"', '"' * 9000, "Digest " + ", ," * 4000, "a=" * 5000,
    ],
)  # fmt: skip
def test_a_challenge_that_cannot_be_answered_gets_no_credential(header: str) -> None:
    provider = MockProvider().replies(401, headers={"WWW-Authenticate": header}, times=None)
    with pytest.raises(Unauthorized):
        Acme(transport=provider).call(READ)
    assert len(provider.requests) == 1
    assert provider.requests[0].headers.get("authorization") is None


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ('Digest nonce="a", Digest nonce="b", algorithm=SHA-256', ["MD5", "SHA-256"]),
        ('Negotiate, DIGEST nonce=a , realm="a, Digest b" ,Basic realm=x', ["MD5"]),
        ('Bearer error="x", Digest qop=auth, nonce="a", algorithm="sha-256"', ["SHA-256"]),
    ],
)
def test_a_challenge_is_found_among_others(header: str, kinds: list[str]) -> None:
    assert [challenge.kind for challenge in challenges(header)] == kinds
