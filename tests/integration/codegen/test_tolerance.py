"""Answers that are not quite as documented fail no call of a generated wrapper, and no member of
its result is anything else than its annotation says."""

import random
from typing import Any

import pytest

from noctule import apidoc
from noctule.codegen.build.build import build
from noctule.codegen.python.naming import PYTHON_NAMING
from noctule.codegen.python.service.module import wrapper_module
from noctule.providers import pack, packs
from noctule.runtime.testing import MockProvider
from noctule.runtime.testing.truth import untrue
from support.answers import mutated
from support.codegen_tasks import task_of

BODIES = 1200


@pytest.fixture(scope="module")
def services() -> list[tuple[Any, Any]]:
    """Synchronous wrappers of every pack with operations, and what they are made of."""
    made: list[tuple[Any, Any]] = []
    for provider, known in packs().items():
        if not known.operations:
            continue
        document = apidoc.parse(known.document_bytes(), source=f"pack:{provider}")
        operations = {fact.name: key for key, fact in known.operations.items()}
        task = task_of(provider, operations)
        wrapper = build(task, document, pack(provider), PYTHON_NAMING, asynchronous=False).wrapper
        space: dict[str, Any] = {"__name__": f"wrapper_of_{provider}"}
        exec(wrapper_module(wrapper, "app"), space)
        made.append((space[wrapper.name], wrapper))
    return made


def test_no_call_fails_over_a_thousand_mutated_bodies(
    services: list[tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    calls = 0
    events: list[str] = []
    lies: list[str] = []
    for kind, _ in services:
        for name in kind.config.secrets:
            monkeypatch.setenv(name, "secret-of-this-test")
        for variable in ("TWILIO_ACCOUNT_SID",):
            monkeypatch.setenv(variable, "AC1")
    while calls < BODIES:
        for kind, wrapper in services:
            method = chance.choice([m for m in wrapper.methods if m.reads_json])
            provider = MockProvider().replies(json=mutated(method.response_example, chance))
            service = kind(transport=provider, on_event=lambda event: events.append(event.name))
            given = {param.name: param.example for param in method.params if param.required}
            result = getattr(service, method.name)(**given)
            lies += [place for place in untrue(result) if not is_element(place)]
            calls += 1
    assert events.count("contract_violation") > calls / 10
    assert lies == []


def is_element(place: str) -> bool:
    """In a list or a mapping a value that is no model stays as it was received."""
    return place.rpartition("/")[2].isdecimal() or "/metadata/" in place
