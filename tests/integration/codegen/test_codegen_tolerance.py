"""Answers that are not quite as documented fail no call of a generated wrapper."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from codegen_tasks import task_of

from noctule import apidoc
from noctule.codegen.build.build import build
from noctule.codegen.python.service.module import wrapper_module
from noctule.providers import pack, packs
from noctule.runtime.testing import MockProvider

BODIES = 1200
Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*at, key))


def mutated(body: Any, chance: random.Random) -> Any:
    """A new enumeration value, a further member, a null, or a member that is missing."""
    body = deepcopy(body)
    for _ in range(chance.randint(1, 4)):
        *parents, last = chance.choice([place for place in places(body) if place] or [("",)])
        inner = body
        for key in parents:
            inner = inner[key]
        if not last and last != 0:
            return body
        match chance.choice(["value", "extra", "null", "missing"]):
            case "value":
                inner[last] = "came_after_the_document" if isinstance(inner[last], str) else 0
            case "extra" if isinstance(inner, dict):
                inner["further"] = {"deep": [1, None, {"x": "é"}]}
            case "null":
                inner[last] = None
            case "missing" if isinstance(inner, dict):
                del inner[last]
            case _:
                inner[last] = [inner[last]]
    return body


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
        wrapper = build(task, document, pack(provider), asynchronous=False).wrapper
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
    for kind, _ in services:
        for name in kind.config.secrets:
            monkeypatch.setenv(name, "secret-of-this-test")
        for variable in ("TWILIO_ACCOUNT_SID",):
            monkeypatch.setenv(variable, "AC1")
    while calls < BODIES:
        for kind, wrapper in services:
            method = chance.choice([m for m in wrapper.methods if m.returns and not m.accepts])
            provider = MockProvider().replies(json=mutated(method.answer, chance))
            service = kind(transport=provider, on_event=lambda event: events.append(event.name))
            given = {param.name: param.example for param in method.params if param.required}
            result = getattr(service, method.name)(**given)
            for field in getattr(type(result), "__struct_fields__", ()):
                getattr(result, field)
            calls += 1
    assert events.count("contract_violation") > calls / 10
