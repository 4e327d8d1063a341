"""What this process is: one that serves requests, or one that only imports the application."""

from __future__ import annotations

import os
import sys


def imports_only() -> bool:
    """Whether an application that is created here will not be served: tests of pytest, and Flask's
    commands other than `run`."""
    if "PYTEST_VERSION" in os.environ:
        return True
    click = sys.modules.get("click")
    if click is None or os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        return False
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name != "run"


def is_bystander(*, forked: bool) -> bool:
    """Whether another process serves: the parent of werkzeug's reloader, whose code grows old, or,
    in a `forked` process, the one that had `multiprocessing` fork it."""
    if "werkzeug._reloader" in sys.modules and os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        return True
    multiprocessing = sys.modules.get("multiprocessing.process")
    return forked and multiprocessing is not None and multiprocessing.parent_process() is not None


def has_green_threads() -> bool:
    """Whether gevent or eventlet may replace threads after a fork: a thread that starts right then
    is neither a real nor a green one."""
    return "gevent" in sys.modules or "eventlet" in sys.modules
