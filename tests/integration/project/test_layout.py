from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule.project.layout import Layout, detect_layout

if TYPE_CHECKING:
    from pathlib import Path

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def make(project: Path, **files: str) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_an_empty_folder_gets_the_usual_layout(tmp_path: Path) -> None:
    assert detect_layout(tmp_path) == Layout()


@pytest.mark.parametrize(
    ("files", "services", "webhooks", "tests", "app"),
    [
        ({"app/main.py": APP}, "app/services", "app/api/webhooks", "tests", "app/main.py"),
        ({"main.py": APP}, "app/services", "app/api/webhooks", "tests", "main.py"),
        (
            {"src/shop/__init__.py": "", "src/shop/web.py": APP, "test/x.py": ""},
            "src/shop/services", "src/shop/api/webhooks", "test", "src/shop/web.py",
        ),
        ({"shop/__init__.py": ""}, "shop/services", "shop/api/webhooks", "tests", ""),
        (
            {"shop/__init__.py": "", "shop/routers/a.py": "", "shop/integrations/b.py": ""},
            "shop/integrations", "shop/routers/webhooks", "tests", "",
        ),
        (
            {"shop/__init__.py": "", "shop/webhooks/a.py": "", "shop/api/b.py": ""},
            "shop/services", "shop/webhooks", "tests", "",
        ),
        (
            {"backend/app/main.py": APP},
            "backend/app/services", "backend/app/api/webhooks", "tests", "backend/app/main.py",
        ),
        (
            {"tests/__init__.py": "", "tests/conftest.py": APP, "docs/__init__.py": ""},
            "app/services", "app/api/webhooks", "tests", "",
        ),
        ({".venv/lib/x.py": APP, "node_modules/y.py": APP}, "app/services", "app/api/webhooks",
         "tests", ""),
        ({"app/x.py": "# app = FastAPI()\n"}, "app/services", "app/api/webhooks", "tests", ""),
    ],
)  # fmt: skip
def test_the_project_s_own_folders_are_respected(
    tmp_path: Path, files: dict[str, str], services: str, webhooks: str, tests: str, app: str
) -> None:
    make(tmp_path, **files)
    layout = detect_layout(tmp_path)
    assert (layout.services, layout.webhooks) == (services, webhooks)
    assert (layout.tests, layout.app) == (tests, app)


def test_binary_and_huge_files_do_not_disturb(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xff\xfe\x00FastAPI(")
    (tmp_path / "b.py").write_text("#" * 600_000 + "\napp = FastAPI()\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert detect_layout(tmp_path).app in {"", "a.py"}


@pytest.mark.parametrize(
    ("files", "target", "app", "services"),
    [
        ({"app/main.py": APP}, "fastapi", "app/main.py", "app/services"),
        ({"web.py": "app = Flask(__name__)\n"}, "flask", "web.py", "app/services"),
        (
            {"manage.py": "", "shop/__init__.py": "", "shop/settings.py": "ROOT_URLCONF = 'x'\n"},
            "django", "shop/settings.py", "shop/services",
        ),
        (
            {"a.py": "app = Flask(__name__)\n", "b/c.py": APP},
            "fastapi", "b/c.py", "b/services",
        ),
        ({}, "fastapi", "", "app/services"),
    ],
)  # fmt: skip
def test_the_framework_is_the_one_that_makes_the_application(
    tmp_path: Path, files: dict[str, str], target: str, app: str, services: str
) -> None:
    make(tmp_path, **files)
    layout = detect_layout(tmp_path)
    assert (layout.framework.id, layout.app, layout.services) == (target, app, services)
