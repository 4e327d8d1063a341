"""The Link header (RFC 8288)."""

from __future__ import annotations

import re

MAX_HEADER = 16 * 1024

_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;<>]+)"
_LINK = re.compile(
    rf"<([^<>]*)>((?:\s{{0,8}};\s{{0,8}}[\w!#$&+^`|~*.-]+(?:\s{{0,8}}=\s{{0,8}}{_VALUE})?)*)"
)
_PARAMETER = re.compile(rf";\s{{0,8}}([\w!#$&+^`|~*.-]+)\s{{0,8}}=\s{{0,8}}({_VALUE})")


def find_link(header: str, relation: str = "next") -> str | None:
    """The first target of `relation` in a Link header; None when there is none."""
    for link in _LINK.finditer(header[:MAX_HEADER]):
        for name, value in _PARAMETER.findall(link[2]):
            if name.lower() == "rel" and relation in value.strip('"').lower().split():
                return link[1]
    return None
