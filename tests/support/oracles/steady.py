"""What a client draws at random, made the same each time."""

import re
from dataclasses import replace

from support.oracles.calls import Sent

UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
BOUNDARY = re.compile(r"boundary=\"?([^\";]+)")


def steady(sent: Sent) -> Sent:
    headers = {name: UUID.sub("<uuid>", value) for name, value in sorted(sent.headers.items())}
    body, kind = sent.body, headers.get("content-type", "")
    if drawn := BOUNDARY.search(kind):
        headers["content-type"] = kind.replace(drawn[1], "boundary")
        body = body.replace(drawn[1].encode(), b"boundary")
    return replace(sent, headers=headers, body=body)
