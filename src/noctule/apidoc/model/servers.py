"""The servers of a document: their variables, and which of several is the production server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from msgspec.structs import replace

from noctule.apidoc.address import is_local
from noctule.apidoc.model.parts import AddressVariable, Server
from noctule.json_types import is_list
from noctule.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from noctule.apidoc.model.node import Node

VARIABLE = re.compile(r"\{([^{}]+)\}")
MAX_VALUES = 200
"""Values of one variable that are read."""
_PLACEHOLDER = re.compile(
    r"(your|my)[-_ ]?[a-z].*|<.*>|\{.*\}|x{3,}|example|placeholder", re.IGNORECASE
)
_SANDBOX = frozenset(
    {"sandbox", "test", "tests", "testing", "staging", "stage", "stg", "dev", "devel",
     "development", "demo", "mock", "mocks", "uat", "qa", "qual", "preprod", "preproduction",
     "recette", "integration", "acceptance", "playground", "trial", "simulator", "simulation",
     "bac", "essai", "essais", "developpement", "qualification", "homologation", "cert",
     "certification"}
)  # fmt: skip
_LOCAL = frozenset({"local", "localhost"})
_RETIRED = frozenset({"deprecated", "legacy", "obsolete", "old", "retired"})
_PRODUCTION = frozenset(
    {"production", "prod", "prd", "live", "main", "primary", "default", "principal"}
)
_WORD = re.compile(r"[a-z0-9]+")


def server(node: Node) -> Server:
    """One server of an OpenAPI 3 document."""
    template = node.text("url").strip()
    described = node.at("variables")
    names = dict.fromkeys(VARIABLE.findall(template))
    variables = tuple(_variable(name, described.at(name)) for name in names)
    if _is_broken(_filled(template, variables)):
        variables = tuple(
            replace(variable, default=variable.default or None) for variable in variables
        )
    description = node.text("description") or node.text("name")
    return Server(_filled(template, variables), description, template if names else "", variables)


def from_template(template: str) -> Server:
    """A server that somebody names, whose variables are all to be given."""
    variables = tuple(AddressVariable(name) for name in dict.fromkeys(VARIABLE.findall(template)))
    return Server(template, template=template if variables else "", variables=variables)


def _variable(name: str, node: Node) -> AddressVariable:
    raw = node.mapping.get("enum")
    members = raw[:MAX_VALUES] if is_list(raw) else ()
    values = tuple(dict.fromkeys(str(value) for value in members if isinstance(value, str | int)))
    default = node.mapping.get("default")
    text = str(default) if isinstance(default, str | int) else None
    if text is None and len(values) == 1:
        text = values[0]
    if text is not None and not values and _is_placeholder(text, name):
        text = None
    if text is not None and values and text not in values:
        values = (text, *values)
    return AddressVariable(name, text, values, node.text("description"))


def _is_placeholder(text: str, name: str) -> bool:
    """Whether a default only shows where something belongs: "your-domain", "{tenant}"."""
    plain = fold(text).replace("-", "").replace("_", "")
    own = fold(name).replace("-", "").replace("_", "")
    return plain == own or _PLACEHOLDER.fullmatch(text) is not None


def _filled(template: str, variables: Iterable[AddressVariable]) -> str:
    defaults = {variable.name: variable.default for variable in variables}

    def default(match: re.Match[str]) -> str:
        text = defaults.get(match[1])
        return match[0] if text is None else text

    return VARIABLE.sub(default, template)


def example_url(one: Server) -> str:
    """An address that the server may have."""
    examples = {variable.name: variable.example for variable in one.variables}
    return VARIABLE.sub(lambda match: examples[match[1]], one.address)


def _is_broken(url: str) -> bool:
    """Whether an empty default leaves a hole in the host."""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    return "://" in url and not all(host.split("."))


def seen_from(one: Server, base: str) -> Server:
    """The server with its address seen from the document's."""
    url = absolute(one.url, base)
    moved = one.template and url != one.url
    return replace(one, url=url, template=absolute(one.template, base) if moved else one.template)


def absolute(url: str, base: str) -> str:
    """A server's address seen from the document's; https where only the host is named."""
    if re.match(r"[^/?#]*://", url):
        return url
    if base:
        return urljoin(base, url)
    return f"https:{url}" if url.startswith("//") else url


