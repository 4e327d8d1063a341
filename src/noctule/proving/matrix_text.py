"""The matrix as plain text, for a terminal or a log: row by row, or one line per fault."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from noctule.messages import say
from noctule.proving.matrix import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.messages import Language
    from noctule.proving.matrix import Matrix, MatrixRow

GAP = "  "


def table(matrix: Matrix, language: Language) -> str:
    """One line per row, "+" for held and "!" for broken, then the evidence and the count."""
    cells = [_cells(row, language) for row in matrix.rows]
    lines = _aligned(
        [_heads(("fault", "method", "did", "promise"), language), *cells],
        [row.held for row in matrix.rows],
    )
    return "\n".join([*lines, *_end(matrix, language)])


def summary(matrix: Matrix, language: Language) -> str:
    """One line per fault: how its rows ended, and what they promise; then as in `table`. Nothing
    in it differs from run to run."""
    faults = list(dict.fromkeys(row.fault for row in matrix.rows))
    groups = [[row for row in matrix.rows if row.fault == fault] for fault in faults]
    cells = [
        [_fault(rows[0], language), _endings(rows, language), _promises(rows, language)]
        for rows in groups
    ]
    lines = _aligned(
        [_heads(("fault", "did", "promise"), language), *cells],
        [all(row.held for row in rows) for rows in groups],
    )
    return "\n".join([*lines, *_end(matrix, language)])


def _aligned(cells: Sequence[Sequence[str]], held: Sequence[bool]) -> list[str]:
    """The lines of a table whose first row is its heads; the last column is not padded."""
    widths = [max(map(len, column)) for column in list(zip(*cells, strict=True))[:-1]]
    marks = [" ", *("+" if row_held else "!" for row_held in held)]
    return [
        GAP.join([mark, *map(str.ljust, line, widths), line[-1]]).rstrip()
        for mark, line in zip(marks, cells, strict=True)
    ]


def _end(matrix: Matrix, language: Language) -> list[str]:
    """The evidence of broken promises, the promises of every call, and the count."""
    everywhere = ", ".join(say(language, f"proving.promise_{name}") for name in EVERYWHERE)
    held, total = matrix.promises
    return [
        *(line for row in matrix.rows for line in _evidence(row, language)),
        say(language, "proving.everywhere", promises=everywhere),
        say(language, "proving.total", held=held, total=total),
        *_left_out(matrix, language),
    ]


def _left_out(matrix: Matrix, language: Language) -> list[str]:
    count = len(matrix.left_out)
    first = next(iter(matrix.left_out), "")
    return [say(language, "proving.left_out", count=count, first=first)] if count else []


def _heads(names: Sequence[str], language: Language) -> list[str]:
    return [say(language, f"proving.column_{name}") for name in names]


def _cells(row: MatrixRow, language: Language) -> list[str]:
    return [_fault(row, language), row.method, row.observed.text(language), row.promises(language)]


def _fault(row: MatrixRow, language: Language) -> str:
    return say(language, f"proving.fault_{row.fault}")


def _endings(rows: Sequence[MatrixRow], language: Language) -> str:
    """ "result (2), raised CircuitOpen (1)", the most frequent first."""
    counts = Counter(
        say(language, "proving.result")
        if row.observed.kind == "returned"
        else row.observed.ending(language)
        for row in rows
    )
    return ", ".join(f"{ending} ({count})" for ending, count in counts.most_common())


def _promises(rows: Sequence[MatrixRow], language: Language) -> str:
    """The broken promises of the rows, else all of their promises, each once."""
    broken = [row for row in rows if not row.held]
    texts = (row.promises(language).split("; ") for row in broken or rows)
    return "; ".join(dict.fromkeys(promise for promises in texts for promise in promises))


def _evidence(row: MatrixRow, language: Language) -> list[str]:
    """What is wrong with the requests, each difference once; else what was observed."""
    findings = dict.fromkeys(finding for check in row.broken for finding in check.findings)
    if findings:
        return [
            say(
                language,
                "proving.finding",
                method=row.method,
                fault=_fault(row, language),
                finding=finding.text(language),
            )
            for finding in findings
        ]
    return [
        say(
            language,
            "proving.evidence",
            method=row.method,
            fault=_fault(row, language),
            promise=say(language, f"proving.promise_{check.promise}"),
            evidence=json.dumps(dict(check.evidence), ensure_ascii=False),
        )
        for check in row.broken
    ]
