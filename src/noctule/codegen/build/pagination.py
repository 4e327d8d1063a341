"""The iterator of a list in pages: the style that `apidoc.pages` finds, with the type of its items.

Without a clear style there is no iterator: a guess could loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.pages.style import page_style
from noctule.codegen.build.examples import fit
from noctule.codegen.build.plausible import plausible_text
from noctule.codegen.model.integration import ListOf, Pages, Reference, Type
from noctule.runtime.pagination import styles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiOperation
    from noctule.codegen.model.integration import Param, Record
    from noctule.providers.pack import PaginationFact


def pages_of(
    operation: ApiOperation,
    params: tuple[Param, ...],
    returns: Type | None,
    records: Mapping[str, Record],
    fact: PaginationFact | None,
) -> Pages | None:
    """The pagination of `operation`, None if it has none."""
    style = page_style(operation, fact)
    item = _item_type(returns, records, style.items) if style else None
    if style is None or item is None:
        return None
    wires = {param.wire for param in params if param.place in ("query", "body")}
    parameter = str(style.settings.get("parameter", ""))
    if parameter and parameter not in wires:
        return None
    kind = getattr(styles, style.kind)
    usual = dict(zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True))
    settings = {"items": style.items, **style.settings}
    return Pages(
        kind=style.kind,
        settings={name: value for name, value in settings.items() if usual.get(name) != value},
        names={
            name: names for name, names in style.names.items() if any("." in each for each in names)
        },
        steered=style.steered & wires,
        item=item,
        example=_item(item, records),
    )


def _item_type(returns: Type | None, records: Mapping[str, Record], items: str) -> Type | None:
    """The type of an item of the list at `items`; None where the response has another type."""
    if isinstance(returns, ListOf):
        return None if items else returns.item
    if not isinstance(returns, Reference):
        return None
    types = (field.type for field in records[returns.name].fields if field.wire == items)
    return next((kind.item for kind in types if isinstance(kind, ListOf)), None)


def _item(kind: Type, records: Mapping[str, Record]) -> Any:
    """An item for tests, with its `id` if it has one."""
    example = fit(kind, None, records, "item")
    if isinstance(kind, Reference):
        identity = (field for field in records[kind.name].fields if field.wire == "id")
        text = plausible_text("id", owner=kind.name)
        example |= {field.wire: fit(field.type, text, records) for field in identity}
    return example
