"""The packs with operations in one project: what tools and the generated tests say of it."""

from pathlib import Path

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import IntegrationTask
from noctule.providers import pack, packs
from support import codegen_checks as checks
from support.codegen_tasks import stripe_task, task_of


def tasks() -> list[IntegrationTask]:
    """Every pack, with the operations and events of all its needs."""
    made = [stripe_task()]
    for provider, known in packs().items():
        operations = [key for need in known.needs.values() for key in need.operations]
        named = {known.operations[key].name: key for key in dict.fromkeys(operations)}
        events = dict.fromkeys(event for need in known.needs.values() for event in need.events)
        if provider != "stripe" and named:
            made.append(task_of(provider, dict(list(named.items())[:8]), tuple(events)))
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for task in tasks():
        known = pack(task.provider)
        document = apidoc.parse(known.document_bytes(), source=f"pack:{known.id}")
        checks.write(root, render(task, document, known))
    return root


def test_the_code_is_formatted_and_lint_clean(project: Path) -> None:
    assert checks.unformatted(project) == ""
    assert checks.lint(project) == ""


def test_mypy_is_content(project: Path) -> None:
    assert checks.mypy(project) == ""


def test_pyright_is_content(project: Path) -> None:
    assert checks.pyright(project) == ""


def test_the_generated_tests_pass(project: Path) -> None:
    assert checks.tests(project) == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("services/stripe_service.py", '"/v1/customers"', '"/v1/customer"'),
        ("services/stripe_service.py", '"currency": currency', '"curency": currency'),
        ("services/stripe_service.py", '    retry="with_key",\n    moves', "    moves"),
        ("api/webhooks/stripe.py", "payment_intent.id", "payment_intent.nothing"),
    ],
)
def test_the_generated_tests_fail_when_the_code_is_broken(
    project: Path, file: str, old: str, new: str
) -> None:
    path = project / "app" / file
    text = path.read_text()
    assert old in text
    try:
        path.write_text(text.replace(old, new))
        assert checks.tests(project, "tests/test_stripe_service.py") != ""
    finally:
        path.write_text(text)
