"""What `noctule.runtime` offers, what importing it costs, and the seams for others."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import noctule.runtime
from noctule.runtime import (
    CallOptions,
    CircuitOpen,
    ConnectionFailed,
    InvalidArgument,
    ProviderStates,
    ServerError,
    Service,
)
from noctule.runtime.testing import MockProvider, VirtualClock
from support.runtime_calling import READ, MakeShop, Shop, config

HEAVY = {"asyncio", "httpcore2", "httpx2", "msgspec", "cryptography", "apsw", "h11", "ssl"}


def test_every_public_name_exists_and_no_other_is_promised() -> None:
    for name in noctule.runtime.__all__:
        assert getattr(noctule.runtime, name) is not None
    assert set(dir(noctule.runtime)) == set(noctule.runtime.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Servise'"):
        getattr(noctule.runtime, "Servise")  # noqa: B009 - a name that is not there


def loaded(code: str) -> set[str]:
    program = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(process.stdout))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded("import noctule.runtime")


def test_a_wrapper_does_not_load_what_only_others_need() -> None:
    modules = loaded("from noctule.runtime import Bearer, Model, Operation, Service, env")
    assert not {"cryptography", "apsw", "opentelemetry", "pytest", "httpx2"} & modules


def test_names_of_the_variables_a_service_reads() -> None:
    from noctule.runtime import Basic, env

    assert config(auth=Basic(env("SHOP_USER"), env("SHOP_PASSWORD"))).secrets == (
        "SHOP_USER",
        "SHOP_PASSWORD",
    )


def state_of(service: Any) -> Any:
    return service._builder._settings_for(READ, None).engine_config.state


class BreakersInMemory:
    """SharedBreakers shared between processes, here a dictionary."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}
        self.openings = 0

    def opened(self, key: str, until: float) -> None:
        self.until[key] = until
        self.openings += 1

    def open_until(self, key: str) -> float:
        return self.until.get(key, 0.0)


@pytest.fixture
def two_processes() -> tuple[Shop, Shop, BreakersInMemory]:
    """Two services that share no state but what they tell each other."""
    breakers = BreakersInMemory()
    here, there = (
        Shop(sync=True, config=config(), provider_states=ProviderStates(shared_breakers=breakers))
        for _ in range(2)
    )
    return here, there, breakers


def test_one_process_spares_the_others_its_experience(
    two_processes: tuple[Shop, Shop, BreakersInMemory],
) -> None:
    here, there, breakers = two_processes
    here.provider.fails("connect", times=None)
    for _ in range(2):
        with pytest.raises(Exception, match=r"shop\.read"):
            here.call(READ, path={"id": "i"})
    assert breakers.until
    with pytest.raises(CircuitOpen) as caught:
        there.call(READ, path={"id": "i"})
    assert there.sent == 0
    assert (caught.value.retry_after or 0) > 0
    there.clock.advance(100)
    there.provider.replies(json={"id": "i"})
    assert there.call(READ, path={"id": "i"}).id == "i"


def test_an_opening_is_shared_once_and_nothing_else_is(
    two_processes: tuple[Shop, Shop, BreakersInMemory],
) -> None:
    here, _, breakers = two_processes
    once = CallOptions(attempts=1)
    here.provider.fails("connect", times=5).replies(json={"id": "i"}, times=3)
    openings = []
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            here.call(READ, path={"id": "i"}, options=once)
        openings.append(breakers.openings)
    assert openings == [0, 0, 0, 0, 1]
    with pytest.raises(CircuitOpen):
        here.call(READ, path={"id": "i"}, options=once)
    here.clock.advance(10)
    for _ in range(3):
        here.call(READ, path={"id": "i"}, options=once)
    assert breakers.openings == 1


def test_services_of_one_process_learn_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from noctule.runtime import service

    monkeypatch.setattr(service, "PROCESS_STATES", ProviderStates())
    shop_type: Any = type("Shop", (Service,), {"config": config()})
    first, second = shop_type(), shop_type()
    assert state_of(first) is state_of(second)
    apart = shop_type(transport=MockProvider(), clock=VirtualClock())
    assert state_of(apart) is not state_of(first)


def test_healths_forget_whom_they_have_not_met_for_long() -> None:
    provider_states = ProviderStates()
    first = provider_states.state_for("https://0", "", config().policies)
    for number in range(1, 600):
        provider_states.state_for(f"https://{number}", "", config().policies)
    assert provider_states.state_for("https://0", "", config().policies) is not first
    assert len(provider_states._origins) <= 512


def test_a_value_that_cannot_be_sent_is_refused_before_anything_is(make_shop: MakeShop) -> None:
    shop = make_shop()
    with pytest.raises(InvalidArgument):
        shop.call(READ, path={"id": ""})
    with pytest.raises(InvalidArgument):
        shop.call(READ, path={})
    assert shop.sent == 0


def test_a_span_per_call_when_the_application_traces(make_shop: MakeShop) -> None:
    trace = pytest.importorskip("opentelemetry.trace")
    shop = make_shop()
    assert shop.service._tracing is not None
    assert trace.get_tracer("x")
    shop.provider.replies(500, times=None)
    with pytest.raises(ServerError):
        shop.call(READ, path={"id": "i1"})
