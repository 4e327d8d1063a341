"""The judge does not share the generator's reading: where `apidoc` misreads a document, wrapper and
plan agree with it, and the proof does not hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from noctule.apidoc import ApiDocument
from noctule.apidoc.model import openapi3
from noctule.apidoc.model.operation import ApiOperation
from noctule.proving import table
from support.misreadings import DOCUMENT, LISTS, generated
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATED = ROOT / "src" / "noctule" / "sandbox" / "stated"
CHECKS = ROOT / "src" / "noctule" / "sandbox" / "checks"
SHARED = {"noctule.apidoc", "noctule.apidoc.model.node", "noctule.apidoc.values.fits"}
"""Below any reading of operations: files and pointers, and whether a value fits a schema."""
NAMES = {"Schema", "json_schema", "sample", "Node", "fits", "needed"}


def _without_style(read: Callable[..., Any]) -> Callable[..., Any]:
    def described(node: Any, name: str, where: Any) -> Any:
        parameter = read(node, name, where)
        if parameter is None or where != "query":
            return parameter
        return msgspec.structs.replace(parameter, style="form", explode=True)

    return described


def _without_202(read: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *nodes: {k: v for k, v in read(*nodes).items() if k != "202"}


def _offsets_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from noctule.apidoc.pages.style import PageStyle

    made = PageStyle.__init__

    def misread(self: Any, *, kind: Any, settings: Any, **rest: Any) -> None:
        kinds = {"Offset": "PageNumber"}
        made(self, kind=kinds.get(kind, kind), settings=settings, **rest)

    monkeypatch.setattr(PageStyle, "__init__", misread)


def _own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiDocument, "own_servers", lambda *_: ())


def _scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiOperation, "scopes", lambda *_: ())


def _public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiOperation, "public", property(lambda _: False))


def _security(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApiOperation, "security", property(lambda _: (("token",),)))


def _part_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi3, "content_types", lambda _: ())


def _styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi3, "described", _without_style(openapi3.described))


def _successes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi3, "responses", _without_202(openapi3.responses))


MISREADINGS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, str, str]] = {
    "servers of operations": (_own_servers, "upload_label", "none", "right_host"),
    "scopes": (_scopes, "create_report", "none", "right_scopes"),
    "public operations": (_public, "get_status", "none", "right_credentials"),
    "security of operations": (_security, "delete_parcel", "none", "right_credentials"),
    "types of parts": (_part_types, "upload_label", "none", "right_request"),
    "styles": (_styles, "list_parcels", "every_argument", "right_request"),
    "successes": (_successes, "create_parcel", "other_success", "reads_answer"),
    "pages": (_offsets_as_numbers, "list_offsets", "pages", "reads_pages"),
}


@pytest.mark.parametrize("name", MISREADINGS)
def test_what_the_generator_misreads_breaks_the_proof(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misread, method, fault, promise = MISREADINGS[name]
    misread(monkeypatch)
    project = generated({**DOCUMENT, "paths": {**DOCUMENT["paths"], **LISTS}})
    matrix = project.proven(tmp_path, project.wrapper, fault, methods=[method])
    broken = {check.promise for row in matrix.rows for check in row.broken}
    assert promise in broken, table(matrix, "en")


def test_the_judge_imports_no_other_reading_of_documents() -> None:
    for path in (*STATED.glob("*.py"), *CHECKS.glob("*.py")):
        if path.stem == "routing":
            continue  # finds the operation that a request is about
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if isinstance(node, ast.ImportFrom) and module.startswith("noctule.apidoc"):
                names = {alias.name for alias in node.names}
                only_the_whole = path.stem == "document" and names == {"ApiDocument"}
                assert module in SHARED, path
                assert names <= NAMES or only_the_whole, (path, names)
