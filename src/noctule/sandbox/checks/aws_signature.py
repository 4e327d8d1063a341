"""Whether a request carries a signature of AWS, version 4, that covers what AWS wants covered.

The signature itself is not recomputed here: the secret key is the caller's.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.sandbox.http.connection import IncomingRequest

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/,\s]+/(?P<day>\d{8})/[\w-]+/[\w-]+/aws4_request, ?"
    r"SignedHeaders=(?P<names>[^\s,]+), ?Signature=[0-9a-f]{64}",
    re.ASCII,
)
_DATE = re.compile(r"(\d{8})T\d{6}Z", re.ASCII)


def is_signed_for_aws(request: IncomingRequest) -> bool:
    """The date is that of the scope; host, content type and all `x-amz-` headers are signed, in the
    order of their names; a hash of the body is the body's."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    date = _DATE.fullmatch(request.headers.get("x-amz-date", ""))
    if found is None or date is None or date[1] != found["day"]:
        return False
    names = found["names"].split(";")
    sent = {name.lower() for name in request.headers}
    wanted = {name for name in sent if name.startswith("x-amz-")} | {"host"}
    if "content-type" in sent:
        wanted.add("content-type")
    stated = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    hashed = stated in ("UNSIGNED-PAYLOAD", hashlib.sha256(request.body).hexdigest())
    return names == sorted(names) and wanted <= {*names} <= sent and hashed
