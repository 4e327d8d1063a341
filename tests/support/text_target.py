"""A target that writes the model as plain text, with names in camelCase: a language in one file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from noctule.apidoc.naming.word_split import lower_words
from noctule.codegen.model.integration import (
    Enumeration,
    Integration,
    ListOf,
    MapOf,
    Method,
    Nullable,
    OneOf,
    Record,
    Reference,
    Type,
)
from noctule.codegen.target_language import TargetLanguage
from noctule.codegen.targets import Target
from noctule.codegen.test_report import TestReport
from noctule.manifest import IntegrationTask
from noctule.project.location import Project
from noctule.project.rendered import Rendered
from noctule.project.style import Style

NO_NAMES: frozenset[str] = frozenset()


class CamelNaming:
    types = frozenset({"Promise"})
    members = frozenset({"constructor"})
    parameters = frozenset({"options"})
    methods = service = handlers = constructor = NO_NAMES

    def member(self, text: str) -> str:
        name = self.type(text)
        return f"{name[:1].lower()}{name[1:]}"

    def type(self, text: str) -> str:
        words = lower_words(text) or ["value"]
        name = "".join(word[0].upper() + word[1:] for word in words)
        return name if name[0].isalpha() else f"N{name}"

    def constant(self, text: str) -> str:
        return self.member(text)

    def service_type(self, service: str) -> str:
        return f"{self.type(service)}Client"

    def usable_type(self, name: str, service: str) -> str:
        del service
        return name

    def resource_type(self, resource: str) -> str:
        return self.type(resource)

    def resource_module(self, resource: str) -> str:
        return resource

    def module(self, path: str) -> str:
        return str(PurePosixPath(path).with_suffix(""))

    def is_key(self, name: str) -> bool:
        return name.isascii()


def text_of(kind: Type | None) -> str:
    match kind:
        case None:
            return "nothing"
        case ListOf(item):
            return f"list of {text_of(item)}"
        case MapOf(value):
            return f"map of {text_of(value)}"
        case Nullable(value):
            return f"{text_of(value)} or null"
        case OneOf(options):
            return " or ".join(map(text_of, options))
        case Reference(name):
            return name
        case Enumeration(name, values):
            return name or "/".join(values)
        case _:
            return kind.kind


def method_text(method: Method) -> str:
    parameters = ", ".join(f"{param.name}: {text_of(param.type)}" for param in method.params)
    return f"{method.full_name}({parameters}): {text_of(method.returns)}"


def record_text(record: Record) -> Iterator[str]:
    yield f"{record.name}:"
    yield from (f"  {field.name}: {text_of(field.type)}" for field in record.fields)


def render_text(
    task: IntegrationTask, integration: Integration, framework: str, style: Style
) -> tuple[Rendered, ...]:
    del style
    wrapper = integration.wrapper
    lines = [f"{wrapper.name} for {framework}", *map(method_text, wrapper.methods)]
    lines += [line for record in wrapper.every_record for line in record_text(record)]
    return (Rendered(f"{wrapper.module}.txt", "\n".join(lines) + "\n", "wrapper"),)


def run_no_tests(project: Project, /, *paths: str, limit: float) -> TestReport:
    del project, limit
    return TestReport(paths, 1, 0, 0, (), "")


def plain_style(project: Path) -> Style:
    del project
    return Style()


@dataclass(frozen=True)
class TextFramework:
    id: str = "text"
    asynchronous: bool = True


TEXT = Target(
    TargetLanguage(
        id="text",
        naming=CamelNaming(),
        render=render_text,
        style=plain_style,
        merges={},
        tests_folder=lambda path: path,
        run_tests=run_no_tests,
        driver=(),
    ),
    TextFramework(),
)
