"""The variables in a provider's addresses: a region, a tenant, a version.

A value fills the place that the address has for it, and never changes who receives the request: in
a host it is a part of one label, so it holds no slash, no dot, no `@`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_LENGTH = 253
"""Characters of a value: those of a host name."""
_VARIABLE = re.compile(r"\{([^{}]+)\}")
_LABEL, _HOST = r"[A-Za-z0-9_-]+", r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
_SHAPES = {
    "the scheme": re.compile(r"https?"),
    "a label of the host": re.compile(_LABEL),
    "a part of the host": re.compile(_HOST),
    "the host": re.compile(_HOST + r"(:[0-9]{1,5})?"),
    "the port": re.compile(r"[0-9]{1,5}"),
    "a path": re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*"),
    "a segment of the path": re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~!$&'()*+,;=:@-]+"),
    "a part of the path": re.compile(
        r"(?!(.*/)?\.{1,2}(/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?"
    ),
}
"""The place of a variable in an address, and the values that fit there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVariable:
    """A part of an address that the caller chooses, by an argument of the service or an environment
    variable."""

    variable: str = ""
    """The environment variable; an argument comes before it."""
    default: str | None = None
    """None: it has to be given."""
    values: tuple[str, ...] = ()
    """The only values that there are; () for any."""


class ServerVariables:
    """The values for the variables in the addresses of one service."""

    def __init__(
        self, variables: Mapping[str, ServerVariable], given: Mapping[str, str | None]
    ) -> None:
        """Raises `ConfigurationError` for a name that no address has."""
        for name in given:
            if name not in variables:
                known = ", ".join(variables) or "none"
                raise errors.ConfigurationError(f"no variable {name!r}; the variables are: {known}")
        self._variables = variables
        self._given = given

    def fill(self, address: str) -> str:
        """The address with its variables replaced. Raises `ConfigurationError` for a value that is
        missing, is not one of those that there are, or does not fit its place."""
        filled, end = "", 0
        for match, place in _places(address):
            filled += address[end : match.start()] + self._value(match[1], place, address)
            end = match.end()
        return filled + address[end:]

    def _value(self, name: str, place: str, address: str) -> str:
        variable = self._variables.get(name)
        if variable is None:
            raise errors.ConfigurationError(
                f"the address {address} has a variable {name!r} that is"
                " not known: give the whole address"
            )
        value, source = self._given.get(name), f"{name}="
        if value is None and variable.variable:
            value = os.environ.get(variable.variable, "").strip() or None
            source = variable.variable
        if value is None:
            if variable.default is None:
                raise errors.ConfigurationError(_missing(name, variable, address))
            return variable.default
        if variable.values and value not in variable.values:
            known = ", ".join(variable.values)
            raise errors.ConfigurationError(
                f"{source} is {_shown(value)}; it must be one of: {known}"
            )
        place = _allowed(place, variable)
        shape = _SHAPES[place]
        if (
            value != variable.default
            and value not in variable.values
            and (len(value) > MAX_LENGTH or shape.fullmatch(value) is None)
        ):
            raise errors.ConfigurationError(
                f"{source} is {_shown(value)}, which does not fit {place} in {address}"
            )
        return value


def _places(address: str) -> Iterator[tuple[re.Match[str], str]]:
    """The variables of an address, each with the place that it has there."""
    start = address.find("://")
    host = start + 3 if start >= 0 else 0
    slash = address.find("/", host)
    path = len(address) if slash < 0 else slash
    for match in _VARIABLE.finditer(address):
        if match.start() < start:
            yield match, "the scheme"
        elif start < 0 or match.start() > path:
            yield match, "a segment of the path"
        elif address[host:path] == match[0]:
            yield match, "the host"
        elif address[: match.start()].endswith(":") and match.end() == path:
            yield match, "the port"
        elif address[host:path].partition(":")[0] == match[0]:
            yield match, "a part of the host"
        else:
            yield match, "a label of the host"


def _allowed(place: str, variable: ServerVariable) -> str:
    """The shape of a value: it may have several parts where the known values have them."""
    known = [*variable.values, variable.default or ""]
    if place == "a label of the host" and any(value.startswith("/") for value in known):
        return "a path"  # https://api.example.com{path}
    if place == "a label of the host" and any("." in value for value in known):
        return "a part of the host"
    if place == "a segment of the path" and any("/" in value for value in known):
        return "a part of the path"
    return place


def _missing(name: str, variable: ServerVariable, address: str) -> str:
    how = f"the argument {name}"
    if variable.variable:
        how += f", or set {variable.variable}"
    known = f" (one of: {', '.join(variable.values)})" if variable.values else ""
    return f"the address {address} needs a value for {name!r}: give {how}{known}"


def _shown(value: str) -> str:
    """A value for a message; it may be anything."""
    return repr(value if len(value) <= 40 else f"{value[:40]}…")
