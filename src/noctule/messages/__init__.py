"""The catalogue of everything that people read, in English and French.

`catalog/<package>.toml` has one table per message: `en` and `fr`, and optionally `next_en` and
`next_fr` (the command to run next). Texts are `str.format` templates. Keys are `package.name`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")


@cache
def catalog(package: str) -> dict[str, dict[str, str]]:
    """Every message of one package: name -> texts."""
    import tomllib  # imported here: many commands print no message
    from importlib import resources

    source = resources.files(__name__).joinpath("catalog", f"{package}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def say(language: Language, key: str, kind: Literal["", "next"] = "", /, **params: object) -> str:
    """The text of `key` ("package.name"), filled in; "" if it has no text of that `kind`."""
    package, _, name = key.partition(".")
    texts = catalog(package)[name]
    template = texts.get(f"next_{language}", "") if kind else texts[language]
    return template.format(**params)
