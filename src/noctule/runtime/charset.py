"""The text of a response, in the character set that it was written in."""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_PROLOG = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Codecs of Python that are no character sets."""


def decoded_text(content: bytes, content_type: str) -> str:
    """`content` as text. Its byte order mark decides, then the charset of `content_type`, then the
    prolog of XML, then UTF-8; what is not UTF-8 and says nothing is read as Windows-1252, as
    browsers do. Bytes without a meaning become U+FFFD."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    said = stated_charset(content_type) or _of_prolog(content)
    if said:
        return content.decode(said, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def stated_charset(content_type: str) -> str:
    """The character set that a Content-Type names, if Python knows it."""
    match = _CHARSET.search(content_type)
    return _known(match[1]) if match else ""


def _of_prolog(content: bytes) -> str:
    match = _PROLOG.match(content)
    name = _known(match[1].decode("ascii")) if match else ""
    # A prolog that can be read byte by byte is in no encoding of several bytes.
    return "" if name.startswith(("utf-16", "utf-32")) else name


def _known(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        b"a".decode(known, "replace")
    except (LookupError, ValueError):
        return ""
    return "" if known.replace("-", "_") in _NO_CHARSETS else known
