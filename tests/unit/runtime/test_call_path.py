"""The sequence diagram of docs/runtime.md names what exists, and the call path keeps to it."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import noctule.runtime
from noctule.runtime import AsyncTransport, Service
from noctule.runtime.call import attempt
from noctule.runtime.call.drivers import AsyncDriver
from noctule.runtime.call.policy_engine import PolicyEngine
from noctule.runtime.call.request_builder import RequestBuilder
from support.paths import DOCS

PAGE = (DOCS / "runtime.md").read_text(encoding="utf-8")
DIAGRAM = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[1]
PARTICIPANTS = {
    "Service": Service,
    "Builder": RequestBuilder,
    "Driver": AsyncDriver,
    "Engine": PolicyEngine,
    "Attempt": attempt,
    "Transport": AsyncTransport,
}
RUNTIME = Path(noctule.runtime.__file__).parent
DOES_IO = re.compile(r"^(socket|asyncio|threading|time|http|httpcore2|os|subprocess|select)\b")


def test_every_participant_has_the_name_of_its_class() -> None:
    aliases = dict(re.findall(r"participant (\w+)(?: as (\w+))?$", DIAGRAM, re.MULTILINE))
    aliases.pop("App", None)
    assert set(aliases) == set(PARTICIPANTS)
    for alias, name in aliases.items():
        if alias != "Attempt":
            assert PARTICIPANTS[alias].__name__ == (name or alias)
    assert aliases["Attempt"] == attempt.run_attempt.__name__


def test_every_call_in_it_is_a_method_of_its_receiver() -> None:
    calls = re.findall(r"\w+->>(\w+): (\w+)\(", DIAGRAM)
    assert len(calls) >= 9
    for receiver, method in calls:
        assert callable(getattr(PARTICIPANTS[receiver], method)), (receiver, method)


def test_every_value_in_it_is_a_class() -> None:
    modules = [
        noctule.runtime,
        *(
            import_module(f"noctule.runtime.{name}")
            for name in ("effects", "policy.outcome", "call.request_builder", "errors")
        ),
    ]
    values = set(re.findall(r"\b([A-Z][a-z]+[A-Za-z]*)\b", " ".join(_replies())))
    assert {"Sleep", "Wait", "AttemptOutcome", "PreparedCall", "Degraded"} <= values
    for value in values:
        assert any(hasattr(module, value) for module in modules), value


def _replies() -> list[str]:
    return re.findall(r"-->>\w+: (.*)", DIAGRAM)


@pytest.mark.parametrize(
    "module", re.findall(r"^\| [a-z ]+ \| `(noctule\.\S+)`", PAGE, re.MULTILINE)
)
def test_every_module_in_the_table_exists(module: str) -> None:
    assert import_module(module).__doc__


DECIDES = [
    RUNTIME / "service.py",
    RUNTIME / "effects.py",
    *(RUNTIME / "call" / f"{name}.py" for name in ("request_builder", "policy_engine", "attempt")),
    *(path for name in ("policy", "auth", "fallback") for path in (RUNTIME / name).glob("*.py")),
]
STORES = ("token_file.py", "outbox_store.py")
"""Their functions do I/O, and are called by the drivers: `Invoke`."""


@pytest.mark.parametrize("path", DECIDES, ids=lambda path: path.stem)
def test_what_decides_neither_waits_nor_does_io(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name != "service.py":
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Await | ast.AsyncFunctionDef)]
    if path.name not in STORES:
        names = [_imported(node) for node in ast.walk(tree)]
        assert [name for name in names if DOES_IO.match(name)] in ([], ["threading"])


def _imported(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom):
        return node.module or ""
    return node.names[0].name if isinstance(node, ast.Import) else ""
