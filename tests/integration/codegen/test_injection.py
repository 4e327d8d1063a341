"""Hostile documents and tasks: nothing they say reaches code or the file system unescaped."""

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule import apidoc
from noctule.codegen import render
from noctule.codegen.python.naming import python_name
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod
from noctule.problem import Problem
from noctule.project.rendered import Rendered

ATTACKS = (
    '"""',
    "'''",
    "\\",
    '\\"',
    '"); import os; os.system("x") #',
    "\n    import os\n",
    "\r\n",
    "\x00\x1b[31m",
    "{evil}",
    "../../etc/passwd",
    "%(x)s {0}",
    "\u202e\u2066",
    "__import__('os')",
    "名前",
    "</p><script>",
)
hostile = st.lists(
    st.sampled_from(ATTACKS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    min_size=1,
    max_size=3,
).map("".join)


SHAPES: tuple[dict[str, Any], ...] = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "object", "properties": {"a": {"type": "string"}}},
    {"type": "array", "items": {"type": "string"}},
)


@dataclass(frozen=True)
class Drawn:
    """The structure of a document, and what stands at each of its places."""

    members: tuple[tuple[tuple[str, int], ...], ...]
    """Name and shape of each member, of the answer and of the body."""
    choices: tuple[tuple[str, ...], ...]
    """The enumeration of the first member of each."""
    required: tuple[bool, bool]
    parameter: str
    path: str
    said: tuple[str, ...]
    """Titles, summaries, descriptions, ids, a default."""

    def document(self) -> dict[str, Any]:
        said = iter(self.said)
        answer, body = (self._schema(at, said) for at in (0, 1))
        return {
            "openapi": "3.1.0",
            "info": {"title": next(said), "version": next(said)},
            "servers": [{"url": "https://api.example.com"}],
            "components": {"schemas": {"Thing": answer}},
            "paths": {
                self.path: {
                    "post": {
                        "operationId": next(said),
                        "summary": next(said),
                        "description": next(said),
                        "parameters": [
                            {
                                "name": self.parameter,
                                "in": "query",
                                "description": next(said),
                                "schema": {"type": "string", "default": next(said)},
                            }
                        ],
                        "requestBody": {"content": {"application/json": {"schema": body}}},
                        "responses": {
                            "200": {
                                "description": next(said),
                                "content": {
                                    "application/json": {
                                        "schema": {"$ref": "#/components/schemas/Thing"}
                                    }
                                },
                            },
                            "404": {"description": next(said)},
                        },
                    }
                }
            },
        }

    def _schema(self, at: int, said: Iterator[str]) -> dict[str, Any]:
        properties = {
            name: SHAPES[shape] | {"description": next(said)} for name, shape in self.members[at]
        }
        first = next(iter(properties))
        properties[first] = {"type": "string", "enum": list(self.choices[at])}
        return {
            "type": "object",
            "description": next(said),
            "properties": properties,
            "required": [first] if self.required[at] else [],
        }

    def twin(self) -> "Drawn":
        """The same structure, and nothing in it that could harm anybody."""
        names = iter(f"{letter}ord" for letter in "abcdefghijklmnopqrstuvwxyz")

        def plain(name: str) -> str:
            word = next(names)
            if any(sign in '"\\' or sign < " " for sign in name):
                return f"{word}\t"  # left out of a model, as the name itself
            return word if python_name(name) == name else f"{word}-x"

        return Drawn(
            tuple(tuple((plain(name), shape) for name, shape in one) for one in self.members),
            tuple(tuple(next(names) for _ in one) for one in self.choices),
            self.required,
            plain(self.parameter),
            "/things",
            tuple(f"Text {number}." for number in range(len(self.said))),
        )


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    names = st.lists(hostile.filter(bool), min_size=2, max_size=9, unique_by=python_name)
    parameter, *members = draw(names)
    cut = draw(st.integers(0, len(members) - 1)) if len(members) > 1 else 0
    shape = st.integers(0, len(SHAPES) - 1)
    own = members[:cut] or members[:1]
    other = members[cut:] if cut else members[1:] or ["alone"]
    values = st.lists(hostile, max_size=4, unique=True)
    path = "/" + draw(hostile).replace("{", "").replace("}", "").replace("?", "").replace("#", "")
    return Drawn(
        tuple(tuple((name, draw(shape)) for name in one) for one in (own, other)),
        (tuple(draw(values)), tuple(draw(values))),
        (draw(st.booleans()), draw(st.booleans())),
        parameter,
        path,
        tuple(draw(st.lists(hostile, min_size=20, max_size=20))),
    )


@settings(max_examples=70, suppress_health_check=list(HealthCheck))
@given(drawn(), hostile, hostile, hostile)
def test_generated_code_says_what_the_document_says_and_has_the_shape_of_a_harmless_ones(
    made: Drawn, service: str, method: str, about: str
) -> None:
    files, document = rendered(made, service, method, about)
    plain, _ = rendered(made.twin(), "Example", "make", "About.")
    for file in files:
        if file.path.endswith(".py"):
            only_expected_statements(ast.parse(file.text))
            assert file.text.isascii() or all(c.isprintable() or c == "\n" for c in file.text)
    assert shape_of(files[0].text) == shape_of(plain[0].text), files[0].text
    imported(files)
    wrapper = ast.parse(files[0].text)
    constants = {node.value for node in ast.walk(wrapper) if isinstance(node, ast.Constant)}
    [operation] = document.operations.values()
    assert operation.path in constants
    assert {parameter.name for parameter in operation.parameters} <= constants
    section = next(file.text for file in files if file.role == "env")
    lines = [line for line in section.splitlines() if not line.startswith("#")]
    assert lines == ["EXAMPLE_TOKEN="]


