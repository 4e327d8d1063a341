"""OpenAPI Overlays: what they change, what they leave, and what is refused by name."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.apidoc.overlay import apply, read
from noctule.apidoc.overlay.targets import Location, query_for, select, value_at
from noctule.problem import Exit, Problem

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1", "x-null": None},
    "servers": [
        {"url": "https://a.test", "description": "Dev"},
        {"url": "https://b.test", "description": "Prod"},
        {"url": "https://c.test", "description": "Dev"},
    ],
    "tags": ["a", "b"],
    "paths": {
        "/pets": {
            "get": {"parameters": [{"name": "q", "in": "query"}, {"name": "x", "in": "header"}]},
            "post": {"responses": {"500": {"description": "bad"}, "201": {"description": "ok"}}},
        },
        "/pets/{id}": {"get": {"responses": {"500": {"description": "bad"}}}},
    },
}


def overlay(*actions: Any, version: str = "1.1.0", **more: Any) -> bytes:
    info = {"title": "Corrections", "version": "1"}
    return json.dumps({"overlay": version, "info": info, "actions": actions, **more}).encode()


def applied(*actions: Any, document: Any = DOCUMENT) -> Any:
    return apply(read(overlay(*actions), place="o.yaml"), document).document


@pytest.mark.parametrize(
    ("actions", "query", "expected"),
    [
        (
            [{"target": "$.info", "update": {"license": {"name": "MIT"}}}],
            "$.info.license.name",
            "MIT",
        ),
        ([{"target": "$.info.title", "update": "Animals"}], "$.info.title", "Animals"),
        ([{"target": "$.info['x-null']", "update": 1}], "$.info['x-null']", 1),
        ([{"target": "$.info.title", "update": None}], "$.info.title", None),
        ([{"target": "$", "update": {"info": {"title": "Other"}}}], "$.info.title", "Other"),
        ([{"target": "$.tags", "update": "c"}], "$.tags", ["a", "b", "c"]),
        ([{"target": "$.tags", "update": ["c", "d"]}], "$.tags", ["a", "b", "c", "d"]),
        ([{"target": "$", "update": {"tags": ["c"]}}], "$.tags", ["a", "b", "c"]),
        ([{"target": "$.tags[?@ == 'a']", "remove": True}], "$.tags", ["b"]),
        ([{"target": "$.tags[*]", "remove": True}], "$.tags", []),
        (
            [{"target": "$.servers[?@.description == 'Dev']", "remove": True}],
            "$.servers",
            [{"url": "https://b.test", "description": "Prod"}],
        ),
        (
            [{"target": "$.servers", "remove": True}, {"target": "$", "update": {"servers": [1]}}],
            "$.servers",
            [1],
        ),
        (
            [{"target": "$.paths..responses['500']", "remove": True}],
            "$.paths['/pets'].post.responses",
            {"201": {"description": "ok"}},
        ),
        (
            [{"target": "$..parameters[?@.in == 'query']", "update": {"required": True}}],
            "$.paths['/pets'].get.parameters",
            [{"name": "q", "in": "query", "required": True}, {"name": "x", "in": "header"}],
        ),
        (
            [{"target": "$.paths['/pets/{id}'].get", "copy": "$.paths['/pets'].get"}],
            "$.paths['/pets/{id}'].get.parameters[0].name",
            "q",
        ),
        ([{"target": "$.tags", "copy": "$.info.title"}], "$.tags", ["a", "b", "Pets"]),
        ([{"target": "$.info", "remove": True, "update": {"a": 1}}], "$.info", "missing"),
        ([{"target": "$.nothing.here", "update": {"a": 1}}], "$.nothing", "missing"),
    ],
)
def test_what_an_action_changes(actions: list[Any], query: str, expected: Any) -> None:
    before = copy.deepcopy(DOCUMENT)
    document = applied(*actions)
    nodes = jsonpath_rfc9535.find(query, document)
    assert [node.value for node in nodes] == ([] if expected == "missing" else [expected])
    assert before == DOCUMENT


def test_an_action_without_a_target_is_reported() -> None:
    actions = [{"target": "$.info", "update": {"a": 1}}, {"target": "$.no", "remove": True}]
    result = apply(read(overlay(*actions), place="o.yaml"), DOCUMENT)
    assert [action.place for action in result.unmatched] == ["o.yaml#/actions/1"]


def test_a_yaml_overlay_of_1_0_reads_like_a_json_one_of_1_1() -> None:
    text = """
overlay: 1.0.0
info: {title: Corrections, version: '1', x-made-by: a person}
extends: ./pets.yaml
actions:
- target: $.info
  description: The name is another.
  update: {title: Animals}
  x-evidence: {seen: 3}
