"""Corrections of an API document: OpenAPI Overlays 1.0 and 1.1 (spec.openapis.org/overlay)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.loading.load import path_bytes
from noctule.apidoc.overlay.applying import Applied, apply
from noctule.apidoc.overlay.reading import Action, Overlay, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Action", "Applied", "Overlay", "amendment", "apply", "read"]


def amendment(path: Path, *, place: str) -> Callable[[Any], Any]:
    """What `apidoc.load` takes to read a document through the overlay at `path`; `place` names it.

    Raises `Problem` for a file that is no overlay, and, while the document is read, for an action
    that does not go with it.
    """
    overlay = read(path_bytes(path), place=place)
    return lambda document: apply(overlay, document).document
