"""The generated wrapper against a fake of its provider that fails: which promises hold.

matrix = prove(task, document, pack, project, python=python)
print(table(matrix, "fr"))

Names are imported when they are first used: the driver, which runs in the user's Python, lies
in this package and needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.proving.matrix import Matrix, MatrixRow, Observed, PromiseCheck
    from noctule.proving.matrix_text import summary, table
    from noctule.proving.proof import prove

__all__ = ["Matrix", "MatrixRow", "Observed", "PromiseCheck", "prove", "summary", "table"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = {"prove": "proof", "summary": "matrix_text", "table": "matrix_text"}.get(name, "matrix")
    return getattr(import_module(f"{__name__}.{home}"), name)
