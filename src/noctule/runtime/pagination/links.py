"""Links to other pages that may be followed with our credentials."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from noctule.runtime.errors import InvalidResponse

# Dot segments, which urljoin has resolved unless they were escaped.
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def resolve_link(base_url: str, current: str, link: str) -> tuple[str, dict[str, object]]:
    """Path (below `base_url`) and query of `link`, which may be relative to `current`.

    Raises `InvalidResponse` for a link to another origin, or outside the base URL: it would get
    our credentials.
    """
    try:
        target, base = urlsplit(urljoin(current, link)), urlsplit(base_url)
        pairs = parse_qsl(target.query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise InvalidResponse("the address of the next page is not a valid URL") from None
    root = base.path.rstrip("/")
    same = (target.scheme, target.netloc.lower()) == (base.scheme, base.netloc.lower())
    if not same or not target.path.startswith(f"{root}/") or _DOTS.search(target.path):
        raise InvalidResponse("the next page is at another origin")
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    # Escaped, since braces would be parameters, and a line break a second request.
    path = quote(target.path.removeprefix(root), safe="/%:@!$&'()*+,;=-._~")
    return path, {name: values[0] if len(values) == 1 else values for name, values in query.items()}
