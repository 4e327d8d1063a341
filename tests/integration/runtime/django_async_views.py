"""A Django project with one async view, asked four times through WSGI; run by test_loops_django."""

from __future__ import annotations

import io
import sys
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from noctule.runtime import JSON, NoAuth, Operation, Service, ServiceConfig

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of-a-test",
    DEBUG_PROPAGATE_EXCEPTIONS=True,
)


class Echo(Service):
    config = ServiceConfig(name="echo", base_url=sys.argv[1], auth=NoAuth())


ECHO = Echo()
READ = Operation("read", "GET", "/get/{n}", returns=JSON)


async def view(request: HttpRequest, n: int) -> HttpResponse:
    answer: Any = await ECHO.call(READ, path={"n": n})
    return HttpResponse(answer["path"])


urlpatterns = [path("<int:n>", view)]

if __name__ == "__main__":
    application = get_wsgi_application()
    statuses: list[str] = []
    for n in range(4):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/{n}",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
        }
        body = b"".join(application(environ, lambda status, headers: statuses.append(status)))
        print(f"{statuses[n][:3]}:{body.decode()}")
