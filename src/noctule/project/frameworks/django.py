"""Django: webhooks are URL patterns, included in the URLconf that the settings name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.project.frameworks.base import Framework, module_of

if TYPE_CHECKING:
    from pathlib import Path

_WSGI = re.compile(r"""^\s*WSGI_APPLICATION\s*=\s*["']([\w.]+)\.\w+["']""", re.MULTILINE)
_ROOT_URLCONF = re.compile(r"""^\s*ROOT_URLCONF\s*=\s*["']([\w.]+)["']""", re.MULTILINE)


class Django(Framework):
    """The application's file is the settings module, its mount file the root URLconf."""

    def mount_file(self, root: Path, app: str) -> str:
        """The root URLconf that the settings in `app` name; `app` itself where it is not found."""
        return _named_file(root, app, _ROOT_URLCONF) or app

    def start_file(self, root: Path, app: str) -> str:
        """The WSGI module that the settings in `app` name: servers load it, and other commands of
        `manage.py` do not."""
        return _named_file(root, app, _WSGI)

    def run_command(self, root: Path, app: str, variable: str, handler: str) -> str:
        del handler
        if not app:
            return ""
        if (root / "manage.py").is_file():
            return self.run
        return f"granian --interface wsgi {module_of(app)}:{variable}"


def _named_file(root: Path, app: str, setting: re.Pattern[str]) -> str:
    """The file of the module that a setting in `app` names, "" where it is not found."""
    settings = root / app
    text = settings.read_text("utf-8", "replace") if app and settings.is_file() else ""
    match = setting.search(text)
    if match is None:
        return ""
    path = f"{match[1].replace('.', '/')}.py"
    folders = [folder.as_posix() for folder in settings.relative_to(root).parents]
    places = (path if folder == "." else f"{folder}/{path}" for folder in reversed(folders))
    return next((place for place in places if (root / place).is_file()), "")


DJANGO = Django(
    id="django",
    name="Django",
    application=r"^\s*ROOT_URLCONF\s*=",
    root_files=("manage.py",),
    dependencies=frozenset({"django"}),
    factory="get_wsgi_application",
    mount=(
        "from django.urls import include, path",
        'urlpatterns += [path("", include("{handler}"))]',
    ),
    start=("from {handler} import inbox", "inbox.start()"),
    run="python manage.py runserver",
    asynchronous=False,
    reserved=frozenset({"HttpRequest", "HttpResponse"}),
)
