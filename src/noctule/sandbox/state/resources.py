"""The provider's world: what exists, by path, and what each operation makes of it."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from noctule.apidoc.values.fits import fits

if TYPE_CHECKING:
    from noctule.apidoc import Schema
    from noctule.sandbox.state.facts import Facts


class StoredResources:
    """Things that exist, by concrete path."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  (identities of samples, not secrets)
        self._things: dict[str, Facts] = {}
        self._made = 0

    def get(self, path: str) -> Facts | None:
        return self._things.get(path)

    def put(self, path: str, facts: Facts) -> None:
        self._things[path] = facts

    def remove(self, path: str) -> None:
        self._things.pop(path, None)

    def under(self, collection: str) -> list[Facts]:
        """The items of a collection, the newest last."""
        return [
            facts for path, facts in self._things.items() if path.rpartition("/")[0] == collection
        ]

    def new_identity(self, schema: Schema, sample: Any) -> Any:
        """An identity like `sample` that no other thing has, and that `schema` allows."""
        self._made += 1
        if isinstance(sample, bool) or not isinstance(sample, int | str):
            return sample
        if isinstance(sample, int):
            return max(1, int(schema.minimum or 0)) + self._made
        if schema.format == "uuid":
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        return self._text_identity(schema, sample)

    def _text_identity(self, schema: Schema, sample: str) -> str:
        number = str(self._made)
        spellings = [
            sample + "_" + number,
            sample[: max(0, len(sample) - 6)] + number.zfill(6),
            sample[: max(0, len(sample) - len(number))] + number,
        ]
        if len(sample) >= 16:
            spellings.reverse()
        return next((text for text in spellings if fits(schema, text)), sample)
