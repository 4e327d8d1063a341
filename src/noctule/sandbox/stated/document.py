"""The operations of a document by method and path, as the document states them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from noctule.sandbox.stated.addresses import Address, addresses, stated_address
from noctule.sandbox.stated.operation import StatedOperation
from noctule.sandbox.stated.security import StatedNeed, alternatives, schemes, stated_scheme

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.apidoc.model.node import Node
    from noctule.sandbox.stated.security import StatedScheme


class StatedDocument:
    """One document; its operations are read when they are asked for."""

    def __init__(self, document: ApiDocument) -> None:
        self._root = document.root
        self._source = document.source
        self._choices = document.choices
        self.schemes: dict[str, StatedScheme] = schemes(self._root)
        if (chosen := document.choices.scheme) is not None:
            where = chosen.where or "authorization"
            name = chosen.parameter or chosen.scheme
            self.schemes[chosen.name] = stated_scheme(chosen.name, where, name)
        self._operations: dict[str, StatedOperation] = {}
        self._paths: dict[str, Node] = {}
        for path, node in self._root.at("paths").entries():
            self._paths.setdefault(path if path.startswith("/") else f"/{path}", node)

    @property
    def signed_query(self) -> tuple[str, ...]:
        """What a declared signature adds to the query."""
        return self._choices.scheme.query if self._choices.scheme is not None else ()

    def operation(self, key: str) -> StatedOperation:
        """The operation of "POST /v1/charges"."""
        if key not in self._operations:
            method, _, path = key.partition(" ")
            item = self._paths[path].follow()
            self._operations[key] = StatedOperation(self._root, item, method, path)
        return self._operations[key]

    def all_addresses(self) -> tuple[Address, ...]:
        """Of the document, and of every path and operation that has its own."""
        listed: list[Node | None] = [None]
        for item in self._paths.values():
            node = item.follow()
            listed.append(node.at("servers"))
            listed += [each.at("servers") for _, each in node.entries()]
        stated = (servers for servers in listed if servers is None or servers.value)
        return tuple(each for node in stated for each in addresses(self._root, node, self._source))

    def addresses(self, operation: StatedOperation) -> tuple[Address, ...]:
        """The addresses at which the operation is; what a person said of the production server goes
        before what the document says."""
        stated = addresses(self._root, operation.servers, self._source)
        if operation.servers is not None or not self._choices.server:
            return stated
        return (stated_address(self._choices.server, stated[0].pointer), *stated)

    def needs(self, operation: StatedOperation) -> tuple[tuple[StatedNeed, ...], ...]:
        """Who may call the operation, in alternatives; a person may have said it of all of them."""
        chosen = self._choices.scheme
        if self._choices.public or chosen is None or self.is_public(operation):
            return operation.security
        return ((StatedNeed(chosen.name, (), operation.pointer),),)

    def is_public(self, operation: StatedOperation) -> bool:
        """Whether it is said that the operation needs no credential. Where that is said of every
        operation, and a person names a credential, it means nothing."""
        if self._choices.public:
            return True
        return operation.is_public and (self._choices.scheme is None or self._is_secured)

    @cached_property
    def _is_secured(self) -> bool:
        items = (item.follow() for item in self._paths.values())
        stated = (each.at("security") for item in items for _, each in item.entries())
        return any(any(alternatives(node)) for node in (self._root.at("security"), *stated))
