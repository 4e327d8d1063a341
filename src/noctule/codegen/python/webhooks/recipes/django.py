"""Django: a view with its `urlpatterns`, or a whole application in one file."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.line_breaks import call, collection, joined, lay_out
from noctule.codegen.python.emitter.literals import string
from noctule.codegen.python.emitter.module import Block, Imports
from noctule.codegen.python.naming import dotted
from noctule.codegen.python.webhooks.recipes.base import ServedWebhooks
from noctule.codegen.python.webhooks.recipes.wsgi import WsgiRecipe
from noctule.project.frameworks.django import DJANGO

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks


class DjangoRecipe(WsgiRecipe):
    framework = DJANGO
    variables = MappingProxyType({
        "DJANGO_SECRET_KEY": "codegen.django_secret_key",
        "DJANGO_ALLOWED_HOSTS": "codegen.django_allowed_hosts",
    })  # fmt: skip

    def setup(self, webhooks: Webhooks, imports: Imports) -> list[Block]:
        for module, name in (
            ("django.http", "HttpRequest"),
            ("django.http", "HttpResponse"),
            ("django.core.signals", "request_started"),
            ("django.urls", "re_path"),
            ("django.views.decorators.csrf", "csrf_exempt"),
            ("django.views.decorators.http", "require_POST"),
        ):
            imports.use(module, name)
        response = call("return HttpResponse", "answer.body", "status=answer.status",
                    "headers=dict(answer.headers)")  # fmt: skip
        view = [
            "@csrf_exempt",
            "@require_POST",
            "def webhook(request: HttpRequest) -> HttpResponse:",
            "    answer = inbox.take(request.META, request)",
            *lay_out(response, 4),
        ]
        expression = f"^{re.escape(webhooks.endpoint.strip('/'))}/?$"
        routes = [call("re_path", string(expression), "webhook")]
        patterns = lay_out(joined("urlpatterns = ", collection("[", routes, "]")))
        inbox = Block((*self.inbox(imports).lines, "request_started.connect(inbox.on_request)"))
        return [inbox, Block(tuple(view), definition=True), Block(tuple(patterns))]

    def app(self, webhooks: Webhooks | None, imports: Imports) -> list[Block]:
        imports.use("", "os")
        imports.use("django.conf", "settings")
        imports.use("django.core.wsgi", "get_wsgi_application")
        configuration = call(
            "settings.configure",
            'SECRET_KEY=os.environ["DJANGO_SECRET_KEY"]',
            'ALLOWED_HOSTS=os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost").split(",")',
            "ROOT_URLCONF=__name__",
        )
        if webhooks is None:
            kinds = [imports.use("django.urls", name) for name in ("URLPattern", "URLResolver")]
            patterns = [f"urlpatterns: list[{' | '.join(kinds)}] = []"]
        else:
            imports.use("django.urls", "include")
            imports.use("django.urls", "path")
            included = call("path", '""', call("include", string(dotted(webhooks.module))))
            patterns = lay_out(joined("urlpatterns = ", collection("[", [included], "]")))
        lines = [*patterns, "application = get_wsgi_application()"]
        if webhooks is not None:  # handlers may import models, which are ready only now
            imports.use("importlib", "import_module")
            module = call("import_module", string(dotted(webhooks.module)))
            lines += lay_out(joined(module, ".inbox.start()"))
        return [Block(tuple(lay_out(configuration))), Block(tuple(lines))]

    def serve(self, webhooks: Webhooks, imports: Imports) -> ServedWebhooks:
        for module, name in (
            ("", "os"),
            ("django.conf", "settings"),
            ("django.core.wsgi", "get_wsgi_application"),
            (webhooks.module, "inbox"),
        ):
            imports.use(module, name)
        routed = call(
            "monkeypatch.setattr", "settings", '"ROOT_URLCONF"', string(dotted(webhooks.module)),
            "raising=False",
        )  # fmt: skip
        statements = (
            '    if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:',
            "        settings.configure()",
            *lay_out(routed, 4),
            '    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["test"])',
        )
        return ServedWebhooks("get_wsgi_application()", "inbox", statements, patches=True)
