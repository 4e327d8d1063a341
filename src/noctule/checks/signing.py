"""How a provider wants its requests signed: read from a file, from a pack or from a task, and
checked by what the runtime can do."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from noctule.apidoc.model.parts import SecurityScheme
from noctule.json_types import is_object
from noctule.manifest import RequestSigning, SignedText
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noctule.runtime import Signed

MAX_BYTES = 64 * 1024
TEXTS = (
    *("algorithm", "signed", "secret", "key", "encoding", "timestamp", "nonce"),
    *("digest", "digest_algorithm", "digest_encoding"),
)
TABLES = ("headers", "query", "form")


def read_signing(path: Path) -> RequestSigning:
    """The rule in a TOML file. Raises `Problem` (exit 2) with what is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _bad(str(path), f"more than {MAX_BYTES // 1024} KiB")
        keys = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _bad(str(path), error.strerror or "cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(str(path), str(error)) from None
    return signing_of(keys, str(path))


def signing_of(keys: Mapping[str, object], place: str) -> RequestSigning:
    """The rule in the keys of a file, or of a pack's `[auth.sign]`. Raises `Problem` (exit 2)."""
    signing = RequestSigning()
    for name, value in keys.items():
        if name in TEXTS and isinstance(value, str):
            setattr(signing, name, value)
        elif name in TABLES and is_object(value):
            texts = [SignedText(name=key, value=str(text)) for key, text in value.items()]
            setattr(signing, name, texts)
        else:
            raise _bad(place, f"{name}: the keys are {', '.join((*TEXTS, *TABLES))}")
    rule_of(signing, place)
    return signing


def rule_of(signing: RequestSigning, place: str) -> Signed:
    """What the runtime makes of it. Raises `Problem` (exit 2) where that is nothing."""
    from noctule.runtime import ConfigurationError, Signed, env  # few providers sign requests

    try:
        secret = env(signing.secret) if signing.secret else None
        return Signed(secret=secret, **arguments(signing))
    except ConfigurationError as error:
        raise _bad(place, str(error.args[0]).removeprefix("Signed: ")) from None


def arguments(signing: RequestSigning) -> dict[str, Any]:
    """The arguments that differ from the defaults of `Signed`, without the secret."""
    texts = {name: getattr(signing, name) for name in TEXTS if name != "secret"}
    tables = {name: {text.name: text.value for text in getattr(signing, name)} for name in TABLES}
    required = ("algorithm", "signed")
    return {name: v for name, v in (texts | tables).items() if v or name in required}


def variables_of(signing: RequestSigning) -> tuple[str, ...]:
    """The environment variables that it reads, the key's first."""
    rule = rule_of(signing, "signing")
    return tuple(source.name for source in rule.sources)


def scheme_of(signing: RequestSigning, place: str) -> SecurityScheme:
    """It as a scheme of the document, found where the signature is sent."""
    rule = rule_of(signing, place)
    carriers = [("header", rule.headers), ("query", rule.query)]
    where, name = next(
        (where, name)
        for where, texts in carriers
        for name, text in texts.items()
        if "{signature}" in text
    )
    return SecurityScheme(
        "signature",
        "signed",
        where,
        name,
        variables=tuple(source.name for source in rule.sources),
        query=tuple(rule.query),
    )


def _bad(place: str, cause: str) -> Problem:
    return Problem("checks.bad_signing", exit=Exit.USAGE, place=place, cause=cause)
