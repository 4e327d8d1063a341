"""Whole APIs: every operation has a method in its resource, loaded when it is used."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import PlannedMethod
from noctule.planning import plan
from noctule.problem import Problem
from noctule.project.frameworks import framework_of
from noctule.project.layout import Layout
from noctule.project.rendered import Rendered
from noctule.providers import pack
from support import codegen_checks as checks
from support.paths import SPECS

SMALL = ("notion", "postmark", "adyen-checkout")
"""Those whose tests and types are checked here; `benchmarks/codegen/whole.py` checks all."""
pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the real documents are not here")


def whole(
    name: str, target: str = "fastapi", methods: Iterable[PlannedMethod] = ()
) -> list[Rendered]:
    document = apidoc.load(str(SPECS / f"{name}.json"))
    first = list(document.operations)[:2]
    layout = Layout(framework=framework_of(target))
    made = plan(f"Use {name}", layout=layout, document=document, operations=first, accepted="test")
    assert made.task is not None
    made.task.scope, made.task.methods = "whole", list(methods)
    return list(render(made.task, document, made.pack))


@pytest.mark.parametrize("name", ["slack", "spotify", "twilio", "box"])
def test_every_operation_has_a_method_and_no_name_is_numbered(name: str, tmp_path: Path) -> None:
    files = whole(name)
    count = len(apidoc.load(str(SPECS / f"{name}.json")).operations)
    operations = sum(file.text.count(" = Operation(") for file in files if file.role == "wrapper")
    further_formats = {"box": 1}.get(name, 0)  # a thumbnail as JPG and as PNG
    assert operations == count + further_formats
    for file in files:
        if file.path.endswith(".py"):
            for node in ast.walk(ast.parse(file.text)):
                if isinstance(node, ast.ClassDef) and file.role == "wrapper":
                    assert not node.name.endswith("_"), node.name
    checks.write(tmp_path, files)
    assert checks.unformatted(tmp_path) == ""


@pytest.mark.parametrize("name", ["stripe", "postmark", "digitalocean"])
def test_docstrings_name_only_methods_that_exist(name: str) -> None:
    texts = {file.path: file.text for file in whole(name) if file.role == "wrapper"}
    text = "".join(texts.values())
    methods = set(re.findall(r'= Operation\(\s*"([\w.]+)"', text))
    named = set(re.findall(r"Response of `([\w.]+)`", text))
    assert named <= methods
    for path, module in texts.items():
        beside = set(re.findall(r"(?:All items|content) of `(\w+)`", module))
        assert beside <= set(re.findall(r"async def (\w+)\(", module)), path


def test_texts_of_a_pack_name_operations_as_the_wrapper_does() -> None:
    stripe = pack("stripe")
    document = apidoc.parse(stripe.document_bytes(), source="pack:stripe")
    for scope, name in (("", "`GET /v1/customers`"), ("whole", "`customers.list`")):
        task = plan("Stripe", layout=Layout(), document=document,
                    operations=["POST /v1/customers"]).task  # fmt: skip
        assert task is not None
        task.scope = scope
        text = "".join(file.text for file in render(task, document, stripe))
        assert name in text
        assert not [fact for fact in stripe.operations.values() if f"`{fact.name}`" in text]


@pytest.mark.parametrize("name", ["slack", "stripe", "github"])
def test_no_method_repeats_its_resource(name: str) -> None:
    for file in whole(name):
        for resource, method in re.findall(r'= Operation\(\s*"(\w+)\.(\w+)"', file.text):
            assert method not in (f"list_{resource}", f"get_{resource}", f"create_{resource}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    for name, target in zip(SMALL, ("fastapi", "flask", "django"), strict=True):
        checks.write(root, whole(name, target))
    return root


def test_types_hold_and_the_generated_tests_pass(project: Path) -> None:
    assert checks.mypy(project) == ""
    assert checks.tests(project) == ""


def test_resources_are_loaded_when_they_are_used(project: Path) -> None:
    code = (
        "import sys, os; os.environ['NOTION_API_TOKEN'] = os.environ['NOTION_TOKEN'] = 'x'\n"
        "from app.services.notion_service import NotionService\n"
        "start = 'app.services.notion_service.'\n"
        "loaded = lambda: {name for name in sys.modules if name.startswith(start)}\n"
        "assert not loaded(), loaded()\n"
        "service = NotionService()\n"
        "assert service.pages is service.pages\n"
        "assert 'app.services.notion_service.users' not in loaded(), loaded()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_task_may_rename_methods_and_type_deeper() -> None:
    methods = [PlannedMethod(name="me", does="", operation="GET /v1/users/{id}")]
    texts = "".join(file.text for file in whole("notion", methods=methods))
    assert "async def me(" in texts


@pytest.mark.parametrize("depth", ["-1", "4", "deep", "1.5"])
def test_a_depth_that_is_none_is_one_clear_problem(depth: str) -> None:
    document = apidoc.load(str(SPECS / "notion.json"))
    task = plan("Use Notion", layout=Layout(), document=document, accepted="test",
                operations=list(document.operations)[:1]).task  # fmt: skip
    assert task is not None
    task.depth = depth
    with pytest.raises(Problem) as caught:
        render(task, document, None)
    assert caught.value.key == "codegen.depth"


def test_more_of_an_answer_is_typed_on_request() -> None:
    document = apidoc.load(str(SPECS / "stripe.json"))
    operation = "GET /v1/payment_intents/{intent}"
    counts: list[int] = []
    for depth in ("0", "", "2"):
        made = plan("Stripe", layout=Layout(), document=document, operations=[operation])
        assert made.task is not None
        made.task.depth = depth
        text = render(made.task, document, made.pack)[0].text
        counts.append(text.count("(Model):"))
    assert counts[0] < counts[1] < counts[2]
