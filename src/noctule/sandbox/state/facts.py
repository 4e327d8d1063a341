"""What is known of one resource, and how it goes into the sample of a schema."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from noctule.apidoc.values.directions import answered
from noctule.apidoc.values.fits import carried, fits
from noctule.json_types import is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Schema

Facts = dict[str, Any]
"""Values of one resource, by `plain` name."""


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """A name without case and separators: `AccountSid` and `account_sid` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def facts_of(values: Mapping[str, Any]) -> Facts:
    return {plain(name): value for name, value in values.items()}


def fill(schema: Schema, sample: Any, facts: Facts) -> Any:
    """`sample`, a value of `schema`, with each fact in the property of its name.

    A fact that does not fit its property is left out, so that the response stays valid; so is what
    the schema says is for requests only.
    """
    if not is_object(sample):
        return sample
    filled = dict(sample)
    for name, prop in schema.properties.items():
        key = plain(name)
        if key not in facts or not carried(prop, request=False):
            continue
        fact = answered(prop, facts[key])
        if is_object(fact) and prop.properties and is_object(filled.get(name)):
            filled[name] = fill(prop, filled[name], facts_of(fact))
        elif fits(prop, fact):
            filled[name] = fact
    return filled
