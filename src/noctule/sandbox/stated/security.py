"""Security schemes, and who may call an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.json_types import is_list
from noctule.sandbox.stated.parameters import texts

if TYPE_CHECKING:
    from noctule.apidoc.model.node import Node

AWS = frozenset({"awssigv4", "awss3"})


@dataclass(frozen=True, slots=True)
class StatedScheme:
    """One way to authenticate. `place` says what carries it: "authorization basic",
    "header x-api-key", "query key", "cookie session", "signature aws", or "" for what no header
    shows."""

    name: str
    place: str
    flows: tuple[str, ...]
    """Of OAuth 2: "clientCredentials" …"""
    token_url: str
    pointer: str


@dataclass(frozen=True, slots=True)
class StatedNeed:
    """One scheme of an alternative, with the scopes that the operation needs."""

    scheme: str
    scopes: tuple[str, ...]
    pointer: str


def schemes(root: Node) -> dict[str, StatedScheme]:
    stated = root.at("securityDefinitions"), root.at("components", "securitySchemes")
    return {
        name: _scheme(name, node.follow()) for section in stated for name, node in section.entries()
    }


def stated_scheme(name: str, where: str, parameter: str) -> StatedScheme:
    """A scheme that is stated elsewhere than in the document."""
    return StatedScheme(name, _carrier(where, parameter), (), "", "")


def _scheme(name: str, node: Node) -> StatedScheme:
    flows = node.at("flows")
    names = {"application": "clientCredentials", "accessCode": "authorizationCode"}
    flow = names.get(node.text("flow"), node.text("flow"))
    urls = [each.text("tokenUrl") for _, each in flows.entries()]
    return StatedScheme(
        name=name,
        place=_place(node),
        flows=(flow,) if flow else tuple(flows.mapping),
        token_url=node.text("tokenUrl") or next(iter(filter(None, urls)), ""),
        pointer=node.pointer,
    )


def _place(node: Node) -> str:
    match node.text("type"):
        case "apiKey" if node.text("x-amazon-apigateway-authtype").lower() in AWS:
            return "signature aws"
        case "apiKey":
            return _carrier(node.text("in"), node.text("name"))
        case "basic":
            return "authorization basic"
        case "http":
            return f"authorization {node.text('scheme').lower()}"
        case "oauth2" | "openIdConnect":
            return "authorization bearer"
        case _:
            return ""


def _carrier(where: str, name: str) -> str:
    return f"{where} {name.lower() if where in ('header', 'authorization') else name}"


def alternatives(security: Node) -> tuple[tuple[StatedNeed, ...], ...]:
    return tuple(
        tuple(
            StatedNeed(
                reference.partition("#/components/securitySchemes/")[2] or reference,
                tuple(texts(scopes)) if is_list(scopes.value) else (),
                need.pointer,
            )
            for reference, scopes in need.entries()
        )
        for need in security.members()
    )
