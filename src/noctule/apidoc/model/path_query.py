"""Paths that hold a query: `/rest?method=photos.list`, `/search?q={text}&page={page}`.

OpenAPI allows none, and many documents have one. What is constant in it belongs to the address;
what is one variable is a parameter of the query, wherever the document says that it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc.model.parts import Parameter

VARIABLE = re.compile(r"\{([^{}]+)\}")


def split(path: str) -> tuple[str, dict[str, str]]:
    """The path as it is sent, without its fragment, which only tells operations apart, and without
    the variables of its query; those by their names in the query."""
    if "?" not in path and "#" not in path:
        return path, {}
    whole, _, query = path.partition("#")[0].partition("?")
    variables: dict[str, str] = {}
    constants: list[str] = []
    for field in filter(None, query.split("&")):
        name, _, value = field.partition("=")
        if name and VARIABLE.fullmatch(value):
            variables[name] = value[1:-1]
        else:
            constants.append(field)
    return "?".join(filter(None, (whole, "&".join(constants)))), variables


def moved(
    parameters: Iterable[Parameter], template: str, variables: Mapping[str, str]
) -> Iterator[Parameter]:
    """The parameters, each in the place where it is sent; none for what the path holds already."""
    parameters = tuple(parameters)
    names = {variable: name for name, variable in variables.items()}
    constants = {field.partition("=")[0] for field in template.partition("?")[2].split("&")}
    given = {parameter.name for parameter in parameters if parameter.where == "query"} | constants
    for parameter in parameters:
        name = names.get(parameter.name, "")
        if parameter.where == "path" and name:
            if name not in given:
                yield replace(parameter, name=name, where="query", style="form", explode=True)
        elif parameter.where != "query" or parameter.name not in constants:
            yield parameter
