"""What a document of an AWS service says of the signatures that its schemes ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HOST = re.compile(
    r"(?P<service>.+?)(?:[.-](?:us-gov|[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}))?"
    r"\.(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws|aws\.amazon\.com)"
)
SIGV4 = frozenset({"awssigv4", "awss3"})
"""The kinds of `x-amazon-apigateway-authtype`, in lower case, that mean Signature Version 4."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def signing_service(info: Mapping[str, object], addresses: Iterable[str]) -> tuple[str, str]:
    """The service in the scope of its credentials, and the address that tells its region. "" where
    no server is at AWS: a signature for another host needs a region that no document states.

    Without `x-aws-signingName` it is what the host begins with, as in the AWS SDKs.
    """
    for address in addresses:
        host = _HOST.fullmatch(urlsplit(address).hostname or "")
        if host is None:
            continue
        names = (info.get("x-aws-signingName"), host["service"], info.get("x-serviceName"))
        texts = (name for name in names if isinstance(name, str))
        return next(filter(_NAME.fullmatch, texts), ""), address
    return "", ""
