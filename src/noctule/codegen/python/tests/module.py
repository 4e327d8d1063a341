"""The modules with the tests of an integration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from noctule.codegen.model.naming import free
from noctule.codegen.python.emitter.line_breaks import collection, joined, lay_out
from noctule.codegen.python.emitter.module import Block, Imports, docstring, module
from noctule.codegen.python.naming import constant_name
from noctule.codegen.python.tests.calls import CallTable
from noctule.codegen.python.tests.context import CONTRACT, FileContext
from noctule.codegen.python.tests.example_answers import ExampleAnswers, repeated_answers
from noctule.codegen.python.tests.profile import profile_fixture
from noctule.codegen.python.tests.webhooks import webhook_tests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from noctule.codegen.model.integration import Integration, Method, Resource
    from noctule.codegen.python.webhooks.recipes import FrameworkRecipe

ANSWERS = "example_answers"
RESILIENCE = "test_resilience"
CONTRACTS = {
    "ServiceContract": "Each call as documented, and under each failure of the provider.",
    "CallContract": "Each call as documented.",
    "ResilienceContract": "Each call under each failure of the provider.",
}
"""What each contract tests."""


def tests_of_methods(integration: Integration, package: str, framework: FrameworkRecipe) -> str:
    """The test file of a service with few methods; `package` is the project's own top package."""
    context = FileContext(integration, framework, Imports(package))
    wrapper = integration.wrapper
    repeated = repeated_answers(integration)
    answers = ExampleAnswers(
        wrapper.record_of, repeated, context.imports, reserved=operations(wrapper.methods)
    )
    table = CallTable(context, answers, wrapper.module).block(wrapper.methods)
    blocks = [profile_fixture(context), _contract(context, wrapper.name, "ServiceContract")]
    if integration.webhooks is not None:
        blocks += webhook_tests(context, answers, integration.webhooks)
    text = "no network, no key, and no waiting (time is virtual)"
    return module(
        [f"{wrapper.service}: {text}."], context.imports, [*answers.blocks, table, *blocks]
    )


def tests_of_webhooks(integration: Integration, package: str, framework: FrameworkRecipe) -> str:
    """The test file of the webhooks alone; "" without webhooks."""
    if integration.webhooks is None:
        return ""
    context = FileContext(integration, framework, Imports(package))
    answers = ExampleAnswers(
        integration.wrapper.record_of, repeated_answers(integration), context.imports
    )
    blocks = list(webhook_tests(context, answers, integration.webhooks))
    signed = "not signed" if integration.webhooks.refetch else "signed with a key of each test"
    doc = f"The webhooks of {integration.wrapper.service}, {signed}."
    return module([doc], context.imports, [*answers.blocks, *blocks])


class WholeApiTests:
    """The test files of a whole API: one for each resource, and what they share.

    `folder` is the package of the files, dotted.
    """

    def __init__(
        self, integration: Integration, package: str, framework: FrameworkRecipe, folder: str
    ) -> None:
        self._integration = integration
        self._wrapper = integration.wrapper
        self._framework = framework
        self._packages = (package, folder.partition(".")[0])
        self._folder = folder
        self._repeated = repeated_answers(integration)
        self._shared_records = {record.name for record in self._wrapper.records}
        self._answers_context = self._context()
        self._shared = ExampleAnswers(
            self._wrapper.record_of,
            self._repeated,
            self._answers_context.imports,
            reserved=operations(self._wrapper.methods),
        )

    def modules(self) -> Iterator[tuple[str, str]]:
        """Name of each module and its source."""
        names: set[str] = set()
        for resource in self._wrapper.resources:
            names.add(f"test_{resource.name}")
            yield f"test_{resource.name}", self._resource(resource)
        yield free((RESILIENCE,), names), self._resilience()
        yield "conftest", self._conftest()
        if self._shared.blocks:
            doc = f"{self._wrapper.service}: example answers of several resources."
            yield ANSWERS, module([doc], self._answers_context.imports, self._shared.blocks)

    def _context(self) -> FileContext:
        return FileContext(self._integration, self._framework, Imports(*self._packages))

    def _resource(self, resource: Resource) -> str:
        context = self._context()
        elsewhere = partial(self._shared_answer, context.imports)
        answers = ExampleAnswers(
            self._wrapper.record_of,
            self._repeated,
            context.imports,
            elsewhere,
            operations(resource.methods),
        )
        table = CallTable(context, answers, resource.module, resource.name)
        rows = table.block(resource.methods)
        doc = f"{self._wrapper.service}: the calls of `{resource.name}`."
        contract = _contract(context, resource.title, "CallContract")
        return module([doc], context.imports, [*answers.blocks, rows, contract])

    def _shared_answer(self, imports: Imports, record: str, value: Any) -> str:
        """The constant of a record that several resources refer to; "" for one of a resource."""
        if record not in self._shared_records:
            return ""
        name = self._shared.constant(record, value)
        return imports.use(f"{self._folder}.{ANSWERS}", name) if name else ""

    def _resilience(self) -> str:
        context = self._context()
        service = context.imports.use(self._wrapper.module, self._wrapper.name)
        row = context.imports.use(CONTRACT, "ExampleCall")
        modules = [
            context.imports.use(self._folder, f"test_{resource.name}")
            for resource in representatives(self._wrapper.resources)
        ]
        table = collection("{", [f"**{module}.CALLS" for module in sorted(modules)], "}")
        rows = Block(tuple(lay_out(joined(f"CALLS: dict[str, {row}[{service}]] = ", table))))
        doc = f"{self._wrapper.service} fails in every way, for calls of every kind."
        contract = _contract(context, "Resilience", "ResilienceContract")
        return module([doc], context.imports, [rows, contract])

    def _conftest(self) -> str:
        context = self._context()
        doc = f"{self._wrapper.service}: the facts that hold for all of its calls."
        return module([doc], context.imports, [profile_fixture(context)])


def representatives(resources: Collection[Resource]) -> list[Resource]:
    """Few and small resources that together have every kind of call."""
    kinds = {resource.name: set(map(_kind, resource.methods)) for resource in resources}
    missing = {kind for of_resource in kinds.values() for kind in of_resource}
    chosen: list[Resource] = []
    while missing:
        best = max(resources, key=lambda part: len(kinds[part.name] & missing) / len(part.methods))
        missing -= kinds[best.name]
        chosen.append(best)
    return chosen


def _kind(method: Method) -> tuple[object, ...]:
    """What decides how a call behaves when the provider fails."""
    return method.body, method.retry, method.returns is None, method.reads_json


def operations(methods: Iterable[Method]) -> set[str]:
    """The constants of operations that a test file may import."""
    return {constant_name(method.name) for method in methods if method.moves_money}


def _contract(context: FileContext, name: str, contract: str) -> Block:
    does = CONTRACTS[contract]
    base = context.imports.use(CONTRACT, contract)
    lines = (f"class Test{name}({base}):", *docstring([does], 4), "", "    calls = CALLS")
    return Block(lines, definition=True)
