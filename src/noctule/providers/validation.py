"""Whether a pack is consistent with itself and its document: for tests and authors of packs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.providers.pack import AUTH_PARTS, Bilingual, Pack

if TYPE_CHECKING:
    from collections.abc import Iterator


def validate(pack: Pack) -> list[str]:
    """The contradictions of the pack, one English sentence each; empty if there are none.

    Reads the compact document whole, which `packs()` never does.
    """
    return [
        *_texts(pack),
        *_credentials(pack),
        *_shapes(pack),
        *_webhooks(pack),
        *_needs(pack),
        *_document(pack),
    ]


def _texts(pack: Pack) -> Iterator[str]:
    sections: dict[str, tuple[Bilingual, ...]] = {
        "env": pack.env,
        "needs": tuple(pack.needs.values()),
        "operations": tuple(pack.operations.values()),
        "events": tuple(pack.events.values()),
        "errata": pack.errata,
    }
    for section, facts in sections.items():
        for fact in facts:
            for language in ("en", "fr"):
                if not fact.label(language).strip():
                    yield f"{section}: {fact!r} has no text in {language!r}"
    for need in pack.needs.values():
        if not (need.words_en and need.words_fr):
            yield f"needs.{need.id}: words are needed in both languages"


def _credentials(pack: Pack) -> Iterator[str]:
    names = {fact.name for fact in pack.env}
    if pack.auth is None:
        if pack.document is not None:
            yield "auth: is missing, and there is a document to call"
        return
    wanted = set(AUTH_PARTS[pack.auth.kind])
    if set(pack.auth.env) != wanted:
        yield f"auth.env: {pack.auth.kind} takes {sorted(wanted)}, not {sorted(pack.auth.env)}"
    used = [*pack.auth.env.values(), *pack.parameters.values()]
    used += [pack.auth.sign["secret"]] if "secret" in pack.auth.sign else []
    for variable in used:
        if variable not in names:
            yield f"env: {variable} is used and not described"
    if not {"live"} <= set(pack.environments):
        yield "environments: `live` is missing"


def _shapes(pack: Pack) -> Iterator[str]:
    shapes = {f"env.{fact.name}": fact.shape for fact in pack.env}
    shapes |= {f"environments.{name}": e.credential_shape for name, e in pack.environments.items()}
    for place, shape in shapes.items():
        try:
            re.compile(shape)
        except re.error as error:
            yield f"{place}: not a regular expression: {error}"


def _webhooks(pack: Pack) -> Iterator[str]:
    for name in pack.events:
        if name not in pack.event_names:
            yield f"events: {name} is not in event_names"
    if pack.signature and pack.unsigned:
        yield "signature: an unsigned provider has none"
    if pack.webhook:
        for name in set(pack.webhook.events) - pack.event_names:
            yield f"webhook.events: {name} is not in event_names"
    if pack.event_names and not (pack.signature or pack.unsigned):
        yield "signature: events are named, and nothing says how they are signed"
    if pack.signature and not pack.webhook:
        yield "webhook: the table is missing"
    if pack.webhook and pack.webhook.secret_env not in {fact.name for fact in pack.env}:
        yield f"webhook.secret_env: {pack.webhook.secret_env} is not described under [env]"


def _needs(pack: Pack) -> Iterator[str]:
    for need in pack.needs.values():
        for operation in need.operations:
            if operation not in pack.operations:
                yield f"needs.{need.id}: {operation} is not described under [operations]"
        for event in need.events:
            if event not in pack.events:
                yield f"needs.{need.id}: {event} is not described under [events]"
    names = [operation.name for operation in pack.operations.values()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"operations: two are named {name}"


def _document(pack: Pack) -> Iterator[str]:
    if pack.document is None:
        if pack.needs or pack.operations:
            yield "document: is missing, and operations are described"
        yield from (
            f"events: {e.name}: no document for {e.schema}"
            for e in pack.events.values()
            if e.schema
        )
        return
    from noctule.apidoc import parse  # heavy, and needed only here

    document = parse(pack.document_bytes(), source=f"pack:{pack.id}")
    for fact in pack.operations.values():
        operation = document.operations.get(fact.key)
        if operation is None:
            yield f"operations: {fact.key} is not in {pack.document.compact}"
        elif operation.id != fact.name:
            yield f"operations: {fact.key} is {operation.id} in the document, {fact.name} here"
    for key in document.operations:
        if key not in pack.operations:
            yield f"operations: {key} is in the document and not described"
    for event in pack.events.values():
        if event.schema not in document.schemas:
            yield f"events: {event.name}: no schema {event.schema} in {pack.document.compact}"
