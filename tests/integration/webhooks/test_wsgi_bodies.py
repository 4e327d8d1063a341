"""A body under WSGI: in chunks, read before, cut short, large, on the servers of developers."""

from __future__ import annotations

import io
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import flask
import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler as DjangoHandler
from django.core.servers.basehttp import WSGIServer
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt
from werkzeug.serving import make_server as make_werkzeug_server

from noctule.webhooks import Receiver, SyncReceiver
from noctule.webhooks.store.open import open_store
from noctule.webhooks.testing import key_for, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/hooks"
HOW_READ: dict[str, Any] = {"how": ""}
INBOX: dict[str, SyncReceiver] = {}


def _flask_app(inbox: SyncReceiver) -> flask.Flask:
    app = flask.Flask("shop")

    @app.before_request
    def read_first() -> None:
        match HOW_READ["how"]:
            case "bytes":
                flask.request.get_data()
            case "json":
                flask.request.get_json(silent=True)
            case "form":
                flask.request.form.get("token")
            case "stream":
                flask.request.stream.read()
            case _:
                pass

    @app.post(PATH)
    def webhook() -> flask.Response:
        answer = inbox.take(flask.request.environ)
        return flask.Response(answer.body, answer.status, list(answer.headers))

    return app


@csrf_exempt
def django_view(request: Any) -> HttpResponse:
    match HOW_READ["how"]:
        case "bytes":
            request.body  # noqa: B018
        case "json":
            json.loads(request.body or b"null")
        case "form":
            request.POST.get("token")
        case "stream":
            request.read()
        case _:
            pass
    answer = INBOX["django"].take(request.META, request)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


urlpatterns = [re_path("^hooks$", django_view)]


def _django_app(inbox: SyncReceiver, monkeypatch: pytest.MonkeyPatch) -> Any:
    if not settings.configured:
        settings.configure()
        django.setup()
    monkeypatch.setattr(settings, "ROOT_URLCONF", __name__, raising=False)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
    INBOX["django"] = inbox
    return get_wsgi_application()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


class _QuietDjango(DjangoHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def _served(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _server(kind: str, inbox: SyncReceiver, monkeypatch: pytest.MonkeyPatch) -> Any:
    match kind:
        case "wsgiref":
            return make_server("127.0.0.1", 0, inbox, handler_class=_Quiet)
        case "flask":
            return make_werkzeug_server("127.0.0.1", 0, _flask_app(inbox), threaded=True)
        case _:
            server = WSGIServer(("127.0.0.1", 0), _QuietDjango)
            server.set_app(_django_app(inbox, monkeypatch))
            return server


class Served:
    """One server with the webhook at `/hooks`."""

    def __init__(self, kind: str, port: int, place: str, key: str) -> None:
        self.kind, self.port, self.place, self.key = kind, port, place, key

    def send(self, lines: list[str], *chunks: bytes, end: bool = True) -> int:
        """The status of the response to raw bytes; 0 if the server sends none."""
        head = f"POST {PATH} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall((head + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode())
            for chunk in chunks:
                connection.sendall(chunk)
            if not end:
                connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").readline()
        return int(answer.split()[1]) if answer else 0

    def delivery(self, number: int = 1, note: str = "") -> tuple[list[str], bytes]:
        event = {"id": f"evt_{number}", "type": "t", "note": note}
        headers, body = signed("stripe", event, secret=self.key)
        return [f"{name}: {value}" for name, value in headers.items()], body

    def rejections(self) -> list[Any]:
        store = open_store(self.place)
        try:
            return store.rejections(10)
        finally:
            store.close()


@pytest.fixture(params=["wsgiref", "flask", "django"])
def served(
    request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    key = key_for("stripe")
    place = str(tmp_path / "inbox.sqlite3")
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    monkeypatch.setenv("NOCTULE_INBOX", place)
    monkeypatch.setattr("noctule.webhooks.receiving.admission.ANSWER_SECONDS", 60.0)
    monkeypatch.setitem(HOW_READ, "how", "")
    receiver = Receiver("stripe", secrets=["HOOK_SECRET"], max_body=4 << 20)
    inbox = SyncReceiver(receiver)
    with _served(_server(request.param, inbox, monkeypatch)) as port:
        yield Served(request.param, port, place, key.signing)
    inbox.close()


def _chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def test_a_body_with_a_length_is_taken(served: Served) -> None:
    headers, body = served.delivery()
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 200


def test_a_chunked_body_is_taken_or_refused_for_its_length(served: Served) -> None:
    headers, body = served.delivery()
    status = served.send([*headers, "Transfer-Encoding: chunked"], _chunked(body))
    assert status == (200 if served.kind == "flask" else 411)  # Flask's server decodes chunks


def test_a_large_body_is_taken_up_to_the_limit_of_the_receiver(served: Served) -> None:
    headers, body = served.delivery(note="x" * (3 << 20))  # beyond Django's 2.5 MB
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 200
    assert served.send([*headers, f"Content-Length: {5 << 20}"]) == 413


def test_a_body_cut_short_is_no_signature_that_is_wrong(served: Served) -> None:
    headers, body = served.delivery()
    served.send([*headers, f"Content-Length: {len(body) + 9}"], body, end=False)
    headers, body = served.delivery(2)
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 200
    assert [r.reason for r in served.rejections()] == ["body_incomplete"]


@pytest.mark.parametrize("how", ["bytes", "json"])
def test_what_read_the_body_before_may_keep_it(
    served: Served, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HOW_READ, "how", how)
    headers, body = served.delivery()
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 200


def test_what_read_a_form_before_hides_no_json(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HOW_READ, "how", "form")
    headers, body = served.delivery()
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 200


@pytest.mark.parametrize("served", ["flask", "django"], indirect=True)
def test_a_body_that_is_gone_is_unavailable_and_said_so(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(HOW_READ, "how", "stream")
    headers, body = served.delivery()
    assert served.send([*headers, f"Content-Length: {len(body)}"], body) == 503
    assert "has read it" in caplog.text


def test_a_form_that_flask_has_parsed_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "x" * 32)
    monkeypatch.setenv("NOCTULE_INBOX", ":memory:")
    monkeypatch.setitem(HOW_READ, "how", "form")
    inbox = SyncReceiver(Receiver("twilio", secrets=["HOOK_SECRET"]))
    answer = _flask_app(inbox).test_client().post(PATH, data={"MessageSid": "SM1"})
    assert answer.status_code == 503
    inbox.close()


def test_flask_before_3_1_cannot_be_told_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_for("stripe")
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    monkeypatch.setenv("NOCTULE_INBOX", ":memory:")

    class OldRequest(flask.Request):
        max_content_length = property(lambda _: None)

    inbox = SyncReceiver(Receiver("stripe", secrets=["HOOK_SECRET"], max_body=1000))
    app = _flask_app(inbox)
    app.request_class = OldRequest
    headers, body = signed("stripe", {"id": "evt_1", "type": "t"}, secret=key.signing)
    client = app.test_client()
    stream = {
        "input_stream": io.BytesIO(body),
        "environ_overrides": {"wsgi.input_terminated": True},
    }
    assert client.post(PATH, headers=headers, **stream).status_code == 200
    large = stream | {"input_stream": io.BytesIO(b"x" * 5000)}
    assert client.post(PATH, headers=headers, **large).status_code == 413
    inbox.close()
