"""The application that `test_wsgi_restart` runs under real servers: what noctule generates for
Flask, with a handler that writes down the process that ran it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import Blueprint, Flask, Response, request

from noctule.webhooks import Event, Receiver, SyncReceiver

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"])
inbox = SyncReceiver(receiver)
blueprint = Blueprint("stripe_webhooks", __name__)
blueprint.before_app_request(inbox.on_request)


@receiver.on("*")
def handle(event: Event) -> None:
    time.sleep(float(os.environ.get("SLOW_HANDLER", "0")))
    with Path(os.environ["HANDLED"]).open("a") as file:
        file.write(f"{event.id} {os.getpid()}\n")


@blueprint.post("/hooks", strict_slashes=False)
def webhook() -> Response:
    answer = inbox.take(request.environ)
    return Response(answer.body, answer.status, list(answer.headers))


app = Flask(__name__)
app.register_blueprint(blueprint)
if "NO_START" not in os.environ:
    inbox.start()
time.sleep(float(os.environ.get("SLOW_IMPORT", "0")))


@app.get("/")
def home() -> str:
    return str(os.getpid())
