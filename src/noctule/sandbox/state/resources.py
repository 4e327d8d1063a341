"""The resources that exist, by path, and new ids for them."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from noctule.apidoc.values.fits import fits

if TYPE_CHECKING:
    from noctule.apidoc import Schema
    from noctule.sandbox.state.facts import Facts


class StoredResources:
    """Resources by concrete path."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  (identities of samples, not secrets)
        self._facts: dict[str, Facts] = {}
        self._created = 0

    def get(self, path: str) -> Facts | None:
        return self._facts.get(path)

    def put(self, path: str, facts: Facts) -> None:
        self._facts[path] = facts

    def remove(self, path: str) -> None:
        self._facts.pop(path, None)

    def under(self, collection: str) -> list[Facts]:
        """The items of a collection, the newest last."""
        return [
            facts for path, facts in self._facts.items() if path.rpartition("/")[0] == collection
        ]

    def new_identity(self, schema: Schema, sample: Any) -> Any:
        """A unique id like `sample` that `schema` allows."""
        self._created += 1
        if isinstance(sample, bool) or not isinstance(sample, int | str):
            return sample
        if isinstance(sample, int):
            return max(1, int(schema.minimum or 0)) + self._created
        if schema.format == "uuid":
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        return self._text_identity(schema, sample)

    def _text_identity(self, schema: Schema, sample: str) -> str:
        number = str(self._created)
        spellings = [
            sample + "_" + number,
            sample[: max(0, len(sample) - 6)] + number.zfill(6),
            sample[: max(0, len(sample) - len(number))] + number,
        ]
        if len(sample) >= 16:
            spellings.reverse()
        return next((text for text in spellings if fits(schema, text)), sample)
