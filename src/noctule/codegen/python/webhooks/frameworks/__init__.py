"""What differs between the frameworks a project may stand on."""

from noctule.codegen.python.webhooks.frameworks.base import Framework
from noctule.codegen.python.webhooks.frameworks.django import Django
from noctule.codegen.python.webhooks.frameworks.fastapi import FastApi
from noctule.codegen.python.webhooks.frameworks.flask import Flask
from noctule.codegen.python.webhooks.frameworks.plain import Plain

FRAMEWORKS: dict[str, Framework] = {
    "fastapi": FastApi(), "django": Django(), "flask": Flask(), "plain": Plain()
}  # fmt: skip

__all__ = ["FRAMEWORKS", "Framework"]
