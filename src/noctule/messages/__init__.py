"""The one catalogue of what people read, in French and English.

`catalog/<room>.toml` holds one table per message: `en` and `fr`, and optionally `next_en` and
`next_fr` (the command to run next). Texts are `str.format` templates. Keys are `room.name`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")


@cache
def catalog(room: str) -> dict[str, dict[str, str]]:
    """Every message of one room: name -> texts."""
    import tomllib  # here: a command that lists says nothing, and shall be there at once
    from importlib import resources

    source = resources.files(__name__).joinpath("catalog", f"{room}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def say(language: Language, key: str, kind: Literal["", "next"] = "", /, **params: object) -> str:
    """The text of `key` ("room.name"), filled in; "" when `kind` has no text."""
    room, _, name = key.partition(".")
    texts = catalog(room)[name]
    template = texts.get(f"next_{language}", "") if kind else texts[language]
    return template.format(**params)
