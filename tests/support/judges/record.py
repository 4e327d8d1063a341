"""Records what the providers' own libraries say of deliveries: `make golden-signatures`.

noctule signs, or the library does where it can; the library judges each delivery, and so does
noctule. Where the two differ the reason has to be known (DIFFERENCES), or nothing is written. The
libraries lie in a git-ignored folder, with their clocks at the time of the delivery; nothing they
do reaches the network.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from noctule.webhooks import Rejection, WebhookRequest
from noctule.webhooks.testing import publish
from noctule.webhooks.verification.verify import verify_blocking
from support.judges.cases import Delivery, false, genuine, ready
from support.judges.differences import DIFFERENCES
from support.judges.libraries import LIBRARIES, asked, version
from support.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDED = DATA / "webhooks" / "judged"


def ours(name: str, one: Delivery) -> bool:
    scheme = ready(name)
    publish(scheme, one.key)
    request = WebhookRequest("POST", one.url, one.headers, one.body.encode())
    try:
        verify_blocking(scheme, request, [one.key.secret], one.now)
    except Rejection:
        return False
    return True


def deliveries(name: str) -> list[Delivery]:
    """Genuine ones, those that the library signed, and false ones."""
    true = genuine(name)
    theirs = [
        replace(one, case=f"{one.case}, signed by the library", headers=one.headers | headers)
        for one, headers in zip(true, asked(name, "sign", true), strict=True)
        if headers
    ]
    return [*true, *theirs, *false(name, true[0])]


def record(name: str) -> str:
    """Write the file of one provider; a line about it. Raises SystemExit."""
    found = deliveries(name)
    judged = list(zip(found, asked(name, "judge", found), strict=True))
    reasons = DIFFERENCES.get(name, {})
    differing = {one.case for one, said in judged if said != ours(name, one)}
    if differing != set(reasons):
        raise SystemExit(f"{name}: we differ in {sorted(differing)}, known is {sorted(reasons)}")
    data = {
        "library": version(name),
        "note": "a throwaway key, made for this file",
        "secret": found[0].key.secret,
        "document": found[0].key.document.decode(),
        "differences": reasons,
        "deliveries": list(_written(judged)),
    }
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (RECORDED / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return f"{name:18} {data['library']:44} {len(found):2} deliveries, {len(reasons)} differences"


def _written(judged: list[tuple[Delivery, bool]]) -> Iterable[dict[str, Any]]:
    """What each has of its own: the rest is the first one's."""
    first = judged[0][0]
    for one, said in judged:
        own: dict[str, Any] = {"case": one.case, "library": said}
        for part in ("now", "url", "headers", "body"):
            if one is first or getattr(one, part) != getattr(first, part):
                own[part] = getattr(one, part)
        if one.key != first.key:
            own |= {"secret": one.key.secret, "document": one.key.document.decode()}
        yield own


def main(names: list[str]) -> None:
    RECORDED.mkdir(parents=True, exist_ok=True)
    for name in names or LIBRARIES:
        print(record(name))


if __name__ == "__main__":
    main(sys.argv[1:])
