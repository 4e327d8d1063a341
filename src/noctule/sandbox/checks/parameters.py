"""The parameters of a request: values in the types of the document, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import msgspec

from noctule.apidoc import Schema
from noctule.sandbox.checks.bodies import TOKENS
from noctule.sandbox.checks.cookies import cookies
from noctule.sandbox.checks.nesting import MixedName, stem
from noctule.sandbox.checks.spelling import Misspelt, in_header, in_path, raw_pairs, spelt
from noctule.sandbox.checks.text_values import read_text
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.schema_shape import properties

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.operation import StatedOperation
    from noctule.sandbox.stated.parameters import StatedParameter


@dataclass(slots=True)
class ParameterValues:
    """By name, for each place; `stated` are the parameters that were sent."""

    path: dict[str, Any] = field(default_factory=dict[str, Any])
    query: dict[str, Any] = field(default_factory=dict[str, Any])
    header: dict[str, Any] = field(default_factory=dict[str, Any])
    cookie: dict[str, Any] = field(default_factory=dict[str, Any])

    def of(self, where: str) -> dict[str, Any]:
        places = {
            "path": self.path, "query": self.query, "header": self.header, "cookie": self.cookie,
        }  # fmt: skip
        return places[where]


class ParameterReader:
    """Reads the parameters of one request."""

    def __init__(
        self,
        operation: StatedOperation,
        path: Mapping[str, str],
        request: IncomingRequest,
        elsewhere: Collection[str],
    ) -> None:
        """`elsewhere` names what the document states outside the operation: credentials."""
        self.values = ParameterValues()
        self.findings: list[RequestFinding] = []
        self._operation = operation
        self._request = request
        self._elsewhere = elsewhere
        self._path = path
        self._cookies = cookies(request)
        self._pairs = raw_pairs(request.target.partition("?")[2])

    def read(self) -> None:
        for parameter in self._operation.parameters:
            try:
                value = self._value(parameter)
            except (Misspelt, MixedName) as error:
                self._find("style", parameter, f"{parameter.where} {error}", parameter.spelling)
            except msgspec.DecodeError:
                sent = f"{parameter.where} {parameter.name}"
                self._find("style", parameter, sent, parameter.media)
            else:
                if value is not None:
                    schema = Schema.of(parameter.schema)
                    self.values.of(parameter.where)[parameter.name] = read_text(schema, value)
                elif parameter.required and not self._is_sent_as_credential(parameter):
                    sent = f"{parameter.where} {parameter.name}"
                    self._find("missing", parameter, "", sent)
        self._undeclared()

    def _find(self, kind: Any, parameter: StatedParameter, sent: str, documented: str) -> None:
        found = RequestFinding(kind, self._operation.key, sent, documented, parameter.pointer)
        self.findings.append(found)

    def _value(self, parameter: StatedParameter) -> Any:
        """The value, its leaves as text; None where it was not sent."""
        name = parameter.name
        match parameter.where:
            case "path":
                return in_path(parameter, self._path[name]) if name in self._path else None
            case "header":
                text = self._request.headers.get(name.lower())
                if text is not None and "json" in parameter.media:
                    return msgspec.json.decode(text)
                return None if text is None else in_header(parameter, text)
            case "cookie":
                pairs = [(key, value) for key, value in self._cookies.items()]
            case _:
                pairs = self._pairs
        own = [pair for pair in pairs if pair[0] == name or pair[0].startswith(f"{name}[")]
        if own and parameter.media:
            text = unquote_plus(own[0][1])
            return msgspec.json.decode(text) if "json" in parameter.media else text
        if own:
            return spelt(name, parameter.style, parameter.explode, parameter.shape, own)
        members = self._members(parameter)
        return {key: unquote_plus(raw) for key, raw in pairs if key in members} or None

    def _members(self, parameter: StatedParameter) -> Collection[str]:
        """The names of an object whose members are parameters each."""
        if parameter.shape != "object" or not parameter.explode or parameter.style != "form":
            return ()
        named = properties(parameter.schema)
        if named and "additionalProperties" not in parameter.schema.follow().mapping:
            return named
        others = {each.name for each in self._operation.within(parameter.where)}
        return {key for key, _ in self._pairs if key not in others} | named.keys()

    def _is_sent_as_credential(self, parameter: StatedParameter) -> bool:
        """Whether it is a token that was sent as a credential: some documents ask for it twice."""
        named = parameter.name.lower() in TOKENS and parameter.where != "path"
        return named and "authorization" in self._request.headers

    def _undeclared(self) -> None:
        """Names that are not in the document: the provider would ignore them."""
        for where, sent in (("query", [key for key, _ in self._pairs]), ("cookie", self._cookies)):
            stated = self._operation.within(where)
            names = {each.name for each in stated} | {*self._elsewhere}
            names |= {member for each in stated for member in self._members(each)}
            names |= {key for key, _ in raw_pairs(self._operation.path.partition("?")[2])}
            for key in dict.fromkeys(sent):
                if not names & {key, stem(key)}:
                    has = ", ".join(each.name for each in stated) or "none"
                    pointer = self._operation.pointer
                    self.findings.append(
                        RequestFinding(
                            "undeclared", self._operation.key, f"{where} {key}", has, pointer
                        )
                    )
