"""What a plan says of successes that may hold a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.quality.gaps import Gap
from noctule.apidoc.quality.hidden_failure import hidden_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.apidoc import ApiOperation
    from noctule.messages import Language
    from noctule.providers import FailureFact

SHOWN = 8
MAX_OPERATIONS = 2_000
"""Of a whole document, this many operations are looked at: reading each response takes time."""


def hidden_failures(
    operations: Sequence[ApiOperation], declared: FailureFact | None, language: Language
) -> tuple[str, ...]:
    """A warning for each of the first such operations; none where failures are declared."""
    if declared is not None:
        return ()
    gaps = [
        Gap(operation.key, "hidden_failure", operation.pointer, member)
        for operation in operations[:MAX_OPERATIONS]
        if (member := hidden_failure(operation))
    ]
    return tuple(f"{gap.text(language)} {gap.fix(language)}" for gap in gaps[:SHOWN])
