"""The matrix as plain text, for a terminal or a log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from noctule.language import say
from noctule.proving.matrix import EVERYWHERE

if TYPE_CHECKING:
    from noctule.language import Language
    from noctule.proving.matrix import Matrix, Row

COLUMNS = ("fault", "method", "did", "promise")
GAP = "  "


def table(matrix: Matrix, language: Language) -> str:
    """One line per row, "+" for held and "!" for broken, then the evidence and the count."""
    heads = [say(language, f"proving.column_{name}") for name in COLUMNS]
    cells = [heads, *(_cells(row, language) for row in matrix.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS) - 1)]
    marks = [" ", *("+" if row.held else "!" for row in matrix.rows)]
    lines = [
        GAP.join([mark, *map(str.ljust, line, widths), line[-1]])
        for mark, line in zip(marks, cells, strict=True)
    ]
    for row in matrix.rows:
        lines += _evidence(row, language)
    everywhere = ", ".join(say(language, f"proving.promise_{name}") for name in EVERYWHERE)
    held, total = matrix.promises
    lines += [
        say(language, "proving.everywhere", promises=everywhere),
        say(language, "proving.total", held=held, total=total, seconds=matrix.seconds),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Row, language: Language) -> list[str]:
    fault = say(language, f"proving.fault_{row.fault}")
    return [fault, row.method, row.did.text(language), row.promises(language)]


def _evidence(row: Row, language: Language) -> list[str]:
    return [
        say(
            language,
            "proving.evidence",
            method=row.method,
            fault=say(language, f"proving.fault_{row.fault}"),
            promise=say(language, f"proving.promise_{check.promise}"),
            evidence=json.dumps(dict(check.evidence), ensure_ascii=False),
        )
        for check in row.broken
    ]
