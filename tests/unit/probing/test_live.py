"""A probe in a sandbox: it touches only what it made, keeps its budget and pace, and cleans up."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc
from noctule.probing.live.access import access_of, refuse_production
from noctule.probing.live.client import SandboxClient
from noctule.probing.live.itinerary import Step, itinerary
from noctule.probing.live.prober import Prober, ProbeRun
from noctule.problem import Exit, Problem


def operation(*path: str, body: bool = False, status: str = "200") -> dict[str, Any]:
    thing = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    content = {"application/json": {"schema": thing}}
    told: dict[str, Any] = {"responses": {status: {"description": "", "content": content}}}
    text = {"schema": {"type": "string"}, "in": "path", "required": True}
    told["parameters"] = [{"name": name, **text} for name in path]
    if body:
        told["requestBody"] = {"required": True, "content": content}
    return told


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Teams", "version": "1"},
    "servers": [{"url": "https://api.teams.example"}],
    "paths": {
        "/status": {"get": operation()},
        "/search": {"post": operation(body=True)},
        "/teams": {"get": operation(), "post": operation(body=True, status="201")},
        "/teams/{team}": {
            "get": operation("team"),
            "patch": operation("team", body=True),
            "delete": operation("team", status="204"),
        },
        "/teams/{team}/archive": {"post": operation("team")},
        "/teams/{team}/members": {
            "get": operation("team"),
            "post": operation("team", body=True, status="201"),
        },
        "/teams/{team}/members/{id}": {
            "get": operation("team", "id"),
            "put": operation("team", "id", body=True),
            "delete": operation("team", "id", status="204"),
        },
        "/labels/{name}": {
            "put": operation("name", body=True),
            "get": operation("name"),
            "delete": operation("name", status="204"),
        },
        "/regions/{region}/prices": {"get": operation("region")},
    },
}


def read(document: Any = DOCUMENT) -> apidoc.ApiDocument:
    return apidoc.parse(json.dumps(document).encode(), source="teams.json")


def steps(*, writes: bool) -> list[Step]:
    document = read()
    return itinerary(document, document.operations.values(), writes=writes)


@dataclass
class FakeTeams:
    """A sandbox that counts, with objects of others in it; `script` says how each call ends:
    None as it should, a status instead, -1 for a connection that breaks after the effect, -2 for an
    interrupt from the keyboard, -3 for a creation that answers with what others made."""

    script: dict[int, int] = field(default_factory=dict[int, int])
    objects: dict[str, str] = field(
        default_factory=lambda: {"/teams/t0": "others", "/teams/t0/members/m0": "others"}
    )
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    touched: list[str] = field(default_factory=list[str])
    at: list[float] = field(default_factory=list[float])
    time: float = 0.0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.calls.append((request.method, path))
        self.at.append(self.time)
        told = self.script.get(len(self.calls))
        if told is not None and told > 0:
            return httpx2.Response(told, json={"error": "no"})
        if told == -3 and request.method == "POST" and path in ("/teams", "/teams/t0/members"):
            return httpx2.Response(201, json={"id": "t0" if path == "/teams" else "m0"})
        response = self.effect(request.method, path)
        if told == -2:
            raise KeyboardInterrupt
        if told == -1:
            raise httpx2.ReadError("gone", request=request)
        return response

    def effect(self, method: str, path: str) -> httpx2.Response:
        item = re.fullmatch(r"(/teams/[^/]+(/members/[^/]+)?)|(/labels/[^/]+)", path)
        if item:
            owner = self.objects.get(path)
            if owner == "others":
                self.touched.append(f"{method} {path}")
            if method == "PUT" and path.startswith("/labels/"):
                self.objects[path] = "ours"
                return httpx2.Response(200, json={"name": path.rpartition("/")[2]})
            if owner is None:
                return httpx2.Response(404, json={"error": "no such thing"})
            if method == "DELETE":
                self.objects = {k: v for k, v in self.objects.items() if not k.startswith(path)}
                return httpx2.Response(204)
            return httpx2.Response(200, json={"id": path.rpartition("/")[2], "name": "a"})
        if method == "POST" and path in ("/search", "/teams/t0/archive"):
            self.touched.append(f"{method} {path}")
        if method == "POST":
            made = f"{path}/n{len(self.calls)}"
            self.objects[made] = "ours"
            return httpx2.Response(201, json={"id": made.rpartition("/")[2], "name": "a"})
        inside = [p.rpartition("/")[2] for p in self.objects if p.rpartition("/")[0] == path]
        return httpx2.Response(200, json=[{"id": name} for name in inside])

    @property
    def ours(self) -> set[str]:
        return {path for path, owner in self.objects.items() if owner == "ours"}


def probe(fake: FakeTeams, *, writes: bool, calls: int = 60, **given_values: str) -> ProbeRun:
    document = read()
    planned = steps(writes=writes)
    access = access_of(document, [step.operation for step in planned], "TEAMS", {})

    def sleep(seconds: float) -> None:
        fake.time += seconds

    client = SandboxClient(
        "https://sandbox.teams.example",
        access,
        calls,
        per_second=5.0,
        sleep=sleep,
        clock=lambda: fake.time,
        transport=httpx2.MockTransport(fake.answer),
    )
    return Prober(client, given_values).walk(planned)


def test_without_write_only_what_needs_no_id_is_read() -> None:
    fake = FakeTeams()
    probe(fake, writes=False)
    assert fake.calls == [("GET", "/status"), ("GET", "/teams")]
    fake = FakeTeams()
    probe(fake, writes=True, team="t0", name="theirs")
    assert fake.touched == []
    fake = FakeTeams()
    probe(fake, writes=False, region="eu")
    assert ("GET", "/regions/eu/prices") in fake.calls


def test_the_life_of_each_object_inner_ones_within_outer_ones() -> None:
    fake = FakeTeams()
    done = probe(fake, writes=True)
    team = next(path for _, path in fake.calls if re.fullmatch(r"/teams/n\d+", path))
    inner = [(method, path) for method, path in fake.calls if path.startswith(f"{team}/members")]
    member = inner[-1][1]
    assert inner == [
        ("GET", f"{team}/members"),
        ("POST", f"{team}/members"),
        ("GET", f"{team}/members"),
        ("GET", member),
        ("PUT", member),
        ("DELETE", member),
        ("GET", member),
    ]
    outer = [(method, path) for method, path in fake.calls if path == team]
    assert outer == [("GET", team), ("PATCH", team), ("DELETE", team), ("GET", team)]
    assert fake.calls.index(inner[-1]) < fake.calls.index(("PATCH", team))
    label = [method for method, path in fake.calls if path.startswith("/labels/noctule-")]
    assert label == ["PUT", "GET", "PUT", "DELETE", "GET"]
    assert (done.made, done.left, fake.ours, fake.touched) == (3, [], set(), [])


scripts = st.dictionaries(
    st.integers(1, 30), st.sampled_from([400, 401, 404, 409, 429, 500, 503, -3]), max_size=8
)


@given(scripts, st.integers(1, 40))
def test_whatever_happens_only_its_own_objects_are_touched_and_none_is_forgotten(
    script: dict[int, int], calls: int
) -> None:
    fake = FakeTeams(script)
    done = probe(fake, writes=True, calls=calls)
    assert len(fake.calls) <= calls
    assert fake.touched == []
    for path in fake.ours:
        assert any(told_of(path, left) for left in done.left), (path, done.left)


@pytest.mark.parametrize("call", range(2, 18))
@pytest.mark.parametrize("again", [True, False])
def test_a_sandbox_that_goes_away_ends_the_run_and_what_was_made_is_told(
    call: int, again: bool
) -> None:
    fake = FakeTeams({call: -1} if again else dict.fromkeys(range(call, 60), -1))
    done = probe(fake, writes=True)
    assert done.broken
    assert fake.touched == []
    for path in fake.ours:
        assert any(told_of(path, left) for left in done.left), (path, done.left)


@pytest.mark.parametrize("call", range(1, 21))
def test_an_interrupt_ends_the_run_and_leaves_nothing_untold(call: int) -> None:
    fake = FakeTeams({call: -2})
    done = probe(fake, writes=True)
    assert done.interrupted == (len(fake.calls) >= call)
    assert fake.touched == []
    for path in fake.ours:
        assert any(told_of(path, left) for left in done.left), (path, done.left)


def test_a_creation_that_answers_with_what_others_made_is_left_alone_and_told() -> None:
    fake = FakeTeams(dict.fromkeys(range(1, 40), -3))
    done = probe(fake, writes=True)
    assert fake.touched == []
    assert "/teams (t0)" in done.left


def test_a_sandbox_that_always_limits_does_not_make_the_probe_wait_for_ever() -> None:
    fake = FakeTeams(dict.fromkeys(range(1, 61), 429))
    probe(fake, writes=True)
    assert fake.time < 60 * 6


def test_a_key_does_not_travel_without_encryption() -> None:
    document = read(SECURED)
    operations = list(document.operations.values())
    access = access_of(document, operations, "TEAMS", {"TEAMS_TOKEN": "t0ken"})
    for address, refused in (("http://sandbox.test", True), ("http://127.0.0.1:1", False)):
        if refused:
            with pytest.raises(Problem) as raised:
                SandboxClient(address, access, 1, 1.0)
            assert raised.value.exit == Exit.REFUSED
        else:
            SandboxClient(address, access, 1, 1.0).close()


def test_a_sandbox_that_is_not_there_is_a_problem() -> None:
    with pytest.raises(Problem) as raised:
        probe(FakeTeams({1: -1}), writes=True)
    assert raised.value.exit == Exit.OUTSIDE


def told_of(path: str, left: str) -> bool:
    """Whether a line such as "/teams (n3)" or "/teams (?)" tells of an object."""
    collection, _, name = left.partition(" (")
    return path.startswith(collection.rsplit("/noctule", 1)[0]) and name.rstrip(")") in (
        "?",
        path.rpartition("/")[2],
    )


def test_the_pace_is_kept_and_halves_where_the_sandbox_limits_the_calls() -> None:
    fake = FakeTeams({4: 429})
    probe(fake, writes=True)
    gaps = [round(b - a, 3) for a, b in zip(fake.at, fake.at[1:], strict=False)]
    assert gaps[:3] == [0.2, 0.2, 0.2]
    assert gaps[3] >= 1.0
    assert all(gap >= 0.4 for gap in gaps[4:])


SECURED = DOCUMENT | {
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
}


@pytest.mark.parametrize(
    ("environment", "key", "code"),
    [
        ({}, "missing_variable", Exit.USAGE),
        ({"TEAMS_TOKEN": "sk_live_abc"}, "live_key", Exit.REFUSED),
        ({"TEAMS_TOKEN": "prod-abc"}, "live_key", Exit.REFUSED),
    ],
)
def test_a_key_that_is_missing_or_of_production_is_refused_without_being_shown(
    environment: dict[str, str], key: str, code: Exit
) -> None:
    document = read(SECURED)
    with pytest.raises(Problem) as raised:
        access_of(document, document.operations.values(), "TEAMS", environment)
    assert (raised.value.key, raised.value.exit) == (f"probing.{key}", code)
    assert "abc" not in str(raised.value) + repr(raised.value.as_json("en"))


@pytest.mark.parametrize(
    ("schemes", "environment", "expected"),
    [
        ({"type": "http", "scheme": "bearer"}, {"TEAMS_TOKEN": "t"}, ("Authorization", "Bearer t")),
        (
            {"type": "http", "scheme": "basic"},
            {"TEAMS_USERNAME": "u"},
            ("Authorization", "Basic dTo="),
        ),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"TEAMS_API_KEY": "k3y"},
            ("X-Key", "k3y"),
        ),
        ({"type": "http", "scheme": "SSWS"}, {"TEAMS_TOKEN": "t"}, ("Authorization", "SSWS t")),
    ],
)
def test_credentials_are_sent_as_the_document_says(
    schemes: Any, environment: dict[str, str], expected: tuple[str, str]
) -> None:
    document = read(SECURED | {"components": {"securitySchemes": {"key": schemes}}})
    access = access_of(document, document.operations.values(), "TEAMS", environment)
    name, value = expected
    assert access["GET /teams"].headers[name] == value
    assert value not in repr(access)


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("https://api.teams.example", True),
        ("https://api.teams.example/v2", True),
        ("https://sandbox.teams.example", False),
        ("http://127.0.0.1:8000", False),
    ],
)
def test_an_address_that_the_document_names_as_production_is_refused(
    address: str, refused: bool
) -> None:
    if not refused:
        refuse_production(read(), address)
        return
    with pytest.raises(Problem) as raised:
        refuse_production(read(), address)
    assert raised.value.exit == Exit.REFUSED
