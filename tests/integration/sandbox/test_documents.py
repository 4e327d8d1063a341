"""The packs' documents: sampled requests are accepted, and what is answered fits the document."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule import apidoc, providers
from noctule.runtime import Operation
from noctule.runtime.encoding.arguments import encode
from noctule.sandbox import FakeProvider

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, Media

PACKS = ("github", "sendgrid", "slack", "stripe", "twilio")
HEADERS = {"bearer": "Bearer made-up", "basic": "Basic bWFkZTp1cA=="}

Chosen = Callable[[str], bool]
"""Whether an optional part of a request, by name, is sent."""


@cache
def document(name: str) -> ApiDocument:
    return apidoc.parse(providers.pack(name).document_bytes(), source=f"pack:{name}")


def kind_of(media: Media) -> Any:
    if "json" in media.type:
        return "json"
    return "form" if "form-urlencoded" in media.type else "multipart"


def body_of(described: apidoc.ApiOperation, chosen: Chosen) -> tuple[Media | None, Any]:
    if described.body is None:
        return None, None
    media = next(iter(described.body.media.values()))
    assert media.schema is not None
    body = apidoc.sample(media.schema, request=True, optional=True)
    if isinstance(body, dict):
        required = media.schema.required
        body = {name: value for name, value in body.items() if name in required or chosen(name)}
    return media, body


async def ask(
    fake: FakeProvider, client: httpx2.AsyncClient, described: apidoc.ApiOperation, chosen: Chosen
) -> httpx2.Response:
    """One valid request, written by the runtime as a generated wrapper would have it written."""
    media, body = body_of(described, chosen)
    values: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    styles: dict[str, Any] = dict(media.styles) if media is not None else {}
    for parameter in described.parameters:
        if parameter.required or chosen(parameter.name):
            value = apidoc.sample(parameter.schema, request=True)
            values[parameter.where][parameter.name] = value
            if parameter.encoding is not None and isinstance(value, list | dict):
                styles[parameter.name] = parameter.encoding
    operation: Operation[Any] = Operation(
        "asked", described.method, described.path, returns=None,
        body=kind_of(media) if media is not None else None, styles=styles,
    )  # fmt: skip
    written = encode(operation, values["path"], values["query"], values["header"], body)
    fake.ensure(described.key, {name: str(value) for name, value in values["path"].items()})
    return await client.request(
        described.method,
        written.path_and_query,
        headers=written.headers,
        content=written.content
        if isinstance(written.content, bytes)
        else b"".join(written.content),
    )


def fits(described: apidoc.ApiOperation, response: httpx2.Response) -> None:
    success = described.success
    assert success is not None
    assert response.status_code == int(success.status), (described.key, response.text)
    if success.schema is not None:
        schema = apidoc.json_schema(success.schema)
        jsonschema_rs.validate(schema, response.json())
    else:
        assert response.content == b"" or not success.media


def play(name: str, keys: list[str], chosen: Chosen) -> None:
    api = document(name)
    (scheme,) = api.security_schemes.values()

    async def played() -> None:
        async with (
            FakeProvider(api, pack=providers.pack(name)) as fake,
            httpx2.AsyncClient(
                base_url=fake.base_url, headers={"Authorization": HEADERS[scheme.kind]}
            ) as client,
        ):
            for key in keys:
                described = api.operations[key]
                fits(described, await ask(fake, client, described, chosen))
                assert fake.ledger.exchanges[-1].operation == key
                assert not fake.ledger.exchanges[-1].reason
                assert len(fake.ledger.effects) <= len(fake.ledger.exchanges)

    asyncio.run(played())


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("optional", [False, True])
def test_every_operation_is_accepted_and_answered_by_the_document(
    name: str, optional: bool
) -> None:
    play(name, list(document(name).operations), lambda _: optional)


@settings(max_examples=25)
@given(name=st.sampled_from(PACKS), seed=st.integers(0, 10_000), data=st.data())
def test_any_choice_of_optional_parts_is_accepted(name: str, seed: int, data: Any) -> None:
    keys = st.lists(st.sampled_from(list(document(name).operations)), min_size=1, max_size=4)
    chance = random.Random(seed)
    play(name, data.draw(keys), lambda _: chance.random() < 0.5)
