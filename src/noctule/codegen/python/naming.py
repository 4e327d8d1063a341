"""Names in Python: readable, legal, and never numbered."""

from __future__ import annotations

import builtins
import keyword
from functools import lru_cache

from noctule.apidoc.naming.word_split import split_parts, split_words
from noctule.codegen.model.integration import SHARED
from noctule.project.frameworks import FRAMEWORKS
from noctule.project.frameworks.base import module_parts

IMPORTED = frozenset(
    {"AbstractAsyncContextManager", "AbstractContextManager", "All", "Annotated", "Any",
     "ApiKeyHeader", "ApiKeyQuery", "AsyncIterator", "AsyncStream", "Awaitable", "BadRequest",
     "Basic", "Bearer", "Call", "Callable", "CallOptions", "Conflict", "Cursor", "Decimal",
     "Event", "File", "FormPart", "InvalidResponse",
     "Iterator", "JSON", "LastId", "LinkHeader", "Literal", "Mapping", "MissingSecrets",
     "MockProvider", "Model", "NextUrl", "NoAuth", "NotFound", "NotRequired", "NULL", "Null",
     "OAuth2ClientCredentials", "OAuth2RefreshToken", "Offset", "OpenModel", "Operation",
     "OutcomeUnknown",
     "PageNumber", "Path", "Policies", "RateLimitHeaders", "Receiver", "ClientError",
     "RetryLimits", "Sender", "Sequence", "ServerVariable", "Service", "Signed", "ServiceConfig",
     "ServiceError", "ServiceOptions", "SyncService", "SyncServiceOptions", "SyncStream",
     "SyncReceiver", "Unpack", "TelemetryEvent", "TimedOut", "TypedDict",
     "Unprocessable", "Variants", "VirtualClock"}
).union(*(framework.reserved for framework in FRAMEWORKS.values()))  # fmt: skip
"""What generated modules import or define."""
TYPES = frozenset({"bool", "bytes", "dict", "field", "float", "int", "list", "str"})
"""What the annotations of a model are made of: a member of that name would hide it."""
ANNOTATING = frozenset({"JSON", "Literal", "Mapping", "NotRequired", "Sequence"})
"""What the annotations of a typed dict are made of, besides types."""


class PythonNaming:
    """`snake_case`, `PascalCase`, and what Python, pytest and the runtime keep for themselves."""

    types = IMPORTED | frozenset(dir(builtins))
    members = TYPES | {"extra"}
    parameters = frozenset({"self", "options", "env", "with_extra"})
    methods = frozenset({"json", "null"})
    """Their constants would hide the runtime's `JSON` and `NULL`."""
    service = frozenset(
        {"call", "raw", "stream", "deliver", "close", "aclose", "config", "base_url",
         "base_url_of", "json", "null"}
    )  # fmt: skip
    constructor = frozenset(
        {"self", "options", "base_url", "servers", "variables", "transport", "clock", "on_event",
         "provider_states"}
    )  # fmt: skip
    handlers = frozenset(
        {"receiver", "router", "logger", "logging", "inbox", "blueprint", "webhook",
         "urlpatterns", "path", "request", "csrf_exempt", "require_POST"}
    )  # fmt: skip

    def member(self, text: str) -> str:
        return python_name(text)

    def type(self, text: str) -> str:
        return class_name(text)

    def constant(self, text: str) -> str:
        return constant_name(text)

    def service_type(self, service: str) -> str:
        return f"{class_name(service)}Service"

    def usable_type(self, name: str, service: str) -> str:
        """pytest takes an imported class called `Test…` for tests."""
        return f"{class_name(service)}{name}" if name.startswith("Test") else name

    def resource_type(self, resource: str) -> str:
        title = class_name(resource)
        return f"Api{title}" if title.startswith("Test") else title

    def resource_module(self, resource: str) -> str:
        """pytest takes a module called `test_…` or `…_test` for tests."""
        name = f"{resource}_api" if resource.endswith("_test") or resource == SHARED else resource
        return f"api_{name}" if name.startswith("test_") else name

    def module(self, path: str) -> str:
        parts = module_parts(path)
        importable = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
        return "/".join(parts) if path.endswith(".py") and importable else ""

    def is_key(self, name: str) -> bool:
        """Whether class syntax can write the key of a typed dict."""
        legal = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
        return legal and name not in TYPES | ANNOTATING and not name.startswith("_")


PYTHON_NAMING = PythonNaming()


def dotted(module: str) -> str:
    """The name under which Python imports a module of the model."""
    return module.replace("/", ".")


@lru_cache(maxsize=10_000)
def python_name(text: str) -> str:
    """`Payment-Intent`, `paymentIntent`, `payment[intent]` -> `payment_intent`.

    A keyword gets an underscore at its end; a name without a letter is spelt (`+1` -> `plus_1`).
    """
    return _legal("_".join(split_words(text)).lower())


def constant_name(text: str) -> str:
    """`create_payment_intent` -> `CREATE_PAYMENT_INTENT`; underscores at the end, which may be all
    that tells two names apart, stay."""
    ending = "_" * (len(text) - len(text.rstrip("_")))
    return _legal("_".join(split_words(text))).rstrip("_").upper() + ending


@lru_cache(maxsize=10_000)
def class_name(text: str) -> str:
    """`payment_intent` -> `PaymentIntent`; capitals that are there stay (`GitHub`, `SMSReport`)."""
    name = "".join(part[0].upper() + part[1:] for part in split_parts(text))
    if name.isupper() and len(name) > 4:
        name = name.capitalize()
    return _legal(name or "Value")


def _legal(name: str) -> str:
    if not name or not f"x{name}".isidentifier():
        return "value"
    if not name.isidentifier():
        return f"n_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
