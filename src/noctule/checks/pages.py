"""What a plan says of lists in pages: which are not read to their end, and which cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.pages.style import UnfitStyleError, unread
from noctule.messages import say
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.apidoc import ApiOperation
    from noctule.messages import Language
    from noctule.providers import Pack

MAX_OPERATIONS = 2_000
"""Of a whole document, this many operations are looked at: reading each response takes time."""
SHOWN = 8


def unread_pages(
    operations: Sequence[ApiOperation], pack: Pack | None, language: Language
) -> tuple[str, ...]:
    """The warning that lists seem to have pages, and none of the known styles.

    Raises Problem for a list whose pages the pack describes in a way that its response cannot keep.
    """
    fact = pack.pagination if pack else None
    keys: list[str] = []
    for operation in operations[:MAX_OPERATIONS]:
        try:
            if unread(operation, fact):
                keys.append(operation.key)
        except UnfitStyleError as error:
            raise Problem(
                "checks.unfit_pages",
                exit=Exit.REFUSED,
                place=operation.key,
                style=fact.style if fact else "",
                cause=str(error),
                pack=str(pack.path) if pack else "",
            ) from error
    if not keys:
        return ()
    shown = ", ".join(keys[:SHOWN]) + (", …" if len(keys) > SHOWN else "")
    return (say(language, "checks.unread_pages", operations=shown, count=len(keys)),)
