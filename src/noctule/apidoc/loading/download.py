"""The default way to fetch a document from an address: httpx2, bounded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit

from noctule.apidoc import bounds
from noctule.apidoc.address import is_address, shown
from noctule.apidoc.loading.decode import refuse
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    import httpx2

REDIRECTS = 10
ACCEPT = "application/json, application/yaml;q=0.9, text/yaml;q=0.9, */*;q=0.5"


def fetch(address: str) -> bytes:
    """The bytes behind an http or https address.

    At most 64 MB, 10 s of silence and 60 s in all. Redirects are followed within the origin, and
    from http to https on the same host. Raises Problem: OUTSIDE where the network or the server
    fails, or a redirect leaves the origin; USAGE where the document is too large.
    """
    import httpx2

    if not is_address(address):
        unreachable(address, "only http and https addresses are read")
    headers = {"Accept": ACCEPT, "User-Agent": "noctule"}
    current = address
    try:
        with httpx2.Client(timeout=bounds.TIMEOUT, follow_redirects=False) as client:
            for _ in range(REDIRECTS + 1):
                with client.stream("GET", current, headers=headers) as response:
                    if not response.is_redirect:
                        if not response.is_success:
                            unreachable(address, f"the server answered {response.status_code}")
                        return body_of(response, address)
                    current = redirected(address, current, response.headers["location"])
            unreachable(address, f"more than {REDIRECTS} redirects")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        unreachable(address, str(error) or type(error).__name__)


def redirected(address: str, current: str, location: str) -> str:
    """Where a redirect leads. Another origin may be a machine that only this one can reach."""
    target = urljoin(current, location)
    here, there = urlsplit(current), urlsplit(target)
    upgraded = (here.scheme, there.scheme) == ("http", "https") and _ports(here, there) == (80, 443)
    same = (here.scheme, _ports(here, here)) == (there.scheme, _ports(there, there))
    if here.hostname != there.hostname or not (same or upgraded) or "@" in there.netloc:
        unreachable(address, f"it redirects to another origin: {shown(target)}")
    return target


def _ports(one: SplitResult, other: SplitResult) -> tuple[int, int]:
    usual = {"http": 80, "https": 443}
    first, second = ((each.port or usual.get(each.scheme, 0)) for each in (one, other))
    return first, second


def body_of(response: httpx2.Response, address: str) -> bytes:
    """The body, read in pieces, so that a slow or endless one is given up."""
    until = time.monotonic() + bounds.TOTAL
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > bounds.MAX_BYTES:
            refuse("too_large", shown(address), limit=bounds.MAX_BYTES // 2**20)
        if time.monotonic() > until:
            unreachable(address, f"the document took more than {bounds.TOTAL:.0f} s")
        pieces.append(piece)
    return b"".join(pieces)


def unreachable(address: str, cause: str) -> NoReturn:
    raise Problem("apidoc.unreachable", exit=Exit.OUTSIDE, place=shown(address), cause=cause)
