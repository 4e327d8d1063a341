"""`noctule webhooks` as a user runs it: processes, loopback, a real inbox."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from noctule.cli import run
from noctule.webhooks import InboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "whsec_acceptance"
PATIENCE = 30


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Shell:
    """A terminal in the project's folder, with the secret in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free, socket.socket() as also_free:
            for listener in (free, also_free):
                listener.bind(("127.0.0.1", 0))
            self.port, self.admin_port = free.getsockname()[1], also_free.getsockname()[1]
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("NOCTULE_")}
        self.environ |= {"STRIPE_WEBHOOK_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
        self.running: list[subprocess.Popen[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/webhooks/stripe"

    def run(
        self, *arguments: str, code: int = 0, group: tuple[str, ...] = ("webhooks",), **environ: str
    ) -> Done:
        """One command to its end, in this process: starting one takes longer than most run."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in (self.environ | environ).items():
                patch.setenv(name, value)
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                ended = run([*group, *arguments])
        return self.checked(Done(ended, out.getvalue(), err.getvalue()), code)

    def run_apart(self, *arguments: str, code: int = 0) -> Done:
        """The same in a process of its own."""
        process = self.start(*arguments)
        out, _ = process.communicate(timeout=PATIENCE)
        return self.checked(Done(process.returncode, out, ""), code)

    def checked(self, done: Done, code: int) -> Done:
        assert "Traceback" not in done.out + done.err
        assert SECRET not in done.out + done.err
        assert done.code == code, done.out + done.err
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "noctule", "webhooks", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    def serve(self, *arguments: str) -> subprocess.Popen[str]:
        admin = ("--admin-port", str(self.admin_port))
        process = self.start("serve", "--port", str(self.port), *admin, *arguments)
        until(lambda: self.admin("/healthz")[0] == 200 or process.poll() is not None)
        return process

    def trigger(self, event: str, *more: str, code: int = 0) -> Done:
        return self.run("trigger", "stripe", event, "--url", self.url, *more, code=code)

    def admin(self, path: str) -> tuple[int, str]:
        return self.get(path, self.admin_port)

    def get(self, path: str, port: int = 0) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it did not come to that in time"
        time.sleep(0.02)


@pytest.fixture
def shell(project: Path) -> Iterator[Shell]:
    shell = Shell(project)
    yield shell
    shell.end()


def test_the_quick_start(shell: Shell) -> None:
    server = shell.serve()
    assert '"outcome": "accepted"' in shell.trigger("payment_intent.succeeded").out
    tail = shell.start("tail")
    line = tail.stdout.readline()
    assert line.startswith("#1 ")
    assert "stripe  payment_intent.succeeded  test_" in line
    assert line.endswith("pending\n")
    shell.trigger("invoice.paid")
    until(lambda: "invoice.paid" in tail.stdout.readline())
    tail.send_signal(signal.SIGINT)
    assert tail.wait(PATIENCE) == 0
    output = shell.run("show", "1").out
    assert '"status": "succeeded"' in output
    assert "stripe-signature: t=" in output
    _, metrics = shell.admin("/metrics")
    assert (
        'noctule_webhooks_deliveries_total{route="stripe",outcome="accepted",reason=""} 2'
        in metrics
    )
    assert 'noctule_webhooks_events{route="stripe",state="pending"} 2' in metrics
    assert {shell.get(path)[0] for path in ("/other", "/healthz", "/metrics")} == {404}
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE) == 0


def test_stored_events_are_processed_listed_and_replayed(shell: Shell) -> None:
    shell.serve()
    shell.folder.joinpath("hooks.py").write_text(
        "from noctule.webhooks import PermanentFailure, Receiver\n"
        "receiver = Receiver('stripe', secrets=['STRIPE_WEBHOOK_SECRET'], work=False)\n"
        "@receiver.on('payment_intent.succeeded')\n"
        "def paid(event):\n"
        "    open('effects', 'a').write(event.id + '\\n')\n"
        "@receiver.on('charge.refunded')\n"
        "def refunded(event):\n"
        "    raise PermanentFailure('no such order')\n",
        encoding="utf-8",
    )
    shell.trigger("payment_intent.succeeded", "--id", "evt_paid")
    shell.trigger("payment_intent.succeeded", "--id", "evt_paid")
    shell.trigger("charge.refunded", "--id", "evt_refunded")
    shell.run_apart("work", "--app", "hooks:receiver", "--drain")
    assert shell.folder.joinpath("effects").read_text() == "evt_paid\n"
    events = json.loads(shell.run("list", "--json").out)["events"]
    assert [(e["id"], e["state"], e["copies"]) for e in events] == [
        ("evt_refunded", "dead", 0),
        ("evt_paid", "done", 1),
    ]
    assert "PermanentFailure: no such order" in shell.run("explain", "evt_refunded", code=1).out
    assert "mis de côté" in shell.run("explain", "2", "--lang", "fr", code=1).out
    dry = shell.run("replay", "--state", "done", "--dry-run").out
    assert dry == "1 to be processed again\nNothing was changed (--dry-run).\n"
    assert json.loads(shell.run("replay", "evt_paid", "--json").out)["outcomes"] == {"queued": 1}
    shell.run_apart("work", "--app", "hooks", "--drain")
    assert shell.folder.joinpath("effects").read_text() == "evt_paid\nevt_paid\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("noctule.webhooks.operations.bulk_replay.replay_outcome", _no_disk)
        assert "run the same command again" in shell.run("replay", "--all", code=6).err
    tail = shell.start("tail", "--state", "pending")
    stopped = shell.start("replay", "--all", "--rate", "0.01")
    until(lambda: " pending" in tail.stdout.readline())
    stopped.send_signal(signal.SIGINT)
    assert "The same command resumes there" in stopped.communicate(timeout=PATIENCE)[0]
    assert stopped.returncode == 130
    assert shell.run("replay", "--all", "--lang", "fr").out == (
        "Reprise du rejeu interrompu : 1 événements examinés, jusqu'au n° 1."
        " (--restart recommence depuis le début.)\n2 à traiter de nouveau\n"
    )
    shell.run_apart("work", "--app", "hooks", "--drain")
    doctor = shell.run("doctor", "--route", "stripe", code=1, group=(), STRIPE_WEBHOOK_SECRET="")
    assert "✗ stripe: STRIPE_WEBHOOK_SECRET is not set here\n    → export" in doctor.out
    formed = "whsec_" + "a" * 24
    output = shell.run("doctor", "--lang", "fr", code=1, group=(), STRIPE_WEBHOOK_SECRET=formed).out
    assert "✓ stripe: STRIPE_WEBHOOK_SECRET est définie et a la bonne forme" in output
    assert "✗ stripe: événements échoués définitivement dans leur gestionnaire : 1" in output
    assert "(charge.refunded) : PermanentFailure: no such order" in output
    assert "→ noctule webhooks show 2 ;" in output
    shown = json.loads(shell.run("doctor", "--json", code=1, group=()).out)["findings"]
    dead = next(finding for finding in shown if finding["check"] == "dead")
    assert dead["values"]["traceback"].endswith("PermanentFailure: no such order")
    assert "in refunded" in shell.run("show", "2").out


def _no_disk(*_: object) -> None:
    raise InboxError("the disk is full")


def test_a_rejection_is_listed_and_explained(shell: Shell) -> None:
    shell.serve()
    printed = shell.run("trigger", "stripe", "invoice.paid", "--print").out
    capture = shell.folder / "delivery.http"
    capture.write_text(printed.rstrip("\n").replace('"type":', '"type": '), encoding="utf-8")
    tail = shell.start("tail")
    assert tail.stdout.readline().startswith("Waiting")
    wrong = shell.run("trigger", "stripe", "invoice.paid", "--url", shell.url, code=1,
                      STRIPE_WEBHOOK_SECRET="whsec_other")  # fmt: skip
    assert "refused with 401" in wrong.out
    until(lambda: "signature_mismatch" in tail.stdout.readline())
    assert "signature_mismatch" in shell.run("list", "--rejected").out
    explanation = json.loads(shell.run("explain", "r1", "--json", code=1).out)
    assert explanation["causes"][0]["cause"] == "secret_or_body"
    explained = shell.run(
        "explain", "delivery.http", "--provider", "stripe", "--lang", "fr", code=1
    )
    assert "✗" in explained.out
    assert "correction" in explained.out


def test_a_repeat_is_quarantined_released_or_handled(shell: Shell) -> None:
    shell.environ["GITHUB_WEBHOOK_SECRET"] = "github-acceptance"
    url = shell.url.replace("stripe", "github")

    def dispatched() -> str:
        return shell.run("trigger", "github", "push", "--url", url).out

    server = shell.serve("--route", "github")
    assert '"outcome": "accepted"' in dispatched()
    assert '"outcome": "quarantined"' in dispatched()
    assert "quarantined" in shell.run("list", "--state", "quarantined").out
    assert "equals an earlier event" in shell.run("explain", "2", code=1).out
    assert "1 quarantined" in shell.run("doctor", code=1, group=()).out
    assert "1 skipped: quarantined" in shell.run("replay", "--all").out
    assert "1 to be processed again" in shell.run("replay", "2").out
    assert "No matching events" in shell.run("list", "--state", "quarantined").out
    assert 'repeats_total{route="github",action="quarantine"} 1' in shell.admin("/metrics")[1]
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE) == 0
    shell.serve("--route", "github", "--repeats", "drop", "--repeats", "github=handle")
    assert '"outcome": "accepted"' in dispatched()
    assert 'repeats_total{route="github",action="handle"} 1' in shell.admin("/metrics")[1]


class Target(BaseHTTPRequestHandler):
    """An application in development: keeps what it gets, refuses one type."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.got.append((body["id"], self.headers["stripe-signature"]))
        self.send_response(500 if body["type"] == "invoice.paid" else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _listen(port: int = 0) -> HTTPServer:
    server = HTTPServer(("127.0.0.1", port), Target)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _close(server: HTTPServer) -> None:
    server.shutdown()
    server.server_close()


def test_forwarding_keeps_failures_and_resumes(shell: Shell) -> None:
    shell.serve()
    shell.trigger("payment_intent.succeeded", "--id", "evt_1")
    shell.trigger("invoice.paid", "--id", "evt_2")
    target = _listen()
    to = f"http://127.0.0.1:{target.server_port}/hooks"
    output = shell.run("forward", "--to", to, "--from-start", "--once", code=1).out
    assert "refused and kept: 1" in output
    assert [name for name, _ in target.got] == ["evt_1", "evt_2"]
    _close(target)
    shell.trigger("payment_intent.succeeded", "--id", "evt_3")
    assert "does not respond" in shell.run("forward", "--to", to, "--once", code=1).out
    target = _listen(target.server_port)
    shell.run("forward", "--to", to, "--once", "--retry-failed", code=1)
    assert [name for name, _ in target.got] == ["evt_2", "evt_3"]
    _close(target)


class Api(BaseHTTPRequestHandler):
    """The provider's list of what it sent, on two pages."""

    def do_GET(self) -> None:
        assert self.headers["authorization"] == "Bearer sk_test_0123456789abcdef"
        second = "starting_after=evt_b" in self.path
        names = ["evt_a"] if second else ["evt_c", "evt_b"]
        now = int(time.time())
        events = [
            {"id": n, "type": "invoice.paid", "created": now - 60, "data": {"object": {"id": n}}}
            for n in names
        ]
        body = json.dumps({"data": events, "has_more": not second}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_backfill_finds_and_stores_what_was_missed(shell: Shell) -> None:
    shell.environ["STRIPE_SECRET_KEY"] = "sk_test_0123456789abcdef"
    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    shell.serve()
    shell.trigger("invoice.paid", "--id", "evt_b")
    arguments = ("backfill", "stripe", "--base-url", base, "--json")
    result = json.loads(shell.run(*arguments, code=1).out)
    assert [missed["id"] for missed in result["missed"]] == ["evt_c", "evt_a"]
    assert (result["seen"], result["complete"]) == (3, True)
    assert json.loads(shell.run(*arguments, "--apply").out)["applied"] == 2
    assert json.loads(shell.run(*arguments).out)["missed"] == []
    fetched = json.loads(shell.run("show", "evt_a", "--json").out)
    assert (fetched["coverage"], fetched["state"]) == ("fetched", "pending")
    shell.trigger("invoice.paid", "--id", "evt_a")
    assert json.loads(shell.run("show", "evt_a", "--json").out)["copies"] == 1
    _close(server)


class Visitor(threading.Thread):
    """Does something at the port once somebody listens there."""

    def __init__(self, shell: Shell, then: Callable[[], object]) -> None:
        super().__init__()
        self.shell, self.then = shell, then
        self.start()

    def run(self) -> None:
        until(lambda: self.shell.get("/")[0])
        self.then()

    def post(self, path: str, headers: dict[str, str], body: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.shell.port, timeout=5)
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        status = connection.getresponse().status
        connection.close()
        return status


def test_a_secret_that_the_provider_sends_is_kept_and_never_shown(shell: Shell) -> None:
    arguments = ("enrol", "notion", "--port", str(shell.port))
    path, answers = "/api/webhooks/notion", []

    def subscribe() -> None:
        bodies = '{"type":"page.created"}', f'{{"verification_token":"{SECRET}"}}'
        answers.extend(visitor.post(path, {}, body) for body in bodies)

    visitor = Visitor(shell, subscribe)
    output = shell.run(*arguments).out
    visitor.join()
    assert answers == [401, 200]
    assert "A message was refused: missing_field" in output
    assert "  NOTION_WEBHOOK_TOKEN_FILE=.noctule/secrets/NOTION_WEBHOOK_TOKEN\n" in output
    file = shell.folder / ".noctule/secrets/NOTION_WEBHOOK_TOKEN"
    assert (file.read_text(), file.stat().st_mode & 0o777) == (SECRET, 0o600)
    assert "contient déjà un secret" in shell.run(*arguments, "--lang", "fr", code=2).err
    visitor = Visitor(shell, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert "nothing was written" in shell.run(*arguments, "--replace", code=130).out
    visitor.join()
    late = shell.run(*arguments, "--file", "other", "--minutes", "0.001", code=6)
    assert "no secret arrived at" in late.err
    assert not shell.folder.joinpath("other").exists()
    assert file.read_text() == SECRET


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "cause"),
    [
        (["enrol", "stripe"], {}, 3, "stripe does not send its secret"),
        (["serve", "--route", "stripe"], {"STRIPE_WEBHOOK_SECRET": ""}, 2, "STRIPE_WEBHOOK_SECRET"),
        (["serve"], {"STRIPE_WEBHOOK_SECRET": ""}, 2, "no webhooks to serve"),
        (["serve", "--route", "nobody"], {}, 2, "there is no pack for nobody"),
        (["serve", "--route", "stripe", "--repeats", "ignore"], {}, 2, "unknown action"),
        (
            ["serve", "--route", "stripe", "--repeats", "x=drop"],
            {},
            2,
            "unknown action or provider",
        ),
        (["serve", "--inbox", "/proc/none/inbox"], {}, 6, "cannot be written"),
        (["list"], {}, 2, "there is no inbox at .noctule/inbox.sqlite3 yet"),
        (["trigger", "stripe", "payment.succeded"], {}, 2, "has no event payment.succeded"),
        (
            ["trigger", "stripe", "invoice.paid", "--url", "http://127.0.0.1:9/"],
            {},
            6,
            "no response from",
        ),
        (["work", "--app", "nothing:here"], {}, 2, "cannot be imported"),
        (["work", "--app", "json:loads"], {}, 2, "neither a receiver"),
        (["replay"], {}, 2, "which events?"),
        (["list", "--since", "yesterday"], {}, 2, "is not a valid time"),
        (["list", "--state", "lost"], {}, 2, "Unknown state --state lost. Valid states: pending,"),
        (["backfill", "slack"], {"SLACK_BOT_TOKEN": "x"}, 3, "does not say how to list"),
        (["backfill", "stripe", "--base-url", "http://example.com"], {}, 3, "is not https"),
        (["explain", "none.http"], {}, 2, "there is no inbox"),
    ],
)
def test_errors_have_a_cause(shell: Shell, arguments, environ, code, cause) -> None:
    done = shell.run(*arguments, code=code, **environ)
    assert cause in done.err
    assert "noctule: " in done.err


def test_a_port_in_use_is_reported_before_the_inbox_is_opened(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", shell.port))
        taken.listen()
        done = shell.run("serve", "--port", str(shell.port), code=6)
    assert "cannot be used" in done.err
    assert not shell.folder.joinpath(".noctule").exists()


def test_short_help_equals_the_commands_own() -> None:
    import click

    from noctule.cli.webhooks import COMMANDS, command

    context = click.Context(command)
    for name, (_, line) in COMMANDS.items():
        own = command.get_command(context, name)
        assert (own.name, own.short_help) == (name, line)
