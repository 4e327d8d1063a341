"""The API document: read, normalise, sample, judge.

Swagger 2.0 and OpenAPI 3.0, 3.1, 3.2, from a file, an address or standard input.
"""

from noctule.apidoc.document import ApiDocument
from noctule.apidoc.flaws import flaws
from noctule.apidoc.gaps import Gap, gaps
from noctule.apidoc.operation import Operation
from noctule.apidoc.parts import (
    Link,
    Media,
    Parameter,
    RequestBody,
    Response,
    SecurityScheme,
    Server,
)
from noctule.apidoc.sampling import sample
from noctule.apidoc.schema import MISSING, Schema
from noctule.apidoc.score import Score, findings, score
from noctule.apidoc.source import load, parse
from noctule.apidoc.validation import json_schema

__all__ = [
    "MISSING",
    "ApiDocument",
    "Gap",
    "Link",
    "Media",
    "Operation",
    "Parameter",
    "RequestBody",
    "Response",
    "Schema",
    "Score",
    "SecurityScheme",
    "Server",
    "findings",
    "flaws",
    "gaps",
    "json_schema",
    "load",
    "parse",
    "sample",
    "score",
]
