"""Task -> files: an intermediate form, a target that writes it, and the project it goes into."""

from noctule.codegen.render import render
from noctule.codegen.rendered import Rendered
from noctule.codegen.workspace import Change, Workspace

__all__ = ["Change", "Rendered", "Workspace", "render"]
