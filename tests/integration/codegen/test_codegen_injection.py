"""Hostile documents and tasks: nothing they say reaches code or the file system unescaped."""

import ast
import json
from pathlib import PurePosixPath
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import EnvVar, File, IntegrationTask, Method
from noctule.problem import Problem

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


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    properties = {
        name: draw(
            st.sampled_from([
                {"type": "string"},
                {"type": "integer"},
                {"type": "object", "properties": {"a": {"type": "string"}}},
                {"type": "array", "items": {"type": "string"}},
            ])
        ) | {"description": draw(hostile)}
        for name in draw(st.lists(hostile, min_size=1, max_size=4, unique=True))
    }  # fmt: skip
    first = next(iter(properties))
    properties[first] = {"type": "string", "enum": draw(st.lists(hostile, max_size=4))}
    return {
        "type": "object",
        "description": draw(hostile),
        "properties": properties,
        "required": draw(st.sampled_from([[], [first]])),
    }


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    path = "/" + draw(hostile).replace("{", "").replace("}", "").replace("?", "").replace("#", "")
    return {
        "openapi": "3.1.0",
        "info": {"title": draw(hostile), "version": draw(hostile)},
        "servers": [{"url": "https://api.example.com"}],
        "components": {"schemas": {"Thing": draw(schemas())}},
        "paths": {
            path: {
                "post": {
                    "operationId": draw(hostile),
                    "summary": draw(hostile),
                    "description": draw(hostile),
                    "parameters": [
                        {
                            "name": draw(hostile),
                            "in": "query",
                            "description": draw(hostile),
                            "schema": {"type": "string", "default": draw(hostile)},
                        }
                    ],
                    "requestBody": {"content": {"application/json": {"schema": draw(schemas())}}},
                    "responses": {
                        "200": {
                            "description": draw(hostile),
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Thing"}
                                }
                            },
                        },
                        "404": {"description": draw(hostile)},
                    },
                }
            }
        },
    }


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), hostile, hostile, hostile)
def test_generated_code_parses_and_says_what_the_document_says(
    written: dict[str, Any], service: str, method: str, about: str
) -> None:
    document = apidoc.parse(json.dumps(written).encode(), source="hostile.json")
    [key] = document.operations
    task = IntegrationTask(
        service=service,
        provider="example",
        files=[
            File(path="app/example.py", purpose=about, role="wrapper"),
            File(path="tests/test_example.py", purpose=about, role="tests"),
        ],
        env_vars=[EnvVar(name="EXAMPLE_TOKEN", description=about, role="token")],
        methods=[Method(name=method, does=about, operation=key)],
    )
    files = render(task, document, None)
    for file in files:
        if file.path.endswith(".py"):
            only_expected_statements(ast.parse(file.text))
            assert file.text.isascii() or all(c.isprintable() or c == "\n" for c in file.text)
    wrapper = ast.parse(files[0].text)
    constants = {node.value for node in ast.walk(wrapper) if isinstance(node, ast.Constant)}
    operation = document.operations[key]
    assert operation.path in constants
    assert {parameter.name for parameter in operation.parameters} <= constants
    section = next(file.text for file in files if file.role == "env")
    lines = [line for line in section.splitlines() if not line.startswith("#")]
    assert lines == ["EXAMPLE_TOKEN="]


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


@settings(max_examples=200, deadline=None)
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
        files=[File(path=path, purpose="", role="wrapper")],
        methods=[Method(name="a", does="", operation="GET /a")],
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
