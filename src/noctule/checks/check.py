"""What is wrong with a task, noctule's own or someone else's, held against pack and document.

Each rule is a function from the case to findings; `check` runs them all, in the order of the card.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from noctule.checks.gates import unsigned
from noctule.checks.operations import find_operation
from noctule.checks.retry_text import WAITS, contradiction, retry_text
from noctule.manifest import texts
from noctule.messages import say
from noctule.text import nearest, snake

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.providers import Pack

_ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    code: str
    """The rule: "event", "retry", "secret" …"""
    place: str
    """In the task: "webhooks[1].event"."""
    line: int
    """In the file, from 1; 0 for a task that comes from no file."""
    message: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True)
class _Case:
    task: IntegrationTask
    pack: Pack | None
    document: ApiDocument | None
    method_names: Collection[str]
    language: Language

    def finding(self, rule: str, place: str, fix: str = "", /, **params: object) -> Finding:
        """The finding of catalogue messages `find_<rule>` and `fix_<fix>`."""
        named = {"service": self.task.service, **params}
        return Finding(
            code=rule.partition("_")[0],
            place=place,
            line=self._line(place),
            message=say(self.language, f"checks.find_{rule}", **named),
            fix=say(self.language, f"checks.fix_{fix}", **named) if fix else "",
        )

    def _line(self, place: str) -> int:
        """The line of the place, or of the nearest one around it that the reader noted."""
        while place and place not in self.task.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.task.lines.get(place, 0)

    def nearest(self, said: str, known: Iterable[str]) -> tuple[str, dict[str, str]]:
        """The fix that offers the true name most like `said`, and its parameters."""
        name = nearest(said, known)
        return ("nearest", {"value": name}) if name else ("remove", {})


def check(
    task: IntegrationTask,
    *,
    pack: Pack | None,
    document: ApiDocument | None,
    method_names: Collection[str],
    language: Language,
) -> list[Finding]:
    """Every finding, in the order of the card's keys; [] for a task without errors.

    `method_names` are the names, in snake_case, that the planner gives the document's operations.
    What neither pack nor document can decide gives no finding.
    """
    case = _Case(task, pack, document, method_names, language)
    return [finding for rule in _RULES for finding in rule(case)]


def _files(case: _Case) -> Iterator[Finding]:
    places = [(f"files[{i}].path", file.path) for i, file in enumerate(case.task.files)]
    for place, path in [*places, ("tests", case.task.tests)]:
        if _escapes(path):
            yield case.finding("path", place, "inside", said=path)
    seen: set[str] = set()
    for place, path in places:
        if path in seen:
            yield case.finding("duplicate", place, said=path)
        seen.add(path)


def _escapes(path: str) -> bool:
    windows = PureWindowsPath(path)
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(windows.drive or windows.root) or ".." in parts or path.startswith("~")


def _env_vars(case: _Case) -> Iterator[Finding]:
    known = {fact.name for fact in case.pack.env} if case.pack else set[str]()
    for i, variable in enumerate(case.task.env_vars):
        place = f"env_vars[{i}].name"
        if not _ENV_NAME.fullmatch(variable.name):
            yield case.finding("env_name", place, said=variable.name)
        elif known and variable.name not in known:
            fix, params = case.nearest(variable.name, known)
            yield case.finding("env", place, fix, said=variable.name, **params)


def _secrets(case: _Case) -> Iterator[Finding]:
    from noctule.runtime.redaction.patterns import token_pattern

    tokens = token_pattern()
    facts = [fact for fact in case.pack.env if fact.secret and fact.shape] if case.pack else []
    for place, text in texts(case.task):
        fact = next((fact for fact in facts if re.fullmatch(fact.shape, text.strip())), None)
        if fact or re.search(tokens, text):
            yield case.finding("secret", place, "env_value", shape=fact.name if fact else "token")


def _methods(case: _Case) -> Iterator[Finding]:
    known = _method_names(case)
    for i, method in enumerate(case.task.methods):
        name = snake(method.name)
        if method.operation and case.document:
            if find_operation(case.document, case.pack, method.operation) is None:
                fix, params = case.nearest(method.operation, case.document.operations)
                place = f"methods[{i}].operation"
                yield case.finding("operation", place, fix, said=method.operation, **params)
        elif known and not method.operation and name not in known:
            fix, params = case.nearest(name, known)
            yield case.finding("method", f"methods[{i}].name", fix, said=method.name, **params)


def _method_names(case: _Case) -> set[str]:
    """Every name, in snake_case, under which an operation is known."""
    operations = case.document.operations.values() if case.document else ()
    facts = case.pack.operations.values() if case.pack else ()
    names = {fact.name for fact in facts} | {snake(operation.id) for operation in operations}
    return names.union(case.method_names)


def _webhooks(case: _Case) -> Iterator[Finding]:
    known = set(case.pack.event_names) if case.pack else set[str]()
    known |= set(case.document.webhooks) if case.document and known else set()
    for i, webhook in enumerate(case.task.webhooks):
        if known and webhook.event not in known:
            fix, params = case.nearest(webhook.event, known)
            yield case.finding("event", f"webhooks[{i}].event", fix, said=webhook.event, **params)
        if not webhook.endpoint.startswith("/"):
            value = {"value": f"/{webhook.endpoint}"}
            place = f"webhooks[{i}].endpoint"
            yield case.finding("endpoint", place, "write", said=webhook.endpoint, **value)
    refusal = unsigned(case.pack, case.task.service, case.language) if case.pack else None
    if refusal and case.task.webhooks:
        found = case.finding("unsigned", "webhooks", reason=refusal.reason)
        yield replace(found, fix=refusal.alternative)


def _error_handling(case: _Case) -> Iterator[Finding]:
    handling = case.task.error_handling
    for key in ("retry", "fallback", "timeout", "circuit_breaker"):
        place = f"error_handling.{key}"
        on_card = key in ("retry", "fallback")
        if not getattr(handling, key).strip() and (on_card or place in case.task.lines):
            yield case.finding("empty", place, key=place)
    found = contradiction(handling.retry)
    if found:
        yield case.finding(
            "retry" if found.waits else "retry_counts",
            "error_handling.retry",
            "retry",
            said=found.said,
            waits=len(found.waits),
            list=", ".join(found.waits),
            attempts=found.attempts,
            value=retry_text(case.language, found.waits or WAITS),
        )


def _tests(case: _Case) -> Iterator[Finding]:
    tests = case.task.tests
    if tests and tests not in {file.path for file in case.task.files}:
        yield case.finding("tests", "tests", "add_file", said=tests)


_RULES: tuple[Callable[[_Case], Iterator[Finding]], ...] = (
    _files,
    _env_vars,
    _methods,
    _webhooks,
    _error_handling,
    _tests,
    _secrets,
)
