"""What generated wrappers send, and what the fake provider answers, read by others.

openapi-core judges here, over some operations of each whole document; `make test-judges` asks all
judges about all of them, and also finds what is listed in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.readings.amendments import amended
from support.readings.judging import Complaint, Known, documents, judged, known, unexplained

if TYPE_CHECKING:
    from pathlib import Path

    from support.readings.judging import Judged

DRAWN = 25
"""Operations of each document."""
WHOLE = [one for one in documents() if not one.name.startswith("bytes:")]


@pytest.mark.parametrize("one", WHOLE, ids=lambda one: one.name)
def test_openapi_core_reads_the_requests_as_we_do(one: Judged, tmp_path: Path) -> None:
    result = judged(one, tmp_path, ["openapi-core"], DRAWN)
    assert result.requests
    assert not result.unsent
    assert not [str(complaint) for complaint in unexplained([result])]


def test_every_exception_has_a_reason() -> None:
    assert all(len(entry.reason) > 8 for entry in known())


def test_an_exception_holds_for_its_judge_document_and_operation_only() -> None:
    entry = Known("npm", "request", "E3015", "why", document="*box", operation="GET /a/{*}/*")
    complaint = Complaint("npm", "request", "bytes:box", "GET /a/{id}/b", "required", "E3015 q")
    assert entry.explains(complaint)
    others = [
        Complaint("openapi-core", "request", "box", "GET /a/{id}/b", "required", "E3015 q"),
        Complaint("npm", "answer", "box", "GET /a/{id}/b", "required", "E3015 q"),
        Complaint("npm", "request", "stripe", "GET /a/{id}/b", "required", "E3015 q"),
        Complaint("npm", "request", "box", "GET /b", "required", "E3015 q"),
        Complaint("npm", "request", "box", "GET /a/{id}/b", "required", "E3014 q"),
    ]
    assert not any(map(entry.explains, others))


def test_an_amendment_that_changes_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="says already"):
        amended("slack", {"paths": {}})
