"""Importing the package loads only what verification needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("yaml", "click", "cryptography", "psycopg", "fastapi", "starlette", "httpx2", "stripe")


def _loaded(code: str) -> set[str]:
    program = f"{code}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import noctule.webhooks", (*HEAVY, "asyncio", "apsw", "noctule.providers")),
        ("from noctule.webhooks import Event, Receiver; Receiver", (*HEAVY, "noctule.providers")),
    ],
)
def test_importing_loads_nothing_heavy(code, absent):
    assert not _loaded(code) & set(absent)


def test_everything_public_is_there():
    import noctule.webhooks

    assert all(hasattr(noctule.webhooks, name) for name in noctule.webhooks.__all__)
    with pytest.raises(AttributeError):
        noctule.webhooks.Nothing  # noqa: B018 - the access is the test
