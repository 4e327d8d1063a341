"""A request taken apart into acts on things, and each act found where its thing lives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc
from noctule.planning import plan
from noctule.planning.language.request import parse_request
from noctule.project.layout import Layout

ACTS = {
    "create": ("POST /droplets", "creer"),
    "list": ("GET /droplets", "lister"),
    "get": ("GET /droplets/{droplet_id}", "consulter"),
    "update": ("PATCH /droplets/{droplet_id}", "modifier"),
    "delete": ("DELETE /droplets/{droplet_id}", "supprimer"),
    "reboot": ("POST /droplets/{droplet_id}/reboot", "redémarrer"),
}


def operation(summary: str) -> dict[str, Any]:
    answer = {"application/json": {"schema": {"type": "object"}}}
    return {"summary": summary, "responses": {"200": {"description": "ok", "content": answer}}}


def resource(name: str, thing: str, prefix: str = "") -> dict[str, Any]:
    """Everything that can be done to the items of one collection."""
    at, items = f"{prefix}/{name}", f"{prefix}/{name}/{{{thing}_id}}"
    return {
        at: {"post": operation(f"Create a {thing}"), "get": operation(f"List {name}")},
        items: {
            "get": operation(f"Get a {thing}"),
            "patch": operation(f"Update a {thing}"),
            "delete": operation(f"Delete a {thing}"),
        },
        f"{items}/reboot": {"post": operation(f"Reboot a {thing}")},
    }


DOCUMENT = apidoc.parse(
    json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Hosting", "version": "1"},
            "paths": {
                "/load_balancers": {"post": operation("Create a load balancer of droplets")},
                "/load_balancers/{balancer_id}/droplets": {
                    "post": operation("Create droplets of a load balancer"),
                    "delete": operation("Delete droplets of a load balancer"),
                },
                **resource("droplets", "droplet"),
                **resource("volumes", "volume"),
            },
        }
    ).encode(),
    source="hosting.json",
)


def planned(text: str) -> set[str]:
    result = plan(text, document=DOCUMENT, layout=Layout())
    assert result.task is not None, (text, result.question)
    return {method.operation for method in result.task.methods}


def joined(said: list[str], link: str) -> str:
    return f"{', '.join(said[:-1])} {link} {said[-1]}" if len(said) > 1 else said[0]


@given(st.permutations(list(ACTS)), st.integers(2, 6), st.sampled_from(["and", "or", "then"]))
def test_joined_verbs_plan_just_what_each_does_to_the_thing(
    order: list[str], count: int, link: str
) -> None:
    verbs = order[:count]
    wanted = {ACTS[verb][0] for verb in verbs}
    found = planned(f"{joined(verbs, link)} droplets".capitalize())
    assert wanted <= found
    assert found - wanted <= {"GET /droplets"}, "what gives the ids, and nothing else"


@given(st.permutations(list(ACTS)), st.integers(2, 6), st.sampled_from(["et", "ou", "puis"]))
def test_joined_verbs_do_so_in_french(order: list[str], count: int, link: str) -> None:
    verbs = order[:count]
    wanted = {ACTS[verb][0] for verb in verbs}
    found = planned(f"{joined([ACTS[verb][1] for verb in verbs], link)} des droplets")
    assert wanted <= found
    assert found - wanted <= {"GET /droplets"}


@given(st.permutations(list(ACTS)))
def test_nothing_brings_ids_that_another_act_gives(order: list[str]) -> None:
    assert planned(f"{joined(order, 'and')} droplets") == {key for key, _ in ACTS.values()}


@pytest.mark.parametrize(
    "text", ["list droplets and volumes", "lister les droplets et les volumes"]
)
def test_joined_things_share_the_verb(text: str) -> None:
    assert planned(text) == {"GET /droplets", "GET /volumes"}


@pytest.mark.parametrize(
    "text",
    ["create a droplet and reboot it", "créer un droplet puis le redémarrer"],
)
def test_a_pronoun_is_read_as_what_it_stands_for(text: str) -> None:
    assert planned(text) == {"POST /droplets", "POST /droplets/{droplet_id}/reboot"}


def test_managing_a_thing_is_all_that_is_done_to_it() -> None:
    assert planned("gérer les droplets") == {
        key for verb, (key, _) in ACTS.items() if verb != "reboot"
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Attach, detach and rename disks", [("attach", "disks"), ("detach", "disks"),
                                            ("rename", "disks")]),
        ("list the branches of a repository and the tags", [("list", "branches"),
                                                            ("list", "tags")]),
        ("add members to channels and groups", [("add", "members")]),
        ("create a page and query a database", [("create", "page"), ("query", "database")]),
        ("upload files and share them", [("upload", "files"), ("share", "files")]),
        ("create a campaign, set its content and schedule it", [
            ("create", "campaign"), ("set", "content"), ("schedule", "campaign")]),
        ("ajouter une carte et la commenter", [("ajouter", "carte"), ("commenter", "carte")]),
        ("create items and delete the old ones", [("create", "items"), ("delete", "items")]),
        ("create an invoice and email it to the buyer", [("create", "invoice"),
                                                         ("email", "invoice")]),
        ("créer un projet", [("creer", "projet")]),
        ("retrouver un numéro de téléphone", [("retrouver", "numero de telephone")]),
    ],
)  # fmt: skip
def test_who_does_what_to_what(text: str, found: list[tuple[str, str]]) -> None:
    phrases = [(p.verb, " ".join(p.heads)) for p in parse_request(text).verb_phrases]
    assert phrases == [(verb, thing) for verb, thing in found]


@given(st.text(max_size=80), st.sampled_from(["en", "fr"]))
def test_any_text_is_taken_apart(text: str, language: Any) -> None:
    phrases = parse_request(text, language).verb_phrases
    assert parse_request(text, language).verb_phrases == phrases
