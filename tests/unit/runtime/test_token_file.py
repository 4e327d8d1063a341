"""The token file: what it registers for redaction, writes to disk, and closes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from noctule.runtime import TokenFile, redact
from noctule.runtime.auth.token import AccessToken

OWNER = "0123456789abcdef"


@pytest.fixture
def store(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def save(store: TokenFile, number: int = 1) -> AccessToken:
    token = AccessToken(f"access value {number}", 0.0, 100.0, f"refresh value {number}")
    store.save(OWNER, token)
    return token


def test_tokens_that_another_process_saved_are_redacted(store: TokenFile) -> None:
    text = "access value 1, refresh value 1"
    save(store)
    assert redact(text) == text
    assert store.load(OWNER) == AccessToken("access value 1", 0.0, 100.0, "refresh value 1")
    assert redact(text) == "[redacted], [redacted]"


def test_a_file_is_on_disk_before_it_replaces_the_old_one(
    store: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store)
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def spy_fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        steps.append("folder" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes")
        fsync(descriptor)

    def spy_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "replace", spy_replace)
    save(store, 2)
    size = Path(store.path).stat().st_size
    assert steps == [f"{size} bytes", "replace", "folder"]


def test_a_lock_that_is_not_granted_leaves_no_descriptor_open(
    store: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = store.lock()
    assert lock is not None
    descriptors: list[int] = []
    os_open = os.open

    def spy_open(*arguments: Any) -> int:
        descriptors.append(os_open(*arguments))
        return descriptors[-1]

    monkeypatch.setattr(os, "open", spy_open)
    assert store.lock() is None
    assert len(descriptors) == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
    lock.release()
    again = store.lock()
    assert again is not None
    again.release()