"""
    result = read(text.encode(), place="o.yaml")
    assert result.extends == "./pets.yaml"
    assert result.actions[0].extensions == {"x-evidence": {"seen": 3}}
    assert apply(result, DOCUMENT).document["info"]["title"] == "Animals"


@pytest.mark.parametrize(
    ("data", "key", "place"),
    [
        (b"{}", "overlay_unknown", "o.yaml"),
        (b"[1]", "overlay_unknown", "o.yaml"),
        (overlay({"target": "$"}, version="2.0.0"), "overlay_version", "o.yaml#/overlay"),
        (b"overlay: 1.1", "overlay_version", "o.yaml#/overlay"),
        (b'{"overlay": "1.1.0", "actions": [1]}', "overlay_member", "o.yaml#/info"),
        (overlay(), "overlay_member", "o.yaml"),
        (overlay({"update": {}}), "overlay_member", "o.yaml#/actions/0"),
        (overlay("$.info"), "overlay_member", "o.yaml#/actions/0"),
        (overlay({"target": "$", "remove": "yes"}), "overlay_member", "o.yaml#/actions/0"),
        (overlay({"target": "$", "copy": 1}), "overlay_member", "o.yaml#/actions/0"),
        (overlay({"target": "$", "udpate": {}}), "overlay_unknown_member", "o.yaml#/actions/0"),
        (overlay({"target": "$"}), "overlay_change", "o.yaml#/actions/0"),
        (overlay({"target": "$", "update": 1, "copy": "$"}), "overlay_change", "o.yaml#/actions/0"),
    ],
)
def test_what_is_no_overlay_is_refused_with_its_place(data: bytes, key: str, place: str) -> None:
    with pytest.raises(Problem) as raised:
        read(data, place="o.yaml")
    assert (raised.value.key, raised.value.place) == (f"apidoc.{key}", place)
    assert raised.value.exit == Exit.USAGE
    assert "{" not in raised.value.cause("fr")


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ({"target": "$.paths[", "remove": True}, "overlay_query"),
        ({"target": "paths", "remove": True}, "overlay_query"),
        ({"target": "$", "remove": True}, "overlay_root"),
        ({"target": "$.info[*]", "update": "x"}, None),
        ({"target": "$[?@.title || @[0]]", "update": {"a": 1}}, "overlay_mixed"),
        ({"target": "$.info", "copy": "$.tags[*]"}, "overlay_copy"),
        ({"target": "$.info", "copy": "$.nothing"}, "overlay_copy"),
        ({"target": "$.info", "update": "text"}, "overlay_kinds"),
        ({"target": "$.info", "update": ["text"]}, "overlay_kinds"),
        ({"target": "$.info.title", "update": {"a": 1}}, "overlay_kinds"),
        ({"target": "$", "update": {"tags": {"a": 1}}}, "overlay_kinds"),
        ({"target": "$", "update": {"info": {"title": [1]}}}, "overlay_kinds"),
    ],
)
def test_a_change_that_does_not_go_is_refused_with_its_place(action: Any, key: str | None) -> None:
    if key is None:
        assert set(applied(action)["info"].values()) == {"x"}
        return
    with pytest.raises(Problem) as raised:
        applied(action)
    assert (raised.value.key, raised.value.place) == (f"apidoc.{key}", "o.yaml#/actions/0")
    assert "{" not in raised.value.cause("en")


def test_a_value_that_yaml_shares_is_changed_in_one_place_only() -> None:
    shared = {"type": "string"}
    document = {"a": shared, "b": shared}
    result = applied({"target": "$.a", "update": {"type": "integer"}}, document=document)
    assert result == {"a": {"type": "integer"}, "b": {"type": "string"}}


keys = st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def locations(value: Any, at: Location = ()) -> Iterator[Location]:
    yield at
    steps = value.items() if isinstance(value, dict) else []
    steps = enumerate(value) if isinstance(value, list) else steps
    for step, inside in steps:
        yield from locations(inside, (*at, step))


@given(values)
def test_a_written_path_selects_its_node_as_another_engine_does(document: Any) -> None:
    for location in locations(document):
        query = query_for(location)
        assert select(query, document, place="") == [location]
        (node,) = jsonpath_rfc9535.find(query, document)
        assert tuple(node.location) == location
        assert value_at(document, location) == node.value


@given(values, st.data())
def test_removing_takes_one_node_and_adding_it_brings_it_back(document: Any, data: Any) -> None:
    there = [each for each in locations(document) if each and isinstance(each[-1], str)]
    if not there:
        return
    location = data.draw(st.sampled_from(there))
    before = copy.deepcopy(document)
    less = applied({"target": query_for(location), "remove": True}, document=document)
    assert select(query_for(location), less, place="") == []
    parent, last = query_for(location[:-1]), location[-1]
    update = {last: value_at(document, location)}
    assert applied({"target": parent, "update": update}, document=less) == before
    assert document == before
