"""Each compact document against the provider's own: nothing invented, nothing contradicted.

The real documents are not part of the project; without them these tests are skipped.
Where ours differs on purpose, an erratum of the pack says so, and EXCUSED names it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from noctule import providers
from support.paths import SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKS = ("stripe", "github", "slack", "twilio", "sendgrid")
METHODS = ("get", "put", "post", "delete", "patch")

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not here")

EXCUSED = {
    # (pack, place of the difference) -> id of the erratum that says why
    ("slack", r"POST /\S+ body media application/json"): "form-only",
    ("slack", r"POST /chat\.\w+ body\.(blocks|attachments) type"): "form-only",
    ("slack", r"POST /chat\.delete body\.ts type"): "ts-as-number",
    ("slack", r"POST /chat\.scheduleMessage body\.thread_ts type"): "ts-as-number",
    ("slack", r"GET /conversations\.\w+ (query )?(ts|oldest|latest) type"): "ts-as-number",
    ("slack", r"POST /chat\.scheduleMessage body\.post_at type"): "post-at-as-text",
    ("slack", r"\w+ /\S+ 200\.error is invented"): "errors-are-200",
    ("slack", r"GET /conversations\.\w+ 200\.response_metadata is invented"): (
        "history-without-cursor"
    ),
    ("slack", r"POST /\S+ body required"): "required-missing",
    ("slack", r"GET /conversations\.\w+ query (channel|ts) required"): "required-missing",
    ("slack", r"\w+ /\S+ header token missing"): "token-parameter",
    ("slack", r"\w+ /\S+ query token missing"): "token-parameter",
    ("twilio", r"\w+ /\S+ \d+(\.\w+(\[\])?)* required"): "nothing-required",
    ("twilio", r"\w+ /\S+ \d+(\.\w+(\[\])?)*\.(sid|status) null"): "nothing-required",
    ("sendgrid", r"\w+ /(templates|marketing|suppression)\S* 20\d\S* required"): (
        "nothing-required"
    ),
    ("sendgrid", r"POST /mail/send body required"): "subject-content-required",
    ("sendgrid", r"POST /mail/send body\.custom_args type"): "custom-args-text",
    ("sendgrid", r"DELETE /suppression/bounces/\S+ query email_address missing"): (
        "bounce-address-twice"
    ),
    ("sendgrid", r"GET /suppression/bounces header Accept missing"): "accept-required",
}


class Document:
    """Just enough of an OpenAPI document to compare two of them; not the code under test."""

    def __init__(self, data: bytes) -> None:
        self.raw: dict[str, Any] = json.loads(data)

    def at(self, pointer: str) -> Any:
        node: Any = self.raw
        for step in pointer.removeprefix("#/").split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node

    def plain(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            node = self.at(node["$ref"])
        return node

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, item in self.raw["paths"].items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    own = item[method]
                    merged = {**own, "parameters": [*shared, *own.get("parameters", [])]}
                    yield f"{method.upper()} {path}", merged


class View:
    """A schema flattened: every branch of allOf, anyOf and oneOf at once."""

    def __init__(self, document: Document, node: Any) -> None:
        self.document = document
        self.types: set[str] = set()
        self.properties: dict[str, list[Any]] = {}
        self.required: set[str] | None = None
        self.items: list[Any] = []
        self.values: set[Any] = set()
        self.open = False  # some branch allows any value, or any text
        self.null = False
        self._add(node, 0)

    def _add(self, node: Any, depth: int) -> None:
        node = self.document.plain(node)
        if not isinstance(node, dict) or depth > 8:
            self.open = True
            return
        branches = [*node.get("anyOf", []), *node.get("oneOf", [])]
        for branch in [*branches, *node.get("allOf", [])]:
            self._add(branch, depth + 1)
        types = node.get("type", [])
        types = {types} if isinstance(types, str) else set(types)
        self.null |= "null" in types or bool(node.get("nullable"))
        self.types |= types - {"null"}
        self.values |= {value for value in node.get("enum", []) if isinstance(value, str)}
        self.open |= "enum" not in node and bool(types - {"null", "object", "array"})
        if "properties" in node:
            self.types.add("object")
            for name, schema in node["properties"].items():
                self.properties.setdefault(name, []).append(schema)
        if isinstance(node.get("items"), dict) and types:
            self.items.append(node["items"])
        if "required" in node or ("properties" in node and not branches):
            wanted = set(node.get("required", []))
            self.required = wanted if self.required is None else self.required | wanted


def merged(document: Document, nodes: list[Any]) -> View:
    return View(document, {"anyOf": nodes} if len(nodes) > 1 else nodes[0])


class Comparison:
    """The differences between one compact document and the real one, as texts."""

    def __init__(self, ours: Document, theirs: Document) -> None:
        self.ours, self.theirs = ours, theirs

    def differences(self) -> Iterator[str]:
        real = dict(self.theirs.operations())
        for key, operation in self.ours.operations():
            if key not in real:
                yield f"{key} does not exist"
                continue
            yield from self.parameters(key, operation, real[key])
            yield from self.body(key, operation, real[key])
            yield from self.answers(key, operation, real[key])

    def parameters(self, key: str, ours: Any, theirs: Any) -> Iterator[str]:
        known = {(p["name"], p["in"]): p for p in map(self.theirs.plain, theirs["parameters"])}
        mine = {(p["name"], p["in"]): p for p in map(self.ours.plain, ours["parameters"])}
        for (name, where), parameter in mine.items():
            real = known.get((name, where))
            if real is None:
                yield f"{key} {where} {name} is invented"
                continue
            if bool(parameter.get("required")) != bool(real.get("required")):
                yield f"{key} {where} {name} required"
            place = f"{key} {where} {name}"
            yield from self.schema(place, parameter["schema"], real.get("schema"), answer=False)
        for (name, where), real in known.items():
            if real.get("required") and (name, where) not in mine:
                yield f"{key} {where} {name} missing"

    def body(self, key: str, ours: Any, theirs: Any) -> Iterator[str]:
        if "requestBody" not in ours:
            return
        mine = self.ours.plain(ours["requestBody"])["content"]
        real = self.theirs.plain(theirs["requestBody"])["content"]
        for media, content in mine.items():
            if media not in real:
                yield f"{key} body media {media}"
            node = real.get(media) or next(iter(real.values()))
            yield from self.schema(f"{key} body", content["schema"], node["schema"], answer=False)

    def answers(self, key: str, ours: Any, theirs: Any) -> Iterator[str]:
        for status, response in ours["responses"].items():
            if not status.startswith("2"):
                continue  # errors: the real documents are silent or wrong, see the errata
            if status not in theirs["responses"]:
                yield f"{key} {status} does not exist"
                continue
            mine = self.ours.plain(response).get("content", {})
            real = self.theirs.plain(theirs["responses"][status]).get("content", {})
            for media, content in mine.items():
                node = real.get(media, {}).get("schema")
                place = f"{key} {status}"
                yield from self.schema(place, content["schema"], node, answer=True)

    def schema(self, place: str, ours: Any, theirs: Any, *, answer: bool) -> Iterator[str]:
        if theirs is None:
            return
        yield from self.views(place, View(self.ours, ours), View(self.theirs, theirs), answer, 0)

    def views(self, place: str, mine: View, real: View, answer: bool, depth: int) -> Iterator[str]:
        if not real.types or depth > 6:
            return  # the real document says nothing here
        wider = real.types | ({"integer"} if "number" in real.types else set())
        if not mine.types <= wider:
            yield f"{place} type"
            return
        if answer and real.null and not mine.null:
            yield f"{place} null"
        yield from self.values(place, mine, real, answer)
        yield from self.required(place, mine, real, answer)
        for name, nodes in mine.properties.items():
            if name not in real.properties:
                if real.properties:
                    yield f"{place}.{name} is invented"
                continue
            below = merged(self.ours, nodes), merged(self.theirs, real.properties[name])
            yield from self.views(f"{place}.{name}", *below, answer, depth + 1)
        if mine.items and real.items:
            below = merged(self.ours, mine.items), merged(self.theirs, real.items)
            yield from self.views(f"{place}[]", *below, answer, depth + 1)

    def values(self, place: str, mine: View, real: View, answer: bool) -> Iterator[str]:
        if not mine.values or not real.values or mine.open:
            return
        theirs = real.values - {""}
        if answer and theirs - mine.values:
            yield f"{place} leaves out {sorted(theirs - mine.values)}"
        if not answer and not real.open and mine.values - theirs:
            yield f"{place} invents {sorted(mine.values - theirs)}"

    def required(self, place: str, mine: View, real: View, answer: bool) -> Iterator[str]:
        if not mine.properties or not real.properties:
            return
        ours, theirs = mine.required or set(), real.required or set()
        # An answer may be promised less than the document does, never more.
        if ours - theirs if answer else ours != theirs:
            yield f"{place} required"


@cache
def ours(pack: str) -> Document:
    return Document(providers.pack(pack).document_bytes())


@cache
def theirs(pack: str) -> Document:
    return Document((SPECS / f"{pack}.json").read_bytes())


@cache
def differences(pack: str) -> tuple[str, ...]:
    return tuple(Comparison(ours(pack), theirs(pack)).differences())


@pytest.mark.parametrize("pack", PACKS)
def test_the_compact_document_is_true_to_the_real_one(pack: str) -> None:
    patterns = [pattern for known, pattern in EXCUSED if known == pack]
    unexcused = [
        difference
        for difference in differences(pack)
        if not any(re.fullmatch(pattern, difference) for pattern in patterns)
    ]
    assert unexcused == []


@pytest.mark.parametrize(("pack", "pattern"), EXCUSED)
def test_every_excuse_is_wanted_and_is_an_erratum(pack: str, pattern: str) -> None:
    assert EXCUSED[pack, pattern] in {erratum.id for erratum in providers.pack(pack).errata}
    assert any(re.fullmatch(pattern, difference) for difference in differences(pack))


def test_the_comparison_sees_what_is_wrong() -> None:
    spoiled = Document(providers.pack("stripe").document_bytes())
    operation = spoiled.raw["paths"]["/v1/payment_intents"]["post"]
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    form["properties"]["amount"]["type"] = "string"
    form["properties"]["colour"] = {"type": "string"}
    form["required"] = ["amount"]
    intent = spoiled.raw["components"]["schemas"]["PaymentIntent"]
    intent["required"].append("customer")
    intent["properties"]["status"]["enum"].remove("succeeded")
    spoiled.raw["paths"]["/v1/rubbish"] = {"get": {"responses": {}}}
    found = list(Comparison(spoiled, theirs("stripe")).differences())
    post = "POST /v1/payment_intents"
    assert f"{post} body.amount type" in found
    assert f"{post} body.colour is invented" in found
    assert f"{post} body required" in found
    assert f"{post} 200 required" in found
    assert f"{post} 200.status leaves out ['succeeded']" in found
    assert "GET /v1/rubbish does not exist" in found
