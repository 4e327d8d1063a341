"""The frameworks that code can be generated for."""

from noctule.project.frameworks import FRAMEWORKS

TARGETS = tuple(FRAMEWORKS)
