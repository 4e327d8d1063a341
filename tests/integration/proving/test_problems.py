"""What cannot be proven is one Problem with its place; what hangs is a broken row; and the user's
project and secrets are left alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from noctule import apidoc, providers
from noctule.codegen.render import render
from noctule.manifest import IntegrationTask, PlannedFile, Webhook
from noctule.problem import Exit, Problem
from noctule.proving import prove, table
from noctule.sandbox import FakeProvider
from support.proving_samples import CALL, HANDLER, WRAPPER, proven, task, write
from support.sandbox_samples import PARCELS

if TYPE_CHECKING:
    from noctule.sandbox import Exchange

METHOD = "async def create_payment_intent("
BROKEN_WRAPPERS: dict[str, tuple[tuple[str, str], str, str]] = {
    "no syntax": (("import os", "import os os"), "proving.import", "SyntaxError"),
    "no such module": (("import os", "import nowhere"), "proving.import", "app/stripe.py:4"),
    "raises": (("import os", "1 / 0"), "proving.import", "ZeroDivisionError"),
    "leaves": (("import os", "import os, sys; sys.exit(3)"), "proving.import", "SystemExit: 3"),
    "dies": (("import os", "import os; print('bye'); os._exit(3)"), "proving.died", "bye"),
    "no service": (("(Service):", ":"), "proving.no_service", ""),
    "no method": ((METHOD, "async def pay("), "proving.no_method", "create_payment_intent"),
    "another argument": (("*, amount", "*, shop: str, amount"), "proving.unknown_argument", "shop"),
    "cannot be made": (
        ("class StripeService(Service):", "class StripeService(Service):\n    __init__ = None"),
        "proving.no_instance",
        "TypeError",
    ),
}
BROKEN_HANDLERS: dict[str, tuple[str, str, str]] = {
    "raises": ("1 / 0", "proving.import", "app/stripe_webhooks.py:1"),
    "no route": ("receiver = 1", "proving.no_route", ""),
    "does not start": (
        HANDLER.replace('["STRIPE_WEBHOOK_SECRET"]', '["NOT_IN_THE_TASK"]'),
        "proving.no_start",
        "NOT_IN_THE_TASK",
    ),
}


def problem(project: Path, *faults: str, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        proven(project, *faults, **options)
    for language in ("en", "fr"):
        assert caught.value.cause(language)
    return caught.value


@pytest.mark.parametrize("name", BROKEN_WRAPPERS)
def test_a_wrapper_that_cannot_be_driven_is_a_problem(name: str, tmp_path: Path) -> None:
    (before, after), key, cause = BROKEN_WRAPPERS[name]
    wrapper = WRAPPER.replace(before, after)
    assert wrapper != WRAPPER
    found = problem(write(tmp_path / "project", wrapper=wrapper), "none")
    assert (found.key, found.exit) == (key, Exit.FINDINGS)
    assert cause in str(found.params["cause"])
    assert found.place


@pytest.mark.parametrize("name", BROKEN_HANDLERS)
def test_a_handler_that_cannot_be_driven_is_a_problem(name: str, tmp_path: Path) -> None:
    handler, key, cause = BROKEN_HANDLERS[name]
    found = problem(write(tmp_path / "project", handler=handler), "event")
    assert (found.key, found.exit) == (key, Exit.FINDINGS)
    assert cause in str(found.params["cause"])


@pytest.mark.parametrize(
    ("name", "fault"), [("stripe.py", "none"), ("stripe_webhooks.py", "event")]
)
def test_a_file_that_is_not_there_is_named(name: str, fault: str, tmp_path: Path) -> None:
    project = write(tmp_path / "project")
    (project / "app" / name).unlink()
    found = problem(project, fault)
    assert (found.key, found.place) == ("proving.missing_file", f"app/{name}")
    assert found.next_step("en") == "noctule generate"


def test_an_unknown_fault_and_an_unknown_scheme_are_refused_unrun(tmp_path: Path) -> None:
    found = problem(tmp_path, "fire")
    assert (found.key, found.exit, found.place) == ("proving.no_fault", Exit.USAGE, "fire")
    assert "refused, timeout" in found.cause("en")
    assert "duplicate" in found.cause("fr")
    found = problem(tmp_path, methods=["create_payment_intents"])
    assert (found.key, found.exit) == ("proving.no_name", Exit.USAGE)
    assert "create_payment_intent" in found.cause("fr")
    signed = Webhook(event="payment_intent.succeeded", endpoint="/hook", signature="nobody")
    found = problem(write(tmp_path / "project"), "event", planned=task(webhooks=[signed]))
    assert found.exit in {Exit.REFUSED, Exit.USAGE}
    assert found.place == "nobody"
    found = problem(tmp_path, planned=task(files=[PlannedFile(path="a.py", purpose="")]))
    assert (found.key, found.exit) == ("proving.nothing", Exit.USAGE)


def prove_with(python: Path, project: Path) -> Problem:
    pack = providers.pack("stripe")
    document = apidoc.parse(pack.document_bytes(), source="pack:stripe")
    with pytest.raises(Problem) as caught:
        prove(task(), document, pack, project, python=python, faults=["none"])
    return caught.value


def test_a_python_that_does_not_start_or_lacks_noctule_is_a_problem(tmp_path: Path) -> None:
    project = write(tmp_path / "project")
    found = prove_with(tmp_path / "nowhere" / "python", project)
    assert (found.key, found.exit) == ("proving.no_python", Exit.OUTSIDE)
    assert "--python" in (found.next_step("en") or "")

    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    found = prove_with(bare, project)
    assert (found.key, found.exit) == ("proving.no_noctule", Exit.OUTSIDE)
    assert found.next_step("en") == f"{bare} -m pip install noctule"


def test_code_that_hangs_breaks_its_row_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctule.proving.calls.OVERHEAD", 0.5)
    hangs = """        import threading
        try:
            return await self.call(CREATE_PAYMENT_INTENT, body=body, options=options)
        except ServiceError:
            threading.Event().wait()
