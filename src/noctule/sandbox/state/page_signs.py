"""What a page of a list says of the next one, and of the whole list, by the names of its members.

This is a reading of its own: a wrapper's iterator comes from `apidoc.pages`, and what that takes
for a sign must not be one here because of it. A page therefore gives every sign that its members
can give, and all of them say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from noctule.apidoc import sample
from noctule.apidoc.values.fits import fits
from noctule.json_types import is_object
from noctule.sandbox.state.operation_roles import concrete

if TYPE_CHECKING:
    from noctule.apidoc import Schema

Sign = Literal[
    "more", "last", "pages", "total", "number", "offset", "size", "url", "token", "next", "previous"
]
AROUND = frozenset(
    {"meta", "links", "paging", "pagination", "pageinfo", "page", "next", "cursors", "metadata"}
)
"""Objects that are about pages."""
ADDRESSES = frozenset({"href", "url", "uri", "link"})
DEEPEST = 3
_NAMES: tuple[tuple[Sign, str], ...] = (
    ("previous", r".*prev.*|first|first(page|url|link|href)|.*before.*|last(page)?(url|link|href)"),
    ("url", r".*next.*(url|uri|link|href)"),
    (
        "token",
        r".*(cursor|curseur|token|marker|bookmark|continuation|scroll|after).*|next.*(key|id)",
    ),
    ("next", r".*next.*|.*suivant.*"),
    ("pages", r".*(total|num|count|nb).*pages?.*|pages?(total|count)|pages|lastpage"),
    (
        "total",
        r".*total.*|count|.*(items|results|records|num|nb|rows)count|(num(?!ber$)|nb).*|hits|found",
    ),
    ("number", r"(current|this)?page(number|no|num|index|nr)?|number|p|pg"),
    ("offset", r".*offset.*|skip|start(index|at|from)?|from|debut"),
    ("size", r".*(limit|size|perpage|maxresults).*|top|take|rows|count"),
)


def plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def sign(name: str) -> Sign | None:
    """What a name says of pages."""
    text = plain(name)
    return next((each for each, names in _NAMES if re.fullmatch(names, text)), None)


@dataclass(frozen=True, slots=True)
class PageSigns:
    """The signs of one page. What leads to the next one is None at the end."""

    url: str | None
    token: str | None
    serial: int | None
    """A token that is a number."""
    number: int | None
    offset: int | None
    total: int
    pages: int
    current: int
    """Number of this page."""
    position: int
    size: int

    @property
    def more(self) -> bool:
        return self.url is not None

    def written(self, schema: Schema, value: dict[str, Any], depth: int = 0) -> dict[str, Any]:
        """`value` with every sign that its members can give."""
        page = dict(value)
        for name, stated in schema.properties.items():
            member = concrete(stated)
            inside_next = plain(name) in ("next", "nextpage", "suivant")
            if name not in page and member.properties and plain(name) in AROUND:
                page[name] = sample(member, optional=True)
            if is_object(page.get(name)) and member.properties and depth < DEEPEST:
                if inside_next and not self.more:
                    _drop(schema, page, name)
                else:
                    page[name] = self.written(member, page[name], depth + 1)
                    if inside_next:
                        self._lead(member, page[name])
                continue
            self._write(schema, page, name, member)
        return page

    def _lead(self, schema: Schema, following: dict[str, Any]) -> None:
        """Write the address into an object that is about the next page."""
        for name in schema.properties:
            if plain(name) in ADDRESSES and fits(schema.properties[name], self.url):
                following[name] = self.url

    def _write(self, schema: Schema, page: dict[str, Any], name: str, member: Schema) -> None:
        if member.type == "boolean":
            text = plain(name)
            if "more" in text or "next" in text:
                page[name] = self.more
            elif re.fullmatch(r"(is)?(last|final|complete).*", text):
                page[name] = not self.more
            return
        kind = sign(name)
        if kind is None or member.type not in ("string", "integer", "number", "any"):
            return
        value = self._value(kind, name, number=member.type in ("integer", "number"))
        if value is not None and fits(member, value):
            page[name] = value
        elif kind in ("url", "token", "next", "previous"):
            _drop(schema, page, name)

    def _value(self, kind: Sign, name: str, *, number: bool) -> Any:
        """The value of a member; None where there is none."""
        if number:
            leads = "next" in plain(name)
            values: dict[Sign, int | None] = {
                "pages": self.pages,
                "total": self.total,
                "number": self.number if leads else self.current,
                "offset": self.offset if leads else self.position,
                "size": self.size,
                "next": self.offset if "offset" in plain(name) else self.number,
                "token": self.serial,
            }
            return values.get(kind)
        texts: dict[Sign, str | None] = {"url": self.url, "next": self.url, "token": self.token}
        return texts.get(kind)


def _drop(schema: Schema, page: dict[str, Any], name: str) -> None:
    """Say that there is nothing: leave the member out, or null, or an empty text."""
    member = schema.properties[name]
    if name not in schema.required:
        page.pop(name, None)
    elif member.nullable:
        page[name] = None
    elif concrete(member).type == "string":
        page[name] = ""
