"""What the judges read: the document, without what OpenAPI tells to ignore, and amended where it is
known to be wrong."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from support.paths import DATA

AMENDMENTS = DATA / "readings" / "amendments.toml"


@cache
def amendments() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(AMENDMENTS.read_text())["amendment"])


def amended(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """The document, changed in place. Raises ValueError for an amendment that changes nothing."""
    _without_ignored(document)
    for entry in amendments():
        if name in entry["documents"] and not _changed(document, entry):
            raise ValueError(f"{name}: the document says already: {entry['reason']}")
    return document


def _changed(document: dict[str, Any], entry: dict[str, Any]) -> bool:
    if "optional" in entry:
        return _optional(document, entry["optional"]) > 0
    if "dangling" in entry:
        return _without_dangling(document, tuple(entry["dangling"])) > 0
    return _replaced(document, entry["pointer"], entry["value"])


def _without_ignored(node: Any) -> None:
    """Remove parameters that "shall be ignored" (OpenAPI, "Parameter Object"), and the defaults of
    the others, which judges check as if they were sent."""
    if isinstance(node, list):
        node[:] = [item for item in node if not _is_ignored(item)]
        for item in node:
            _without_ignored(item)
    elif isinstance(node, dict):
        if node.get("in") in PLACES and isinstance(node.get("schema"), dict):
            node["schema"].pop("default", None)
        for item in node.values():
            _without_ignored(item)


def _is_ignored(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("in") == "header"
        and str(item.get("name")).lower() in IGNORED
    )


IGNORED = ("accept", "authorization", "content-type")
PLACES = ("path", "query", "header", "cookie")


def _without_dangling(node: Any, start: tuple[str, ...]) -> int:
    """Remove the discriminators that lead to places that begin so; how many there were."""
    if isinstance(node, list):
        return sum(_without_dangling(item, start) for item in node)
    if not isinstance(node, dict):
        return 0
    changed = sum(_without_dangling(item, start) for item in node.values())
    discriminator = node.get("discriminator")
    targets = discriminator.get("mapping", {}) if isinstance(discriminator, dict) else {}
    if any(str(target).startswith(start) for target in targets.values()):
        del node["discriminator"]
        changed += 1
    return changed


def _optional(node: Any, name: str) -> int:
    """Make each parameter and each property of this name optional; how many there were."""
    if isinstance(node, list):
        return sum(_optional(item, name) for item in node)
    if not isinstance(node, dict):
        return 0
    changed = 0
    if node.get("name") == name and node.get("required") is True:
        node["required"] = False
        changed += 1
    if isinstance(node.get("required"), list) and name in node["required"]:
        node["required"].remove(name)
        changed += 1
    changed += sum(_optional(item, name) for item in node.values())
    body = node.get("requestBody")
    if isinstance(body, dict) and not any(
        media.get("schema", {}).get("required") for media in body.get("content", {}).values()
    ):
        body["required"] = False
    return changed


def _replaced(document: dict[str, Any], pointer: str, value: object) -> bool:
    *parents, last = pointer.split("/")[1:]
    node: Any = document
    for part in parents:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node[int(name)] if isinstance(node, list) else node[name]
    changed = node.get(last) != value
    node[last] = value
    return changed
