"""The text of generated docstrings: units, errors, and the operation's source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.build.auth import secrets_of
from noctule.codegen.python.emitter.line_breaks import columns
from noctule.codegen.python.emitter.module import wrap
from noctule.runtime.operation import READ_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import Failure, Method, Param, Wrapper
    from noctule.codegen.python.service.mode import Mode

ERRORS = {
    "400": "BadRequest",
    "402": "ClientError",
    "404": "NotFound",
    "409": "Conflict",
    "410": "NotFound",
    "412": "Conflict",
    "422": "Unprocessable",
}
"""Statuses that callers may handle differently, and what the runtime raises for them."""
UNKNOWN = (
    "A write may or may not have happened, whatever its cause says. Repeat it where"
    " `safe_to_retry` is true, under its `idempotency_key` if it has one; find out what happened"
    " where it is not."
)


TYPES = (
    "A member of a response has its type, or reading it raises `InvalidMember`: the provider left"
    " it out, or sent something else. `strict=True` (of a service or a call) refuses such a"
    " response."
)


def module_doc(wrapper: Wrapper) -> list[str]:
    source = f"Source: {wrapper.document}." if wrapper.document else ""
    first = f"{wrapper.service}: the operations that this project uses."
    return [first, *([source] if source else []), TYPES]


def class_doc(wrapper: Wrapper) -> list[str]:
    """What the service does on every call, the variables it reads, and its addresses."""
    ways = (wrapper.auth, *wrapper.schemes.values())
    names = list(dict.fromkeys(name for way in ways for name in secrets_of(way)))
    reads = f"Reads {_listed(names)} from the environment." if names else ""
    first = f"{wrapper.service}, with timeouts, retries and a circuit breaker on every call."
    common = sorted(common_failures(wrapper), key=lambda failure: failure.status)
    entries = [entry for failure in common for entry in _error(failure)]
    entries += [("ClientError", "Any other 4xx response.")]
    entries += [("Unavailable", "The provider is down, slow or overloaded; retries did not help.")]
    if not all(method.reads for method in wrapper.methods):
        entries += [("OutcomeUnknown", UNKNOWN)]
    options = (
        "Every method takes `options`: a timeout, a number of attempts or an idempotency key"
        " for that call. `raw` makes a call and returns its status, headers and bytes."
    )
    raised = "Every method raises a `ServiceError`:\n\n" + _entries(entries)
    return [first, *filter(None, (reads, _address(wrapper), _sandbox(wrapper))), options, raised]


def common_failures(wrapper: Wrapper) -> frozenset[Failure]:
    """The documented errors that all methods of the wrapper share."""
    first, *others = [frozenset(method.failures) for method in wrapper.methods]
    return first.intersection(*others) if others else frozenset()


def method_doc(method: Method, common: frozenset[Failure]) -> list[str]:
    paragraphs = [method.does or f"Call `{method.verb} {method.path}`."]
    if method.detail:
        paragraphs.append(method.detail)
    paragraphs.append(f"Source: `{method.verb} {method.path}`.")
    described = [entry for param in method.params for entry in _described(param)]
    if described:
        paragraphs.append("Args:\n" + _entries(described))
    own = (failure for failure in method.failures if failure not in common)
    raised = [
        entry
        for failure in own
        for entry in _error(failure)
        if not (failure.status == "409" and method.verb in READ_METHODS)
    ]
    if raised:
        paragraphs.append("Raises:\n" + _entries(raised))
    return paragraphs


def all_doc(method: Method) -> list[str]:
    return [
        f"All items of `{method.name}`, page by page.",
        f"Stops after `max_items` items, if given. Arguments and errors: see `{method.name}`.",
    ]


def stream_doc(method: Method, mode: Mode) -> list[str]:
    use = f"{mode.start}with ... as stream: {mode.start}for piece in stream"
    return [f"The content of `{method.name}` as a stream: `{use}`."]


def _described(param: Param) -> Iterator[tuple[str, str]]:
    if param.doc:
        yield param.name, param.doc


def _error(failure: Failure) -> Iterator[tuple[str, str]]:
    """What the runtime raises for it, if callers may handle it differently."""
    if failure.status in ERRORS:
        yield ERRORS[failure.status], f"{failure.status}. {failure.doc}".rstrip()


def _entries(entries: list[tuple[str, str]]) -> str:
    lines: list[str] = []
    for name, text in entries:
        lines += wrap(f"{name}: {text}", "    ", "        ", columns() - 8)
    return "\n".join(lines)


def _address(wrapper: Wrapper) -> str:
    """How to pass a base URL, if the document has none."""
    variable = f"`{wrapper.base_url_variable}`"
    if wrapper.base_url:
        return ""
    example = f"`{wrapper.name}(base_url='https://...')`"
    path = f" Without a path, `{wrapper.base_path}` is put behind it." if wrapper.base_path else ""
    return f"The API document has no base URL: pass one, {example}, or set {variable}.{path}"


def _sandbox(wrapper: Wrapper) -> str:
    if wrapper.sandbox in ("", wrapper.base_url):
        return ""
    return f"For the sandbox: `{wrapper.name}(base_url='{wrapper.sandbox}')`."


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
