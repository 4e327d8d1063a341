"""The API document: read, normalise, sample, judge.

Swagger 2.0 and OpenAPI 3.0, 3.1, 3.2, from a file, an address or standard input.
"""

from noctule.apidoc.loading.load import load, parse
from noctule.apidoc.model.document import ApiDocument
from noctule.apidoc.model.keywords import MISSING
from noctule.apidoc.model.operation import ApiOperation
from noctule.apidoc.model.parts import (
    ApiLink,
    ApiResponse,
    Media,
    Parameter,
    RequestBody,
    SecurityScheme,
    Server,
)
from noctule.apidoc.model.schema import Schema
from noctule.apidoc.quality.flaws import flaws
from noctule.apidoc.quality.gaps import Gap, gaps
from noctule.apidoc.quality.score import DocumentScore, findings, score
from noctule.apidoc.values.json_schema import json_schema
from noctule.apidoc.values.sampling import sample

__all__ = [
    "MISSING",
    "ApiDocument",
    "ApiLink",
    "ApiOperation",
    "ApiResponse",
    "DocumentScore",
    "Gap",
    "Media",
    "Parameter",
    "RequestBody",
    "Schema",
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
