"""The addresses of an API: `servers`, or Swagger 2's `host` and `basePath`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from noctule.sandbox.stated.parameters import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.node import Node

VARIABLE = re.compile(r"\{([^{}]*)\}")
ORIGIN = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^/]*)?", re.IGNORECASE)
ANY_ORIGIN = "https?://[^/?#]+"


@dataclass(frozen=True, slots=True)
class Address:
    """One base address. The patterns match its origin and its path, whatever its variables are;
    `origin` is None where the document does not say at which host it is."""

    url: str
    origin: str | None
    path: str
    pointer: str


def addresses(root: Node, own: Node | None, source: str) -> tuple[Address, ...]:
    """Of an operation whose servers are listed at `own`, or of the document."""
    if own is None and root.text("swagger"):
        return tuple(_swagger2(root, source))
    listed = own if own is not None else root.at("servers")
    return tuple(_listed(listed, source)) or (_address("", {}, source, root.at("servers").pointer),)


def stated_address(url: str, pointer: str = "") -> Address:
    """An address that is stated elsewhere than in the document."""
    return _address(url, {}, "", pointer)


def _swagger2(root: Node, source: str) -> Iterator[Address]:
    host, path = root.text("host"), root.text("basePath").rstrip("/")
    if not host:
        yield _address(path, {}, source, root.at("basePath").pointer)
        return
    for scheme in texts(root.at("schemes")) or ["https"]:
        yield _address(f"{scheme}://{host}{path}", {}, source, root.at("host").pointer)


def _listed(servers: Node, source: str) -> Iterator[Address]:
    for server in servers.members():
        variables = dict(server.at("variables").entries())
        url = server.text("url")
        leading = VARIABLE.match(url)
        if leading is not None and leading[1] in variables:  # "{root}/v1"
            url = variables[leading[1]].text("default") + url[leading.end() :]
        values = {name: texts(variable.at("enum")) for name, variable in variables.items()}
        for name, variable in variables.items():
            if variable.text("default").startswith("/"):  # "https://api.example.com{path}"
                url = url.replace(f"{{{name}}}", f"/{{{name}}}")
                values[name] = [value.removeprefix("/") for value in values[name]]
        yield _address(url, values, source, server.pointer)


def _address(url: str, values: Mapping[str, list[str]], source: str, pointer: str) -> Address:
    if url.startswith("//"):
        url = f"https:{url}"
    if "://" not in url and urlsplit(source).scheme in ("http", "https"):
        url = urljoin(source, url or "/")
    url = url.partition("?")[0].rstrip("/")
    match = ORIGIN.match(url)
    origin, path = (url[: match.end()], url[match.end() :]) if match else ("", url)
    if leading := VARIABLE.match(path):  # a host, or a whole address, that only the user knows
        path = path[leading.end() :]
    # Nobody loses by more security than was documented.
    pattern = re.sub("^http:", "https?:", _pattern(origin, values, ignore_case=True))
    return Address(url, pattern or None, _pattern(path, values), pointer)


def _pattern(text: str, values: Mapping[str, list[str]], *, ignore_case: bool = False) -> str:
    pieces = VARIABLE.split(text)
    return "".join(
        re.escape(piece.lower() if ignore_case else piece)
        if index % 2 == 0
        else _choice(values.get(piece, []))
        for index, piece in enumerate(pieces)
    )


def _choice(values: list[str]) -> str:
    """A variable: one of its values; with none listed, any text, which may hold slashes."""
    return f"(?:{'|'.join(map(re.escape, values))})" if values else "[^?#]+"
