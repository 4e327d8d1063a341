"""What differs between the frameworks a project may stand on."""

from noctule.codegen.python.frameworks.base import Framework
from noctule.codegen.python.frameworks.django import Django
from noctule.codegen.python.frameworks.fastapi import FastApi
from noctule.codegen.python.frameworks.flask import Flask
from noctule.codegen.python.frameworks.plain import Plain

FRAMEWORKS: dict[str, Framework] = {
    "fastapi": FastApi(), "django": Django(), "flask": Flask(), "plain": Plain()
}  # fmt: skip

__all__ = ["FRAMEWORKS", "Framework"]
