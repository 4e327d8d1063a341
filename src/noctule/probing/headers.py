"""Headers of an answer that tell a caller something, and that the document does not name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.probing.differences import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiResponse
    from noctule.probing.observation import Observation

TELLING = re.compile(
    r"^(link|etag|location|deprecation|sunset|retry-after)$"
    r"|(^|-)(next|prev|previous|cursor|page|pages|total|count)(-|$)|rate-?limit",
)
"""Names (in lower case) of headers that lead on, count, limit or announce."""


def header_differences(observation: Observation, response: ApiResponse) -> Iterator[Difference]:
    """One for each telling header; the value is not looked at."""
    documented = {name.lower() for name in response.headers}
    for name in observation.headers:
        if TELLING.search(name) and name not in documented:
            yield Difference("undocumented_header", "", response.pointer, "", name)
