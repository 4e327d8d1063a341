"""Payment card numbers, however they are grouped (ISO/IEC 7812: 13 to 19 digits, Luhn)."""

from __future__ import annotations

import re

from noctule.runtime.redaction.known_secrets import MASK

# Groups of digits with one separator between them; in URLs also `+` or `%20`.
_SEPARATOR = r"(?:[ \-+.\u00a0\u2009\u202f]|%20|%2D)"
_RUN = rf"[0-9]+(?:{_SEPARATOR}[0-9]+)*"
_ISSUERS = frozenset("23456")
_DOUBLED = str.maketrans("0123456789", "0246813579")


def is_card_number(digits: str) -> bool:
    """13 to 19 digits of an issuer of payment cards (they begin with 2 to 6) that pass Luhn."""
    return 13 <= len(digits) <= 19 and digits.isascii() and digits[0] in _ISSUERS and _luhn(digits)


def mask_cards(text: str) -> str:
    """`text` with every card number masked."""
    return re.sub(_RUN, _mask_run, text)


def _mask_run(run: re.Match[str]) -> str:
    text = run[0]
    if len(text) < 13:
        return text
    groups = [(part.start(), part.end()) for part in re.finditer("[0-9]+", _blanked(text))]
    parts: list[str] = []
    end = 0
    index = 0
    while index < len(groups):
        last = _card_from(text, groups, index)
        if last is None:
            index += 1
            continue
        parts += [text[end : groups[index][0]], MASK]
        end = groups[last][1]
        index = last + 1
    return "".join(parts) + text[end:]


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with group `first`; None when there is
    none."""
    digits = ""
    last = None
    if text[groups[first][0]] not in _ISSUERS:
        return None
    for index in range(first, len(groups)):
        start, end = groups[index]
        if len(digits) + end - start > 19:
            break
        digits += text[start:end]
        if is_card_number(digits):
            last = index
    return last


def _blanked(text: str) -> str:
    """`text` without percent escapes, whose digits are not part of the number."""
    return text.replace("%20", "   ").replace("%2D", "   ")


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit counts double, its digits summed."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(map(int, digits[::-2])) + sum(map(int, doubled))) % 10 == 0
