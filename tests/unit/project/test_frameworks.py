"""What each framework's module says about itself: mount lines, their file, the run command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noctule.project.frameworks import FRAMEWORKS, module_of
from noctule.project.layout import detect_layout

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = "shop.webhooks.stripe"


def write(project: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("target", "text", "variable", "line"),
    [
        ("fastapi", "api = FastAPI()\n", "api", "api.include_router(stripe.router)"),
        ("fastapi", "api: FastAPI = fastapi.FastAPI(title='x')\n", "api",
         "api.include_router(stripe.router)"),
        ("fastapi", "def create() -> FastAPI:\n    return FastAPI()\n", "app",
         "app.include_router(stripe.router)"),
        ("flask", "web = Flask(__name__)\n", "web", "web.register_blueprint(stripe.blueprint)"),
        ("django", "", "app", 'urlpatterns += [path("", include("shop.webhooks.stripe"))]'),
    ],
)  # fmt: skip
def test_the_mount_line_speaks_of_the_application_s_own_variable(
    target: str, text: str, variable: str, line: str
) -> None:
    framework = FRAMEWORKS[target]
    assert framework.application_variable(text) == variable
    lines = framework.mount_lines(HANDLER, variable)
    assert line in lines
    assert framework.is_mounted("\n".join(lines), HANDLER)
    assert not framework.is_mounted(text, HANDLER)


@pytest.mark.parametrize(
    ("settings", "urls", "expected"),
    [
        ("shop/settings.py", "shop/urls.py", "shop/urls.py"),
        ("shop/settings/base.py", "shop/urls.py", "shop/urls.py"),
        ("src/shop/settings.py", "src/shop/urls.py", "src/shop/urls.py"),
        ("backend/shop/settings.py", "backend/shop/urls.py", "backend/shop/urls.py"),
        ("shop/settings.py", "elsewhere/urls.py", "shop/settings.py"),
    ],
)
def test_django_s_mount_line_goes_into_the_root_urlconf(
    tmp_path: Path, settings: str, urls: str, expected: str
) -> None:
    write(tmp_path, {settings: 'ROOT_URLCONF = "shop.urls"\n', urls: "urlpatterns = []\n"})
    assert FRAMEWORKS["django"].mount_file(tmp_path, settings) == expected
    assert FRAMEWORKS["flask"].mount_file(tmp_path, settings) == settings


def test_django_starts_the_processing_in_its_wsgi_module(tmp_path: Path) -> None:
    django = FRAMEWORKS["django"]
    settings = 'ROOT_URLCONF = "shop.urls"\nWSGI_APPLICATION = "shop.wsgi.application"\n'
    write(tmp_path, {"src/shop/settings.py": settings})
    assert django.start_file(tmp_path, "src/shop/settings.py") == ""
    write(tmp_path, {"src/shop/wsgi.py": "application = get_wsgi_application()\n"})
    assert django.start_file(tmp_path, "src/shop/settings.py") == "src/shop/wsgi.py"
    assert django.start_lines(HANDLER) == (f"from {HANDLER} import inbox", "inbox.start()")
    assert FRAMEWORKS["flask"].start_file(tmp_path, "shop/web.py") == ""


@pytest.mark.parametrize(
    ("target", "app", "files", "command"),
    [
        ("fastapi", "app/main.py", {}, "uvicorn app.main:web"),
        ("fastapi", "src/shop/main.py", {}, "uvicorn shop.main:web --app-dir src"),
        ("fastapi", "", {}, ""),
        ("flask", "shop/web.py", {}, "flask --app shop.web:web run"),
        ("django", "shop/settings.py", {"manage.py": ""}, "python manage.py runserver"),
        ("django", "app/main.py", {}, "granian --interface wsgi app.main:web"),
        ("django", "", {"manage.py": ""}, ""),
        ("plain", "", {}, f"uvicorn {HANDLER}:receiver"),
    ],
)
def test_the_run_command(
    tmp_path: Path, target: str, app: str, files: dict[str, str], command: str
) -> None:
    write(tmp_path, files)
    assert FRAMEWORKS[target].run_command(tmp_path, app, "web", HANDLER) == command


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"manage.py": ""}, "django"),
        ({"requirements.txt": "Flask>=3\n"}, "flask"),
        ({"pyproject.toml": '[project]\ndependencies = ["django"]\n'}, "django"),
        ({"pyproject.toml": '[project]\ndependencies = ["httpx"]\n'}, "fastapi"),
        ({"requirements.txt": "django\n", "web.py": "app = Flask(__name__)\n"}, "flask"),
    ],
)
def test_without_an_application_files_and_dependencies_tell_the_framework(
    tmp_path: Path, files: dict[str, str], target: str
) -> None:
    write(tmp_path, files)
    assert detect_layout(tmp_path).framework.id == target


def test_a_target_replaces_what_the_project_shows(tmp_path: Path) -> None:
    write(tmp_path, {"shop/__init__.py": "", "shop/web.py": "app = Flask(__name__)\n"})
    layout = detect_layout(tmp_path, "fastapi")
    assert (layout.framework.id, layout.app, layout.services) == ("fastapi", "", "shop/services")


@pytest.mark.parametrize(
    ("path", "module"),
    [("src/shop/main.py", "shop.main"), ("main.py", "main"), ("a/b/c.py", "a.b.c")],
)
def test_the_module_of_a_path(path: str, module: str) -> None:
    assert module_of(path) == module