"""
    project = write(tmp_path / "project", wrapper=WRAPPER.replace(CALL, hangs))
    matrix = proven(project, "none", "refused", speed=200.0)
    assert {row.fault: row.held for row in matrix.rows} == {"none": True, "refused": False}
    assert matrix.rows[1].observed.kind == "hung"
    assert {check.promise for check in matrix.rows[1].broken} == {"typed_error", "in_time"}


def test_an_import_that_hangs_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noctule.proving.driver_process.START_LIMIT", 0.2)
    wrapper = "import threading\nthreading.Event().wait()\n"
    found = problem(write(tmp_path / "project", wrapper=wrapper), "none")
    assert (found.key, found.place) == ("proving.import", "app/stripe.py")
    assert "TimeoutError" in found.cause("en")


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_nothing_is_written_and_no_secret_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Exchange] = []

    class Watched(FakeProvider):
        async def renew(self) -> None:
            seen.extend(replace(exchange) for exchange in self.ledger.exchanges)
            await super().renew()

        async def __aexit__(self, *exc: Any) -> None:
            seen.extend(self.ledger.exchanges)
            await super().__aexit__(*exc)

    real = "sk_live_" + "realREALreal0123"
    monkeypatch.setattr("noctule.proving.proof.FakeProvider", Watched)
    monkeypatch.setenv("STRIPE_SECRET_KEY", real)
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_" + real)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    project = write(tmp_path / "project")
    (project / "secret").write_text(real)
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", str(project / "secret"))
    before, beside = tree(project), sorted(tmp_path.iterdir())

    matrix = proven(project, "none", "rate_limited", "event", "duplicate", speed=100.0)

    assert matrix.held, table(matrix, "en")
    assert tree(project) == before
    assert sorted(tmp_path.iterdir()) == beside
    keys = {exchange.headers["authorization"] for exchange in seen}
    assert len(seen) >= 4
    assert len(keys) == 1
    assert keys.pop().startswith("Bearer ")
    for exchange in seen:
        assert real not in f"{exchange.target}{exchange.body!r}{dict(exchange.headers)}"
    assert real not in f"{matrix!r}{matrix.as_json()}"


@pytest.mark.parametrize("target", ["plain", "fastapi"])
def test_a_whole_api_in_resources_is_proven_method_by_method(target: str, tmp_path: Path) -> None:
    whole = IntegrationTask(
        service="Parcels",
        target=target,
        scope="whole",
        files=[PlannedFile(path="app/parcels.py", purpose="", role="wrapper")],
    )
    for file in render(whole, PARCELS, None):
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_text(file.text)
    matrix = prove(
        whole, PARCELS, None, tmp_path, python=Path(sys.executable), faults=["none", "answer_lost"]
    )
    assert matrix.held, table(matrix, "en")
    assert len(matrix.rows) == 2 * len(PARCELS.operations)
    assert {"parcels.create", "links.close"} <= {row.method for row in matrix.rows}


def test_each_row_is_told_as_it_ends_and_credentials_differ_from_proof_to_proof(
    tmp_path: Path,
) -> None:
    from noctule.proving.credentials import throwaway

    project, told = write(tmp_path / "project"), []
    pack = providers.pack("stripe")
    document = apidoc.parse(pack.document_bytes(), source="pack:stripe")
    matrix = prove(
        task(), document, pack, project,
        python=Path(sys.executable), speed=200.0, faults=["none"], on_row=told.append,
    )  # fmt: skip
    assert tuple(told) == matrix.rows
    first, second = (throwaway(task(), pack, None) for _ in range(2))
    assert first.secret["STRIPE_SECRET_KEY"] != second.secret["STRIPE_SECRET_KEY"]
    assert first.secret["STRIPE_SECRET_KEY"] not in repr(first)
    made = [throwaway(task(), pack, None).secret["STRIPE_SECRET_KEY"] for _ in range(20)]
    assert not [value for value in made if "live" in value.split("_")]
