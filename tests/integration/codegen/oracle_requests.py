"""What an official SDK puts on the wire, seen at the door of its HTTP library; nothing is sent."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

ANSWER = {
    "id": "x", "object": "list", "ok": True, "data": [], "results": [], "has_more": False,
    "type": "file", "entries": [],
}  # fmt: skip


@dataclass
class Sent:
    """One request, in the words of HTTP."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str] = field(repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0]

    @property
    def said(self) -> Any:
        """The body: pairs of a form as they are spelt, JSON by its values, else bytes.

        The order of members says nothing; null and an empty list say as much as absence.
        """
        if self.content_type == "application/json":
            return full(json.loads(self.body or b"null"))
        if self.content_type == "application/x-www-form-urlencoded":
            return sorted(self.body.split(b"&"))
        return self.body

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Pairs of the query; how a space or a comma is escaped says nothing."""
        return sorted(parse_qsl(self.query, keep_blank_values=True))


def full(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: full(item) for name, item in value.items() if item not in (None, [])}
    return [full(item) for item in value] if isinstance(value, list) else value


def sent(method: str, url: str, body: object, headers: Any) -> Sent:
    parts = urlsplit(url)
    content = body.encode() if isinstance(body, str) else bytes(body or b"")  # type: ignore[call-overload]
    named = {str(name).lower(): str(value) for name, value in dict(headers).items()}
    return Sent(method.upper(), parts.path, parts.query, content, named)


def requests_(patch: pytest.MonkeyPatch, seen: list[Sent]) -> None:
    import requests

    def send(_: object, request: Any, **__: Any) -> Any:
        body = request.body.to_string() if hasattr(request.body, "to_string") else request.body
        seen.append(sent(request.method, request.url, body, request.headers))
        answer = requests.Response()
        answer.status_code = 200
        answer.raw = io.BytesIO(json.dumps(ANSWER).encode())
        answer.headers["content-type"] = "application/json"
        answer.request, answer.url = request, request.url
        return answer

    patch.setattr(requests.adapters.HTTPAdapter, "send", send)


def urllib_(patch: pytest.MonkeyPatch, seen: list[Sent]) -> None:
    import urllib.request

    class Answer(io.BytesIO):
        status = code = 200
        headers: ClassVar[dict[str, str]] = {}

        def info(self) -> Any:
            import email.message

            return email.message.Message()

        def getcode(self) -> int:
            return 200

    def opened(_: object, request: Any, *__: Any, **___: Any) -> Any:
        headers = {**request.headers, **request.unredirected_hdrs}
        seen.append(sent(request.get_method(), request.full_url, request.data, headers))
        return Answer(json.dumps(ANSWER).encode())

    patch.setattr(urllib.request.OpenerDirector, "open", opened)


def httpx_(patch: pytest.MonkeyPatch, seen: list[Sent]) -> None:
    import httpx

    def send(_: object, request: Any, **__: Any) -> Any:
        seen.append(sent(request.method, str(request.url), request.content, request.headers))
        return httpx.Response(200, json=ANSWER, request=request)

    patch.setattr(httpx.Client, "send", send)


DOORS: tuple[Callable[[pytest.MonkeyPatch, list[Sent]], None], ...] = (requests_, urllib_, httpx_)


def of_sdk(call: Callable[[], object]) -> Sent:
    """The last request that `call` makes; what the SDK thinks of the answer is its own matter."""
    seen: list[Sent] = []
    with pytest.MonkeyPatch.context() as patch:
        for door in DOORS:
            door(patch, seen)
        try:
            call()
        except Exception:
            if not seen:
                raise
    return seen[-1]
