"""Values for the arguments of a method, taken from what the document states of its operation.

Which argument stands for which parameter is the plan's; what the parameter is, and may hold, is
read from the document again, so that a parameter that was misread shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import Schema, sample
from noctule.apidoc.values.fits import fits
from noctule.json_types import is_list, is_object
from noctule.proving.proven_method import Given
from noctule.sandbox.stated.bodies import essence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.codegen.model.integration import Method
    from noctule.sandbox.stated.bodies import StatedMedia
    from noctule.sandbox.stated.operation import StatedOperation
    from noctule.sandbox.stated.parameters import StatedParameter

TYPES: Mapping[str, str] = {
    "json": "application/json",
    "merge-patch": "application/merge-patch+json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "text": "text/plain",
    "bytes": "application/octet-stream",
    "lines": "application/x-ndjson",
}
"""Kind of body -> its usual media type."""
NOTHING: tuple[Any, ...] = ({}, [], [None])
ANY_TEXT = "string"
"""The sample of a text of which the document says nothing more."""
CONTENT = "content"
"""A body, or a file, of no particular form."""


def values(operation: StatedOperation, method: Method, *, every: bool = False) -> list[Given]:
    """Of a smallest valid request, or, with `every`, of one that has everything: all parameters and
    members, and two elements in each list."""
    parameters = [
        given
        for parameter in operation.parameters
        for given in (_parameter(parameter, every=every),)
        if parameter.required or (every and _can_be_written(parameter, given.value))
    ]
    media = _media(operation, method)
    return [*parameters, *(_body(media, method, every=every) if media is not None else ())]


def _parameter(parameter: StatedParameter, *, every: bool) -> Given:
    schema = Schema.of(parameter.schema)
    value = _value(parameter.name, schema, every=every or parameter.required)
    documented = parameter.media or parameter.spelling
    spellable = _spellable(schema, value) if parameter.required else value
    return Given(parameter.where, parameter.name, spellable, documented, parameter.pointer)


def _can_be_written(parameter: StatedParameter, value: Any) -> bool:
    """Whether the value fits its own schema, which nothing may, and the document says how it is
    written: of a list in an object it does not."""
    if not fits(Schema.of(parameter.schema), value, request=True):
        return False
    inside = value.values() if is_object(value) else value if is_list(value) else ()
    return bool(parameter.media) or not any(is_object(each) or is_list(each) for each in inside)


def _media(operation: StatedOperation, method: Method) -> StatedMedia | None:
    """The documented body of the media type that the method sends; else the first one."""
    if operation.body is None or method.body is None:
        return None
    wanted = essence(method.content_type) or TYPES.get(method.body, "")
    stated = operation.body.media
    return next((media for media in stated if media.essence == wanted), next(iter(stated), None))


def _body(media: StatedMedia, method: Method, *, every: bool) -> Iterator[Given]:
    def given(name: str, value: Any, *, whole: bool = False) -> Given:
        return Given("body", name, value, media.type, media.pointer, whole)

    if method.body in ("text", "bytes"):
        yield given("", CONTENT, whole=True)
        return
    if media.schema is None:
        return
    schema = Schema.of(media.schema)
    body = sample(schema, request=True, optional=every)
    if method.body == "lines":
        yield given("", body if is_list(body) and not media.streams else [body], whole=True)
        return
    if any(param.role == "whole" for param in method.params):
        yield given("", body, whole=True)
    elif is_object(body):
        for name, value in body.items():
            member = schema.properties.get(name)
            if method.body in ("form", "multipart") and member is not None:
                value = _telling(name, member, value) if every else value
                value = _spellable(member, value)
            yield given(name, value)


def _value(name: str, schema: Schema, *, every: bool) -> Any:
    value = sample(schema, request=True, optional=every)
    return _telling(name, schema, value) if every else value


def _telling(name: str, schema: Schema, value: Any) -> Any:
    """A value that tells of which parameter it is: its name, where it is any text. Two elements in
    a list tell the styles of lists apart."""
    if schema.type == "string":
        return name if value == ANY_TEXT and fits(schema, name, request=True) else value
    if schema.type != "array" or schema.items is None or not is_list(value):
        return value
    element = value[0] if value else sample(schema.items, request=True)
    untyped = schema.items.type == "any" and element in (None, {}, [])
    element = name if untyped else _telling(name, schema.items, element)
    others = [*schema.items.enum, f"{element}2" if isinstance(element, str) else element]
    for second in others:
        two = [element, second]
        if second != element and fits(schema, two, request=True):
            return two
    return value


def _spellable(schema: Schema, value: Any) -> Any:
    """A value that a form or a query can write down: there, an empty object or list is nothing, and
    so is null."""
    if value not in NOTHING:
        return value
    filled = sample(schema, optional=True, request=True)
    if filled not in NOTHING:
        return filled
    empty: Any = {"key": "value"} if is_object(value) else ["value"]
    return empty if fits(schema, empty, request=True) else value
