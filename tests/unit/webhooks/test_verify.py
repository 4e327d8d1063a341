"""Why a delivery is rejected: each defect has its own reason."""

from __future__ import annotations

import pytest

from noctule.webhooks import Reason, Rejection
from support.webhook_samples import NOW, check, delivery


@pytest.mark.parametrize(
    ("name", "headers", "reason", "detail"),
    [
        ("github", {"x-hub-signature-256": ""}, Reason.MISSING_SIGNATURE, "x-hub-signature-256"),
        (
            "github",
            {"x-hub-signature-256": "sha256=no-hex"},
            Reason.MALFORMED_SIGNATURE,
            "x-hub-signature-256",
        ),
        (
            "github",
            {"x-hub-signature-256": "00" * 32},
            Reason.MALFORMED_SIGNATURE,
            "x-hub-signature-256",
        ),
        ("github", {"x-hub-signature-256": "sha256=" + "00" * 32}, Reason.MISMATCH, ""),
        ("slack", {"x-slack-request-timestamp": "nan"}, Reason.MALFORMED_TIMESTAMP, None),
        ("slack", {"x-slack-request-timestamp": ""}, Reason.MISSING_TIMESTAMP, None),
        ("slack", {"x-slack-request-timestamp": f"{NOW - 301:.0f}"}, Reason.MISMATCH, ""),
    ],
)
def test_a_defect_in_a_header(name, headers, reason, detail):
    body, genuine = delivery(name)
    names = {header.lower(): header for header in genuine}
    changed = genuine | {names[header]: value for header, value in headers.items()}
    with pytest.raises(Rejection) as rejected:
        check(name, body, changed)
    assert rejected.value.reason is reason
    assert detail is None or rejected.value.detail == detail


def test_a_batch_without_events_carries_no_signature():
    _, headers = delivery("adyen")
    with pytest.raises(Rejection) as rejected:
        check("adyen", b'{"notificationItems":[]}', headers)
    assert (rejected.value.reason, rejected.value.detail) == (
        Reason.MISSING_SIGNATURE,
        "body:notificationItems",
    )
