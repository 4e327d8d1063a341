"""One document read whole: every operation, parameter, body and answer, sampled, scored."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from noctule.apidoc import ApiDocument, ApiOperation, Schema, load, sample, score
from noctule.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPTH = 2
"""Levels of properties that generated code types when asked for more than the default."""


class Phases:
    """CPU seconds of each phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.seconds[name] = round(time.process_time() - started, 4)


def read(path: Path) -> dict[str, Any]:
    phases = Phases()
    try:
        with phases.time("load"):
            document = load(path)
        row = whole(document, phases)
    except Problem as problem:
        return {"outcome": "refused", "reason": f"{problem.key}: {problem.cause('en')}"}
    return {
        "outcome": "read",
        "mb": round(path.stat().st_size / 1e6, 2),
        "dialect": document.dialect,
        **row,
        "phases": phases.seconds,
        "seconds": round(sum(phases.seconds.values()), 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def whole(document: ApiDocument, phases: Phases) -> dict[str, Any]:
    with phases.time("find"):
        every = list(document.operations.values())
        if every:
            middle = every[len(every) // 2]
            assert document.find(middle.key) is middle
    with phases.time("read"):
        for operation in [*every, *document.webhooks.values()]:
            resolve(operation)
    with phases.time("sample"):
        sampled = sum(samples(operation) for operation in every)
    with phases.time("score"):
        points = score(document)
    return {
        "operations": len(every),
        "sampled": sampled,
        "score": points.points,
        "kinds": {line.kind: len(line.gaps) for line in points.lines},
    }


def resolve(operation: ApiOperation) -> None:
    assert operation.id
    assert operation.security is not None
    assert operation.callbacks is not None
    for parameter in operation.parameters:
        walk(parameter.schema, DEPTH)
    medias = list(operation.body.media.values()) if operation.body else []
    for response in operation.responses.values():
        medias += response.media.values()
        for header in response.headers.values():
            walk(header.schema, 1)
    for media in medias:
        for schema in filter(None, (media.schema, media.stream)):
            walk(schema, DEPTH)


def walk(schema: Schema, depth: int) -> None:
    """Everything generated code asks of a schema, `depth` levels of properties deep."""
    assert schema.type
    assert isinstance(schema.nullable, bool)
    assert schema.required is not None
    assert schema.description is not None
    if depth == 0:
        return
    inner = [*schema.properties.values(), *schema.prefix, *filter(None, [schema.items])]
    if isinstance(schema.additional, Schema):
        inner.append(schema.additional)
    for part in [*inner, *schema.variants]:
        walk(part, depth - 1)


def samples(operation: ApiOperation) -> int:
    """One body for each media type of the request and of the success; how many there were."""
    count = 0
    for media in operation.body.media.values() if operation.body else ():
        if media.schema:
            sample(media.schema, request=True)
            count += 1
    if operation.success:
        for media in operation.success.media.values():
            if media.schema:
                sample(media.schema)
                count += 1
    return count