def imported(files: Iterable[Rendered]) -> None:
    """Import every module, and let msgspec read the types of each model, as a first call does."""
    before = dict(sys.modules)
    try:
        for file in files:
            if not file.path.endswith(".py"):
                continue
            name = file.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            sys.modules.setdefault(name.partition(".")[0], ModuleType(name.partition(".")[0]))
            module = sys.modules[name] = ModuleType(name)
            exec(compile(file.text, file.path, "exec"), vars(module))
            for value in list(vars(module).values()):
                if isinstance(value, type) and issubclass(value, msgspec.Struct):
                    msgspec.json.Decoder(value)
    finally:
        for name in sys.modules.keys() - before.keys():
            del sys.modules[name]


TEXT, COUNT = {"type": "string"}, {"type": "integer"}
NULL = {"type": "null"}
KINDS = st.recursive(
    st.sampled_from([TEXT, COUNT, NULL, {"type": ["string", "null"]}, {"type": "boolean"}])
    | st.lists(hostile, min_size=1, max_size=3, unique=True).map(
        lambda values: {"type": "string", "enum": values}
    ),
    lambda kinds: (
        kinds.map(lambda kind: {"type": ["array", "null"], "items": kind})
        | kinds.map(lambda kind: {"type": "object", "additionalProperties": kind})
        | st.lists(kinds, min_size=1, max_size=3).map(lambda options: {"oneOf": options})
        | st.lists(kinds, min_size=1, max_size=3).map(lambda options: {"anyOf": [*options, NULL]})
        | st.dictionaries(hostile, kinds, max_size=3).map(
            lambda members: {"type": "object", "properties": members}
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(KINDS, KINDS, st.booleans())
def test_every_type_can_be_imported(asked: Any, answered: Any, required: bool) -> None:
    """Unions in lists in unions, null at each level, values that look like unions."""
    body = {"type": "object", "properties": {"a": asked}, "required": ["a"] if required else []}
    answer = {"type": "object", "properties": {"a": answered, "b": asked}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Example", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {
            "/things": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
                }
            }
        },
    }
    parsed = apidoc.parse(json.dumps(document).encode(), source="types.json")
    imported(render(task_for(parsed, "Example", "make", "About."), parsed, None))


def rendered(
    made: Drawn, service: str, method: str, about: str
) -> tuple[tuple[Rendered, ...], apidoc.ApiDocument]:
    document = apidoc.parse(json.dumps(made.document()).encode(), source="hostile.json")
    return render(task_for(document, service, method, about), document, None), document


def task_for(
    document: apidoc.ApiDocument, service: str, method: str, about: str
) -> IntegrationTask:
    [key] = document.operations
    return IntegrationTask(
        service=service,
        provider="example",
        files=[
            PlannedFile(path="app/example.py", purpose=about, role="wrapper"),
            PlannedFile(path="tests/test_example.py", purpose=about, role="tests"),
        ],
        env_vars=[EnvVar(name="EXAMPLE_TOKEN", description=about, role="token")],
        methods=[PlannedMethod(name=method, does=about, operation=key)],
    )


class Plain(ast.NodeTransformer):
    """Takes texts and names out of a module. Documentation goes too, and an open enumeration is one
    name: whether it has an alias, or is a plain text because no alias is free, is no matter."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else self._visited(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "typing" else self._visited(node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        return None if is_literal(node.value) else self._visited(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript | ast.Name:
        return ast.Name("", ast.Load()) if is_literal(node) else self._visited(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp | ast.Name:
        made = self._visited(node)
        names = isinstance(made.left, ast.Name) and isinstance(made.right, ast.Name)
        return ast.Name("", ast.Load()) if names else made

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field, value in ast.iter_fields(node):
            if isinstance(value, str):
                setattr(node, field, "")
        return super().generic_visit(node)

    def _visited(self, node: Any) -> Any:
        return self.generic_visit(node)


def is_literal(node: ast.AST) -> bool:
    """Whether it is `Literal["a", "b"]`, of texts alone."""
    if not (isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"):
        return False
    values = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return all(isinstance(v, ast.Constant) and isinstance(v.value, str) for v in values)


def shape_of(text: str) -> str:
    """The syntax of a module without its texts and names: what it does, but to what."""
    return ast.dump(Plain().visit(ast.parse(text)))


def only_expected_statements(tree: ast.Module) -> None:
    """A module of definitions, assignments and imports of what is ours; no call that is not."""
    for node in tree.body:
        assert isinstance(
            node,
            ast.Expr | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
            | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
        )  # fmt: skip
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name)}  # fmt: skip
    assert not called & {"__import__", "eval", "exec", "open", "compile"}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    assert "os" not in modules


@settings(max_examples=200)
@given(hostile | st.text(max_size=20))
def test_no_path_of_a_task_leaves_the_project(path: str) -> None:
    document = apidoc.parse(
        b'{"openapi":"3.1.0","info":{"title":"x","version":"1"},'
        b'"servers":[{"url":"https://api.example.com"}],"paths":{"/a":{"get":'
        b'{"responses":{"204":{"description":""}}}}}}',
        source="small.json",
    )
    task = IntegrationTask(
        service="Example",
        provider="example",
        files=[PlannedFile(path=path, purpose="", role="wrapper")],
        methods=[PlannedMethod(name="a", does="", operation="GET /a")],
    )
    try:
        files = render(task, document, None)
    except Problem:
        return
    for file in files:
        pure = PurePosixPath(file.path)
        assert not pure.is_absolute()
        assert ".." not in pure.parts
        assert all(part.isidentifier() for part in pure.with_suffix("").parts)
