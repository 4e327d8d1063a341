"""The errors of a task, noctule's own or someone else's, compared with pack and document.

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
class _CheckedTask:
    task: IntegrationTask
    pack: Pack | None
    document: ApiDocument | None
    method_names: Collection[str]
    language: Language

    def finding(self, rule: str, place: str, fix: str = "", /, **params: object) -> Finding:
        """The finding of catalogue messages `find_<rule>` and `fix_<fix>`."""
        values = {"service": self.task.service, **params}
        return Finding(
            code=rule.partition("_")[0],
            place=place,
            line=self._line(place),
            message=say(self.language, f"checks.find_{rule}", **values),
            fix=say(self.language, f"checks.fix_{fix}", **values) if fix else "",
        )

    def _line(self, place: str) -> int:
        """The line of the place, or of the smallest part around it that has one."""
        while place and place not in self.task.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.task.lines.get(place, 0)

    def fix_name(self, name: str, candidates: Iterable[str]) -> tuple[str, dict[str, str]]:
        """The fix that offers the candidate most like `name`, and its parameters."""
        candidate = nearest(name, candidates)
        return ("nearest", {"value": candidate}) if candidate else ("remove", {})


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
    case = _CheckedTask(task, pack, document, method_names, language)
    return [finding for rule in _RULES for finding in rule(case)]


def _files(case: _CheckedTask) -> Iterator[Finding]:
    places = [(f"files[{i}].path", file.path) for i, file in enumerate(case.task.files)]
    for place, path in [*places, ("tests", case.task.tests)]:
        if _escapes(path):
            yield case.finding("path", place, "inside", text=path)
        elif _reserved(path):
            yield case.finding("path_reserved", place, "source_file", text=path)
    paths: set[str] = set()
    for place, path in places:
        # Some file systems know no case; and "a//b" is "a/b" everywhere.
        key = str(PurePosixPath(path.replace("\\", "/"))).casefold()
        if key in paths:
            yield case.finding("duplicate", place, text=path)
        paths.add(key)


def _escapes(path: str) -> bool:
    windows = PureWindowsPath(path)
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(windows.drive or windows.root) or ".." in parts or path.startswith("~")


def _reserved(path: str) -> bool:
    """Whether other programs read it (`.git/hooks`, `.github`), or it may be a task itself."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    hidden = any(part.startswith(".") for part in parts)
    return hidden or (parts[:1] == ("integrations",) and parts[-1].endswith((".yaml", ".yml")))


def _env_vars(case: _CheckedTask) -> Iterator[Finding]:
    names = {fact.name for fact in case.pack.env} if case.pack else set[str]()
    for i, variable in enumerate(case.task.env_vars):
        place = f"env_vars[{i}].name"
        if not _ENV_NAME.fullmatch(variable.name):
            yield case.finding("env_name", place, text=variable.name)
        elif names and variable.name not in names:
            fix, params = case.fix_name(variable.name, names)
            yield case.finding("env", place, fix, text=variable.name, **params)


def _secrets(case: _CheckedTask) -> Iterator[Finding]:
    from noctule.runtime.redaction.patterns import token_pattern

    tokens = token_pattern()
    facts = [fact for fact in case.pack.env if fact.secret and fact.shape] if case.pack else []
    for place, text in texts(case.task):
        fact = next((fact for fact in facts if re.fullmatch(fact.shape, text.strip())), None)
        if fact or re.search(tokens, text):
            yield case.finding("secret", place, "env_value", shape=fact.name if fact else "token")


def _methods(case: _CheckedTask) -> Iterator[Finding]:
    names = _method_names(case)
    for i, method in enumerate(case.task.methods):
        name = snake(method.name)
        if method.operation and case.document:
            if find_operation(case.document, case.pack, method.operation) is None:
                fix, params = case.fix_name(method.operation, case.document.operations)
                place = f"methods[{i}].operation"
                yield case.finding("operation", place, fix, text=method.operation, **params)
        elif names and not method.operation and name not in names:
            fix, params = case.fix_name(name, names)
            yield case.finding("method", f"methods[{i}].name", fix, text=method.name, **params)


def _method_names(case: _CheckedTask) -> set[str]:
    """Every name, in snake_case, under which an operation is known."""
    operations = case.document.operations.values() if case.document else ()
    facts = case.pack.operations.values() if case.pack else ()
    names = {fact.name for fact in facts} | {snake(operation.id) for operation in operations}
    return names.union(case.method_names)


def _webhooks(case: _CheckedTask) -> Iterator[Finding]:
    events = set(case.pack.event_names) if case.pack else set[str]()
    events |= set(case.document.webhooks) if case.document and events else set()
    for i, webhook in enumerate(case.task.webhooks):
        if webhook.refetch:
            yield from _reader(case, webhook.refetch, f"webhooks[{i}].refetch")
        elif events and webhook.event not in events:
            fix, params = case.fix_name(webhook.event, events)
            yield case.finding("event", f"webhooks[{i}].event", fix, text=webhook.event, **params)
        if not webhook.endpoint.startswith("/"):
            value = {"value": f"/{webhook.endpoint}"}
            place = f"webhooks[{i}].endpoint"
            yield case.finding("endpoint", place, "write", text=webhook.endpoint, **value)
    refusal = unsigned(case.pack, case.task.service, case.language) if case.pack else None
    if refusal and not all(webhook.refetch for webhook in case.task.webhooks):
        finding = case.finding("unsigned", "webhooks", reason=refusal.reason)
        yield replace(finding, fix=refusal.alternative)


def _reader(case: _CheckedTask, operation: str, place: str) -> Iterator[Finding]:
    """Whether the document has the operation that reads the object of an unsigned webhook."""
    if case.document and operation not in case.document.operations:
        fix, params = case.fix_name(operation, case.document.operations)
        yield case.finding("operation", place, fix, text=operation, **params)


def _error_handling(case: _CheckedTask) -> Iterator[Finding]:
    handling = case.task.error_handling
    for key in ("retry", "fallback", "timeout", "circuit_breaker"):
        place = f"error_handling.{key}"
        on_card = key in ("retry", "fallback")
        if not getattr(handling, key).strip() and (on_card or place in case.task.lines):
            yield case.finding("empty", place, key=place)
    wrong = contradiction(handling.retry)
    if wrong:
        yield case.finding(
            "retry" if wrong.waits else "retry_counts",
            "error_handling.retry",
            "retry",
            text=wrong.statement,
            waits=len(wrong.waits),
            list=", ".join(wrong.waits),
            attempts=wrong.attempts,
            value=retry_text(case.language, wrong.waits or WAITS),
        )


def _tests(case: _CheckedTask) -> Iterator[Finding]:
    tests = case.task.tests
    if tests and tests not in {file.path for file in case.task.files}:
        yield case.finding("tests", "tests", "add_file", text=tests)


_RULES: tuple[Callable[[_CheckedTask], Iterator[Finding]], ...] = (
    _files,
    _env_vars,
    _methods,
    _webhooks,
    _error_handling,
    _tests,
    _secrets,
)
