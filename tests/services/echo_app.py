"""One sync service at module level, used while the module is imported: what Celery's prefork and
gunicorn's --preload then fork.

ECHO_URL is the provider, ECHO_BROKER a folder for Celery's messages.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule.runtime import Bearer, Model, Operation, ServiceConfig, SyncService, env

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

os.environ.setdefault("ECHO_KEY", "key-of-a-test")


class Answer(Model):
    path: str


class Echo(SyncService):
    config = ServiceConfig(
        name="echo", base_url=os.environ["ECHO_URL"], auth=Bearer(env("ECHO_KEY"))
    )


READ = Operation("read", "GET", "/get/{pid}/{n}", returns=Answer)
ECHO = Echo()


def is_own_answer(n: str) -> str:
    """ "right", "wrong", or the error."""
    pid = os.getpid()
    try:
        answer = ECHO.call(READ, path={"pid": pid, "n": n})
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "right" if answer.path == f"/get/{pid}/{n}" else "wrong"


assert is_own_answer("import") == "right"


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """For gunicorn: the path is the number."""
    start("200 OK", [("content-type", "text/plain")])
    return [is_own_answer(environ["PATH_INFO"].strip("/")).encode()]


def celery_app() -> Any:
    from celery import Celery

    folder = Path(os.environ["ECHO_BROKER"])
    app = Celery("echo", broker="filesystem://", backend="cache+memory://")
    app.conf.update(
        broker_transport_options={
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
        },
        task_ignore_result=True,
        worker_hijack_root_logger=False,
    )

    @app.task(name="calls")
    def calls(first: int, count: int, at: float) -> None:
        """`count` calls, begun by all tasks at the same moment; the counts go into a file."""
        time.sleep(max(0.0, at - time.time()))
        results = [is_own_answer(str(first + n)) for n in range(count)]
        draft = folder / f"{first}.draft"
        draft.write_text("\n".join([str(os.getpid()), *results]))
        draft.rename(folder / f"{first}.done")

    return app


app = celery_app() if "ECHO_BROKER" in os.environ else None
