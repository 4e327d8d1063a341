"""One operation as the document states it, whether in OpenAPI 3 or in Swagger 2."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from noctule.json_types import is_list
from noctule.sandbox.stated.bodies import StatedBody, StatedResponse, request_body, responses
from noctule.sandbox.stated.parameters import StatedParameter, in_template, parameters
from noctule.sandbox.stated.security import StatedNeed, alternatives

if TYPE_CHECKING:
    from noctule.apidoc.model.node import Node


class StatedOperation:
    """What a request for it must be, and what it may be answered with. `key` is "GET /items"."""

    def __init__(self, root: Node, item: Node, method: str, path: str) -> None:
        self._root = root
        self._item = item
        self.key = f"{method} {path}"
        self.method = method
        self.path = path
        names = {name.upper(): name for name in item.mapping}
        self.node = (
            item.at(names[method]) if method in names else item.at("additionalOperations", method)
        )

    @property
    def pointer(self) -> str:
        return self.node.pointer

    @cached_property
    def servers(self) -> Node | None:
        """Where its servers are listed: at itself, or at its path; None for the document's."""
        stated = (self.node.at("servers"), self._item.at("servers"))
        return next((node for node in stated if is_list(node.value) and node.value), None)

    @cached_property
    def security(self) -> tuple[tuple[StatedNeed, ...], ...]:
        """Who may call it: alternatives, each of which needs all of its schemes."""
        own = self.node.at("security")
        return alternatives(own if is_list(own.value) else self._root.at("security"))

    @property
    def is_public(self) -> bool:
        """Whether it says of itself that it needs no credential."""
        own = self.node.mapping.get("security")
        return is_list(own) and not any(own)

    @cached_property
    def security_pointer(self) -> str:
        own = self.node.at("security")
        return own.pointer if is_list(own.value) else self._root.at("security").pointer

    @cached_property
    def parameters(self) -> tuple[StatedParameter, ...]:
        """Those of the query, the path, the header and the cookies."""
        return in_template(self.path, parameters(self.node, self._item), self.node)

    def within(self, where: str) -> list[StatedParameter]:
        return [parameter for parameter in self.parameters if parameter.where == where]

    @cached_property
    def body(self) -> StatedBody | None:
        return request_body(self._root, self.node, self._item)

    @cached_property
    def responses(self) -> tuple[StatedResponse, ...]:
        """In the document's order."""
        return responses(self._root, self.node)

    @property
    def successes(self) -> tuple[StatedResponse, ...]:
        """Every documented 2xx; what is documented for any status where there is none."""
        found = tuple(response for response in self.responses if response.status[0] == "2")
        others = tuple(response for response in self.responses if response.status == "default")
        return found or others
