"""Answers of a provider that are not quite as documented."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

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
