"""The model knows no language: another one is a target in the registry, and nothing else."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from noctule import apidoc
from noctule.codegen import render, target_of
from noctule.codegen.targets import TARGETS
from noctule.manifest import IntegrationTask
from noctule.planning import plan
from noctule.problem import Problem
from noctule.project.layout import Layout
from noctule.providers import pack
from support.paths import SPECS
from support.text_target import TEXT

CODEGEN = Path(__file__).parents[3] / "src/noctule/codegen"
NEUTRAL = [*sorted((CODEGEN / "model").rglob("*.py")), *sorted((CODEGEN / "build").rglob("*.py"))]
PYTHON = re.compile(r"python|\bself\b|snake|\.py\b|pytest|typed dict|\b\w+_case\b", re.IGNORECASE)


@pytest.fixture(autouse=True)
def text_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "text", TEXT)


def planned(document: apidoc.ApiDocument, *operations: str) -> IntegrationTask:
    task = plan("Use it", layout=Layout(), document=document, operations=operations,
                accepted="test").task  # fmt: skip
    assert task is not None
    task.target = "text"
    return task


def test_the_model_of_a_pack_is_rendered_in_camel_case() -> None:
    stripe = pack("stripe")
    document = apidoc.parse(stripe.document_bytes(), source="pack:stripe")
    task = planned(document, "POST /v1/customers", "GET /v1/customers")
    [file] = render(task, document, stripe)
    assert file.path == "app/services/stripe_service.txt"
    first, create, list_all, *records = file.text.splitlines()
    assert first == "StripeClient for text"
    assert create.startswith("createCustomer(email: string, name: string, ")
    assert "preferredLocales: list of string" in create
    assert create.endswith("): Customer")
    assert list_all.startswith("listCustomers(")
    assert "Customer:" in records
    assert "  invoicePrefix: string or null" in records
    assert "_" not in create + list_all


@pytest.mark.skipif(not SPECS.is_dir(), reason="the real documents are not here")
@pytest.mark.parametrize("name", ["stripe", "github"])
def test_the_model_of_a_big_document_is_rendered_in_camel_case(name: str) -> None:
    document = apidoc.load(str(SPECS / f"{name}.json"))
    task = planned(document, next(iter(document.operations)))
    task.scope, task.methods = "whole", []
    [file] = render(task, document, None)
    methods = [line.partition("(")[0] for line in file.text.splitlines() if "(" in line]
    assert len(methods) == len(set(methods)) == len(document.operations)
    assert not [method for method in methods if re.search(r"_\w", method)]
    types = re.findall(r"^(\w+):$", file.text, flags=re.MULTILINE)
    assert len(types) == len(set(types)) > 200


def test_an_unknown_target_is_one_clear_problem() -> None:
    assert target_of("text") is TEXT
    assert target_of("flask").language.id == "python"
    with pytest.raises(Problem) as caught:
        target_of("cobol")
    assert caught.value.key == "project.target_unknown"


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """String literals, docstrings and comments, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            yield token.start[0], re.sub(r"\{[^{}]*\}", "", token.string)


@pytest.mark.parametrize("path", NEUTRAL, ids=lambda path: str(path.relative_to(CODEGEN)))
def test_model_and_builders_know_no_python(path: Path) -> None:
    about = [(line, text) for line, text in _texts(path) if PYTHON.search(text)]
    assert about == []
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert not imported & {"keyword", "builtins", "token", "symtable"}
    assert not [name for name in imported if name.startswith("noctule.codegen.python")]


def test_the_neutral_modules_are_there() -> None:
    assert len(NEUTRAL) > 15
