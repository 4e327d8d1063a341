"""The default way to fetch a document from an address: standard library, bounded."""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from noctule.apidoc import bounds
from noctule.apidoc.address import is_address, shown
from noctule.apidoc.loading.decode import refuse
from noctule.problem import Exit, Problem

PIECE = 256 * 1024
ACCEPT = "application/json, application/yaml;q=0.9, text/yaml;q=0.9, */*;q=0.5"


class OverHttp(HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(  # the parent's signature
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if not is_address(newurl):
            fp.close()
            unreachable(req.full_url, "it redirects to something that is not http or https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(address: str) -> bytes:
    """The bytes behind an http or https address.

    At most 64 MB, 10 s of silence and 60 s in all. Raises Problem: OUTSIDE where the network or
    the server fails, USAGE where the document is too large.
    """
    if not is_address(address):
        unreachable(address, "only http and https addresses are read")
    headers = {"Accept": ACCEPT, "User-Agent": "noctule"}
    try:
        request = Request(address, headers=headers)  # noqa: S310 - http or https, see above
        with build_opener(OverHttp).open(request, timeout=bounds.TIMEOUT) as answer:
            return whole(answer, address)
    except HTTPError as error:
        with error:
            unreachable(address, f"the server answered {error.code}")
    except URLError as error:
        unreachable(address, str(getattr(error.reason, "strerror", None) or error.reason))
    except (OSError, HTTPException, ValueError) as error:
        unreachable(address, str(error) or type(error).__name__)


def whole(answer: Any, address: str) -> bytes:
    """The answer's body, piece by piece, so that a slow or endless one is given up."""
    until = time.monotonic() + bounds.TOTAL
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(PIECE):
        size += len(piece)
        if size > bounds.MAX_BYTES:
            refuse("too_large", shown(address), limit=bounds.MAX_BYTES // 2**20)
        if time.monotonic() > until:
            unreachable(address, f"the document took more than {bounds.TOTAL:.0f} s")
        pieces.append(piece)
    return b"".join(pieces)


def unreachable(address: str, cause: str) -> NoReturn:
    raise Problem("apidoc.unreachable", exit=Exit.OUTSIDE, place=shown(address), cause=cause)
