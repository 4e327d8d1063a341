"""Flask: a blueprint with one view, which passes the request on unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.line_breaks import call, lay_out
from noctule.codegen.python.emitter.literals import string
from noctule.codegen.python.emitter.module import Block, Imports
from noctule.codegen.python.webhooks.recipes.base import ServedWebhooks, module_name
from noctule.codegen.python.webhooks.recipes.wsgi import WsgiRecipe
from noctule.project.frameworks.flask import FLASK

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Webhooks


class FlaskRecipe(WsgiRecipe):
    framework = FLASK

    def setup(self, webhooks: Webhooks, imports: Imports) -> list[Block]:
        for name in ("Blueprint", "Response", "request"):
            imports.use("flask", name)
        name = f"{module_name(webhooks)[1]}_webhooks"
        view = [
            *lay_out(call("@blueprint.post", string(webhooks.endpoint), "strict_slashes=False")),
            "def webhook() -> Response:",
            "    answer = inbox.take(request.environ)",
            "    return Response(answer.body, answer.status, list(answer.headers))",
        ]
        blueprint = lay_out(call("blueprint = Blueprint", string(name), "__name__"))
        inbox = self.inbox(imports).lines
        start = "blueprint.before_app_request(inbox.on_request)"
        return [Block((*inbox, *blueprint, start)), Block(tuple(view), definition=True)]

    def app(self, webhooks: Webhooks | None, imports: Imports) -> list[Block]:
        imports.use("flask", "Flask")
        lines = ["app = Flask(__name__)"]
        if webhooks is not None:
            module = imports.use(*module_name(webhooks))
            lines += [f"app.register_blueprint({module}.blueprint)", f"{module}.inbox.start()"]
        return [Block(tuple(lines))]

    def serve(self, webhooks: Webhooks, imports: Imports) -> ServedWebhooks:
        imports.use("flask", "Flask")
        for name in ("blueprint", "inbox"):
            imports.use(webhooks.module, name)
        statements = ("    app = Flask(__name__)", "    app.register_blueprint(blueprint)")
        return ServedWebhooks("app", "inbox", statements)
