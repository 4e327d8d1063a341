"""docs/secrets.md: every example on it runs and gives what it says."""

from __future__ import annotations

import doctest
import logging
import re

import pytest

from noctule.runtime.redaction import LOG_FIELDS, redact
from noctule.runtime.redaction.known_secrets import MIN_LENGTH
from noctule.runtime.secrets import MAX_FILE_BYTES
from support.paths import DOCS

PAGE = DOCS / "secrets.md"
TEXT = PAGE.read_text(encoding="utf-8")


class Printing(logging.Handler):
    """To whatever standard output is at that moment, which doctest replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record))


def test_every_example_gives_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET_KEY", "the-key-of-the-shop")
    for name in ("SHOP_CLIENT_ID", "SHOP_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {"handler": Printing()}
    problems: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    for number, block in enumerate(blocks):
        case = doctest.DocTestParser().get_doctest(block, names, f"block {number}", str(PAGE), 0)
        runner.run(case, out=problems.append, clear_globs=False)
        names |= case.globs
    assert runner.tries > 25
    assert not problems, "".join(problems)


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    assert f"at most {MAX_FILE_BYTES // 1024} KiB" in TEXT
    assert f"less than {MIN_LENGTH} characters" in TEXT


@pytest.mark.parametrize(
    "field", ["service", "operation", "status", "attempts", "seconds", "request_id"]
)
def test_the_fields_on_the_page_are_allowed(field: str) -> None:
    assert field in LOG_FIELDS


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Bearer abcdefghijkl", "Bearer abcdefghijkl"),
        ("Bearer abc123xyz", "Bearer [redacted]"),
        ("SK" + "a1" * 16, "[redacted]"),
        ("a1" * 16, "a1" * 16),
        ("X-Api-Key: abc def", "X-Api-Key: [redacted] def"),
        ("Set-Cookie: a=b; c=d", "Set-Cookie: [redacted]"),
    ],
)
def test_what_the_page_says_about_shapes_and_spaces(text: str, redacted: str) -> None:
    assert redact(text) == redacted
