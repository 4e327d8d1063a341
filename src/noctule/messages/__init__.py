"""The catalogue of everything that people read, in English and French.

`catalog/<package>.toml` has one table per message: `en` and `fr`, and optionally `next_en` and
`next_fr` (the command to run next). Texts are `str.format` templates. Keys are `package.name`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")


_TABLE = re.compile(r"^\[(\w+)\]$", re.MULTILINE)


@cache
def catalog(package: str) -> dict[str, dict[str, str]]:
    """Every message of one package: name -> texts."""
    return {name: _texts(package, name) for name in _tables(package)}


def say(language: Language, key: str, kind: Literal["", "next"] = "", /, **params: object) -> str:
    """The text of `key` ("package.name"), filled in; "" if it has no text of that `kind`."""
    package, _, name = key.partition(".")
    texts = _texts(package, name)
    template = texts.get(f"next_{language}", "") if kind else texts[language]
    return template.format(**params)


@cache
def _tables(package: str) -> dict[str, str]:
    """Name -> TOML of each message. A command prints a few of them, and only these are parsed."""
    from importlib import resources  # here: many commands print no message

    source = resources.files(__name__).joinpath("catalog", f"{package}.toml")
    parts = _TABLE.split(source.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def _texts(package: str, name: str) -> dict[str, str]:
    import tomllib

    return tomllib.loads(_tables(package)[name])
