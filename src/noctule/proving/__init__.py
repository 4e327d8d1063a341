"""The generated wrapper against a fake of its provider that fails: which promises hold.

matrix = prove(task, document, pack, project, python=python)
print(matrix.text("fr"))

Names are imported when they are first used: the driver, which runs in the user's Python, lies
in this package and needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.proving.matrix import Check, Did, Matrix, Row
    from noctule.proving.proof import prove

__all__ = ["Check", "Did", "Matrix", "Row", "prove"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "proof" if name == "prove" else "matrix"
    return getattr(import_module(f"{__name__}.{home}"), name)
