"""A new framework is one module of facts and one recipe: everything else follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.codegen.python.webhooks.recipes import RECIPES, FrameworkRecipe
from noctule.codegen.python.webhooks.recipes.plain import PlainRecipe
from noctule.planning import plan
from noctule.project.frameworks import FRAMEWORKS
from noctule.project.frameworks.base import Framework
from noctule.project.layout import detect_layout
from noctule.project.location import Project
from noctule.providers import pack
from noctule.stages.context import TaskContext, TaskFile
from noctule.stages.next_steps import next_steps

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.codegen.model.integration import Webhooks
    from noctule.codegen.python.emitter.module import Imports

STARLETTE = Framework(
    id="starlette",
    name="Starlette",
    application=r"\bStarlette\(",
    factory="Starlette",
    services=("wrappers",),
    new_app="asgi.py",
    mount=("from {package} import {module}", '{app}.mount("/", {module}.receiver)'),
    run="hypercorn {main}:{app}",
)


class StarletteRecipe(PlainRecipe):
    framework = STARLETTE
    mount = FrameworkRecipe.mount

    def serve(self, webhooks: Webhooks, imports: Imports) -> list[str]:
        imports.use("starlette.applications", "Starlette")
        return super().serve(webhooks, imports)


@pytest.fixture
def starlette(monkeypatch: pytest.MonkeyPatch) -> Framework:
    monkeypatch.setitem(FRAMEWORKS, STARLETTE.id, STARLETTE)
    monkeypatch.setitem(RECIPES, STARLETTE.id, StarletteRecipe())
    return STARLETTE


@pytest.mark.usefixtures("starlette")
def test_two_modules_make_a_framework(tmp_path: Path) -> None:
    app = tmp_path / "shop" / "web.py"
    app.parent.mkdir()
    app.write_text("site = Starlette()\n")
    layout = detect_layout(tmp_path)
    assert (layout.framework, layout.app) == (STARLETTE, "shop/web.py")
    assert layout.services == "shop/wrappers"
    task = plan("Integrate Stripe for payments", layout=layout).task
    assert task is not None
    assert task.target == "starlette"
    stripe = pack("stripe")
    document = apidoc.parse(stripe.document_bytes(), source="pack:stripe")
    texts = {file.role: file.text for file in render(task, document, stripe)}
    assert "import Starlette" in texts["tests"]
    file = TaskFile(tmp_path / "task.yaml", "task.yaml", task)
    steps = next_steps(TaskContext(Project(tmp_path), file, stripe, document))
    assert steps.mount_file == "shop/web.py"
    assert steps.mount[-1] == 'site.mount("/", stripe.receiver)'
    assert steps.command == "hypercorn shop.web:site"


@pytest.mark.usefixtures("starlette")
def test_without_an_application_the_target_names_it(tmp_path: Path) -> None:
    layout = detect_layout(tmp_path, "starlette")
    task = plan("Integrate Stripe for payments", layout=layout).task
    assert task is not None
    assert ("app/asgi.py", "Starlette application") in [(f.path, f.purpose) for f in task.files]


def test_each_framework_has_a_recipe_of_the_same_name() -> None:
    assert list(FRAMEWORKS) == list(RECIPES)
    assert all(RECIPES[name].framework is framework for name, framework in FRAMEWORKS.items())
