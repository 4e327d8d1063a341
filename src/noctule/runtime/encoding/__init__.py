"""The encoder of requests: writes the bytes that the provider's own SDK would send."""

from noctule.runtime.encoding.arguments import Encoded, encode
from noctule.runtime.encoding.body import EncodedBody, encode_body
from noctule.runtime.encoding.headers import header, headers
from noctule.runtime.encoding.multipart import File, FormPart
from noctule.runtime.encoding.path import expand_path
from noctule.runtime.encoding.query import form, query
from noctule.runtime.encoding.values import NULL, Null

__all__ = [
    "NULL",
    "Encoded",
    "EncodedBody",
    "File",
    "FormPart",
    "Null",
    "encode",
    "encode_body",
    "expand_path",
    "form",
    "header",
    "headers",
    "query",
]
