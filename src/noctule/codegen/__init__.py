"""Task -> files: an intermediate form, a target that writes it, and the project it goes into."""

from noctule.codegen.render import TARGETS, render
from noctule.project.rendered import Rendered
from noctule.project.style import Style, style_of
from noctule.project.workspace import Change, Workspace

__all__ = ["TARGETS", "Change", "Rendered", "Style", "Workspace", "render", "style_of"]