def candidates(servers: Iterable[Server]) -> tuple[Server, ...]:
    """The servers that could be the production server: absolute ones, each once, by https where the
    document lists that host so, too."""
    distinct: dict[str, Server] = {}
    for one in servers:
        if "://" in one.url:
            key = one.url.partition("://")[2].rstrip("/")
            known = distinct.get(key)
            if known is None:
                distinct[key] = one
            elif one.url.startswith("https:") and known.url.startswith("http:"):
                described = one.description or known.description
                distinct[key] = replace(one, description=described)
    return tuple(distinct.values())


def production(servers: Sequence[Server]) -> tuple[Server, ...]:
    """The server that is for production; several where the document does not tell, () without an
    absolute address. Descriptions and host names decide, never the order."""
    possible = candidates(servers)
    if len(possible) < 2:
        return possible
    kinds = {one: _kind(one) for one in possible}
    for accepted in (("production",), ("",)):
        chosen = tuple(one for one in possible if kinds[one] in accepted)
        if chosen:
            return chosen
    return possible


def sandboxes(servers: Sequence[Server]) -> tuple[Server, ...]:
    """The servers that are there to test against."""
    return tuple(one for one in candidates(servers) if _kind(one) == "sandbox")


def nearest_to(main: Server | None, servers: Sequence[Server]) -> tuple[Server, ...]:
    """Of several servers of an operation, the one that goes with the chosen one ("eu" with "eu");
    all of them where none or several do."""
    if main is None or len(servers) < 2:
        return tuple(servers)
    wanted = _host_words(main).keys()
    shared = [len(wanted & _host_words(one).keys()) for one in servers]
    best = [one for one, count in zip(servers, shared, strict=True) if count == max(shared)]
    return tuple(best) if len(best) == 1 else tuple(servers)


def named(servers: Sequence[Server], name: str) -> tuple[Server, ...]:
    """The servers that a person means: by number (from 1), address, host, description, or a word of
    the host or the description."""
    if name.isdecimal():
        number = int(name)
        return (servers[number - 1],) if 0 < number <= len(servers) else ()
    wanted = fold(name).rstrip("/")
    tests: tuple[Callable[[Server], bool], ...] = (
        lambda one: wanted in (fold(one.address).rstrip("/"), fold(one.url).rstrip("/")),
        lambda one: wanted == fold(one.url.partition("://")[2].partition("/")[0]),
        lambda one: wanted == fold(one.description),
        lambda one: wanted == _kind(one),
        lambda one: wanted in {*_words(one.description), *_host_words(one)},
        lambda one: bool(wanted) and wanted in fold(one.description),
    )
    for test in tests if wanted else ():
        if matches := candidates(filter(test, servers)):
            return matches
    return ()


def _kind(one: Server) -> str:
    """ "production", "sandbox", "local", "retired", or "" where nothing is said. Its description
    counts first, and in it the word that comes first: "Live. To test, use …"."""
    if is_local(one.url):
        return "local"
    for texts in (_words(one.description), _host_words(one)):
        for word in texts:
            if word in _PRODUCTION:
                return "production"
            if word in _SANDBOX:
                return "sandbox"
            if word in _LOCAL:
                return "local"
            if word in _RETIRED:
                return "retired"
    return ""


def _words(text: str) -> list[str]:
    folded = fold(text).replace("pre-prod", "preprod").replace("non-prod", "sandbox")
    return _WORD.findall(folded.replace("pre prod", "preprod").replace("non prod", "sandbox"))


def _host_words(one: Server) -> dict[str, None]:
    """The words of host and path, without the top-level domain."""
    host, _, path = one.url.partition("://")[2].partition("/")
    labels = host.partition(":")[0].rsplit(".", 1)[0]
    return dict.fromkeys(_words(f"{labels} {path}"))


def host_pattern(one: Server) -> re.Pattern[str]:
    """The hosts (with ports) that the server may have, by the values of its variables."""
    values = {variable.name.lower(): variable.values for variable in one.variables}
    pieces = VARIABLE.split(one.address.partition("://")[2].partition("/")[0].lower())
    return re.compile(
        "".join(
            _alternatives(values.get(piece, ())) if index % 2 else re.escape(piece)
            for index, piece in enumerate(pieces)
        )
    )


def _alternatives(values: tuple[str, ...]) -> str:
    listed = "|".join(re.escape(value.lower()) for value in values)
    return f"(?:{listed})" if values else "[^/@]+"
