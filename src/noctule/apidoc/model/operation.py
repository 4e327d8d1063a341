"""One operation of the document, read lazily."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from noctule.apidoc.model import openapi3
from noctule.apidoc.model.lazy import lazy
from noctule.apidoc.model.node import Node
from noctule.apidoc.model.parts import Parameter
from noctule.apidoc.model.path_query import VARIABLE, moved, split
from noctule.apidoc.model.schema import Schema
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc.model.parts import (
        ApiResponse,
        RequestBody,
        SecurityScheme,
        Server,
    )

Alternatives = tuple[tuple[str, ...], ...]


class Dialect(Protocol):
    """How one dialect is read; each dialect has a module."""

    METHODS: tuple[str, ...]

    def servers(self, root: Node, /) -> tuple[Server, ...]: ...
    def schemas(self, root: Node, /) -> Mapping[str, Schema]: ...
    def security_schemes(self, root: Node, /) -> Mapping[str, SecurityScheme]: ...
    def parameters(self, operation: Node, path: Node, root: Node, /) -> tuple[Parameter, ...]: ...
    def body(self, operation: Node, path: Node, root: Node, /) -> RequestBody | None: ...
    def responses(self, operation: Node, root: Node, /) -> Mapping[str, ApiResponse]: ...


class ApiOperation:
    """One method on one path. `key` is "POST /v1/charges", or a webhook's name."""

    def __init__(
        self,
        dialect: Dialect,
        root: Node,
        path_item: Node,
        node: Node,
        *,
        method: str,
        path: str,
        key: str = "",
        security: Alternatives | None = None,
    ) -> None:
        self._dialect = dialect
        self._root = root
        self._path_item = path_item
        self.node = node
        self.method = method.upper()
        self.path = path
        self.key = key or f"{self.method} {path}"
        self._chosen_security = security

    def __repr__(self) -> str:
        return f"<ApiOperation {self.key}>"

    @property
    def pointer(self) -> str:
        return self.node.pointer

    @property
    def operation_id(self) -> str:
        """The operationId; "" where the document has none."""
        return self.node.text("operationId")

    @property
    def id(self) -> str:
        """operationId, or a name made from method and path ("get_v1_charges_charge")."""
        words = re.sub(r"\W+", "_", self.path).strip("_")
        return self.operation_id or "_".join(filter(None, (self.method.lower(), words)))

    @property
    def summary(self) -> str:
        return self.node.text("summary") or self._path_item.text("summary")

    @property
    def description(self) -> str:
        return self.node.text("description") or self._path_item.text("description")

    @property
    def tags(self) -> tuple[str, ...]:
        tags = (node.value for node in self.node.at("tags").members())
        return tuple(tag for tag in tags if isinstance(tag, str))

    @property
    def deprecated(self) -> bool:
        return self.node.mapping.get("deprecated") is True

    @property
    def raw(self) -> Mapping[str, Any]:
        return self.node.mapping

    @lazy
    def servers(self) -> tuple[Server, ...]:
        """The operation's own servers, else its path's; () means the document's."""
        return openapi3.servers(self.node) or openapi3.servers(self._path_item)

    @lazy
    def parameters(self) -> tuple[Parameter, ...]:
        """The path's included, also those that only the path names: required texts."""
        every = (*self._declared, *map(self._undeclared, self.undeclared))
        return every if "?" not in self.path else tuple(moved(every, *split(self.path)))

    @lazy
    def _declared(self) -> tuple[Parameter, ...]:
        return self._dialect.parameters(self.node, self._path_item, self._root)

    @property
    def template(self) -> str:
        """The path as it is sent, without its fragment; its variables are those of the path."""
        return split(self.path)[0]

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The variables of the path that no parameter describes."""
        path = self.path.partition("#")[0] if self.path.startswith("/") else ""
        places = ("path", "query") if "?" in path else ("path",)
        declared = {parameter.name for parameter in self._declared if parameter.where in places}
        return tuple(name for name in dict.fromkeys(VARIABLE.findall(path)) if name not in declared)

    def _undeclared(self, name: str) -> Parameter:
        place = Node({"type": "string"}, self.node.file, f"{self.node.path}/parameters/{{{name}}}")
        return Parameter(name, "path", required=True, schema=Schema.of(place))

    @property
    def parameter_nodes(self) -> tuple[Node, ...]:
        """Every parameter as the document has it, the path's first, readable or not."""
        stated = (self._path_item, self.node)
        return tuple(
            written.follow() for node in stated for written in node.at("parameters").members()
        )

    @lazy
    def body(self) -> RequestBody | None:
        return self._dialect.body(self.node, self._path_item, self._root)

    @lazy
    def responses(self) -> Mapping[str, ApiResponse]:
        return MappingProxyType(dict(self._dialect.responses(self.node, self._root)))

    @lazy
    def success(self) -> ApiResponse | None:
        """The answer a caller waits for: the lowest 2xx with a body, else the lowest 2xx, else
        `default` where the document lists nothing but it."""
        good = sorted(status for status in self.responses if status.startswith("2"))
        bodied = [status for status in good if self.responses[status].media]
        if not good and set(self.responses) == {"default"}:
            good = ["default"]
        return self.responses[(bodied or good)[0]] if good else None

    @property
    def errors(self) -> Mapping[str, ApiResponse]:
        """4xx, 5xx and default."""
        return {
            status: response
            for status, response in self.responses.items()
            if status[:1] in ("4", "5") or status == "default"
        }

    @lazy
    def security(self) -> Alternatives:
        """Alternatives of scheme names, all of one alternative needed at once; an optional one
        shows as an empty alternative at the end; () where none is required."""
        if self._chosen_security is not None:
            return self._chosen_security
        own = self.node.mapping.get("security")
        place = self.node if is_list(own) else self._root
        needs = place.at("security").members()
        alternatives = tuple(tuple(map(scheme_name, need.mapping)) for need in needs)
        return tuple(sorted(alternatives, key=lambda names: not names)) if any(alternatives) else ()

    def scopes(self, scheme: str) -> tuple[str, ...]:
        """The scopes that it needs of an OAuth 2 scheme."""
        own = self.node.mapping.get("security")
        place = self.node if is_list(own) else self._root
        lists = (
            scopes
            for need in place.at("security").members()
            for reference, scopes in need.mapping.items()
            if scheme_name(reference) == scheme and is_list(scopes)
        )
        return tuple(dict.fromkeys(s for scopes in lists for s in scopes if isinstance(s, str)))

    @property
    def public(self) -> bool:
        """Whether it is said explicitly that no authentication is needed."""
        if self._chosen_security is not None:
            return not self._chosen_security
        own = self.node.mapping.get("security")
        return is_list(own) and not self.security

    @lazy
    def callbacks(self) -> Mapping[str, ApiOperation]:
        """The requests the provider makes because of this one: "name {expression}" -> delivery."""
        deliveries: dict[str, ApiOperation] = {}
        for name, reference in self.node.at("callbacks").entries():
            for expression, node in reference.follow().entries():
                key = f"{name} {expression}"
                request = delivery(self._dialect, self._root, key, node.follow(), path=expression)
                if request is not None:
                    deliveries[key] = request
        return MappingProxyType(deliveries)


def scheme_name(reference: str) -> str:
    """A scheme's name; OpenAPI 3.2 lets a requirement point to the scheme instead."""
    return reference.partition("#/components/securitySchemes/")[2] or reference


def delivery(
    dialect: Dialect, root: Node, key: str, item: Node, *, path: str
) -> ApiOperation | None:
    """The first method of a path item, as a request the provider makes."""
    for method, node in methods(dialect, item):
        return ApiOperation(dialect, root, item, node, method=method, path=path, key=key)
    return None


def methods(dialect: Dialect, item: Node) -> list[tuple[str, Node]]:
    """The operations of one path item, OpenAPI 3.2's additional ones included."""
    named = [(key, node) for key, node in item.entries() if key.lower() in dialect.METHODS]
    named.extend(item.at("additionalOperations").entries())
    return [(method, node) for method, node in named if is_object(node.value)]
