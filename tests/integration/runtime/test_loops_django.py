"""Async views of Django under WSGI: asgiref gives each request an event loop of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.echo_server import EchoServer

PROGRAM = Path(__file__).with_name("django_async_views.py")


def test_an_async_view_under_wsgi_uses_a_service_of_its_module() -> None:
    with EchoServer() as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", PROGRAM, server.url],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    assert done.stdout.split() == ["200:/get/0", "200:/get/1", "200:/get/2", "200:/get/3"]
