"""FastAPI: webhooks are a router, included where the application is created."""

from noctule.project.frameworks.base import Framework

FASTAPI = Framework(
    id="fastapi",
    name="FastAPI",
    application=r"^[^#\n]*\bFastAPI\s*\(",
    dependencies=frozenset({"fastapi"}),
    factory="FastAPI",
    mount=("from {package} import {module}", "{app}.include_router({module}.router)"),
    run="uvicorn {main}:{app}{folder}",
    reserved=frozenset({"APIRouter", "FastAPI", "Route"}),
)
