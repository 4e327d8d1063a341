"""Corrections of an API document: OpenAPI Overlays 1.0 and 1.1 (spec.openapis.org/overlay)."""

from noctule.apidoc.overlay.applying import Applied, apply
from noctule.apidoc.overlay.reading import Action, Overlay, read

__all__ = ["Action", "Applied", "Overlay", "apply", "read"]
