"""The merge of Python modules: imports by name, new definitions side by side."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.module import Imports
from noctule.project.merging.three_way import merge

if TYPE_CHECKING:
    from noctule.project.merging.three_way import Lines, Merged, Overlap

Names = frozenset[tuple[str, str]]
"""Module and name of everything imported; an empty name stands for the module itself."""
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Header:
    """The import statements at the top of a module: their lines, counted from 0, and names."""

    start: int
    end: int
    names: Names


def merge_module(path: str, base: str, mine: str, theirs: str) -> Merged:
    """The module at `path`, relative to the project: `mine` with the changes to `theirs`."""
    package = path.removeprefix("src/").split("/")[0]
    return merge(*merge_imports(base, mine, theirs, package), combine_definitions)


def merge_imports(base: str, mine: str, theirs: str, package: str) -> tuple[str, str, str]:
    """The three texts, each with the imports that the merged one needs.

    These are the new version's, plus those that the user added or that user code still uses, minus
    those that the user removed. Texts with aliases, comments or relative imports are returned
    unchanged.
    """
    texts = (base, mine, theirs)
    headers = [_header(text) for text in texts]
    before, own, new = headers
    if before is None or own is None or new is None:
        return texts
    added = "\n".join(set(mine.split("\n")) - set(base.split("\n")))
    used = frozenset(pair for pair in before.names - new.names if _says(added, *pair))
    wanted = (new.names | (own.names - before.names) | used) - (before.names - own.names)
    if wanted == new.names and own.names == before.names:
        return texts
    imports = Imports(package)
    for module, name in wanted:
        imports.use(module if name else "", name or module)
    lines = [line for block in imports.blocks() for line in ("", *block.lines)][1:]
    merged_texts = (
        _replaced(text, header, lines) for text, header in zip(texts, headers, strict=True)
    )
    return next(merged_texts), next(merged_texts), next(merged_texts)


def combine_definitions(overlap: Overlap) -> Lines | None:
    """Functions and classes that both sides added in one place: the new version's first."""
    if any(line.strip() for line in overlap.base):
        return None
    mine, theirs = _defined(overlap.mine), _defined(overlap.theirs)
    level = _indent(overlap.theirs)
    if not mine or not theirs or mine & theirs or _indent(overlap.mine) != level:
        return None
    gap = ("\n",) if level else ("\n", "\n")
    leading, trailing = _blank(overlap.theirs), _blank(overlap.theirs[::-1])
    both = (*_trimmed(overlap.theirs), *gap, *_trimmed(overlap.mine))
    return (*("\n",) * leading, *both, *("\n",) * trailing)


def _header(text: str) -> _Header | None:
    body = _parsed(text)
    imports: list[ast.Import | ast.ImportFrom] = []
    for node in body or ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                imports.append(node)
        elif imports or not isinstance(node, ast.Expr):
            break
    if not imports or not all(map(_plain, imports)):
        return None
    start, end = imports[0].lineno - 1, imports[-1].end_lineno or 0
    if any("#" in line or ";" in line for line in text.split("\n")[start:end]):
        return None
    return _Header(start, end, frozenset(pair for node in imports for pair in _pairs(node)))


def _plain(node: ast.Import | ast.ImportFrom) -> bool:
    whole = isinstance(node, ast.Import) or bool(node.module and not node.level)
    return whole and not any(alias.asname for alias in node.names)


def _pairs(node: ast.Import | ast.ImportFrom) -> list[tuple[str, str]]:
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names]
    return [(node.module or "", alias.name) for alias in node.names]


def _says(text: str, module: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name or module)}\b", text) is not None


def _replaced(text: str, header: _Header | None, lines: list[str]) -> str:
    if header is None:
        return text
    whole = text.split("\n")
    return "\n".join([*whole[: header.start], *lines, *whole[header.end :]])


def _defined(lines: Lines) -> frozenset[str]:
    """Names of the definitions, where the lines hold nothing else."""
    body = _parsed(textwrap.dedent("".join(lines))) or []
    names = [node.name for node in body if isinstance(node, DEFINITIONS)]
    return frozenset(names) if len(names) == len(body) else frozenset()


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _indent(lines: Lines) -> int:
    first = next((line for line in lines if line.strip()), "")
    return len(first) - len(first.lstrip())


def _blank(lines: Lines) -> int:
    """How many blank lines come first."""
    return next((at for at, line in enumerate(lines) if line.strip()), len(lines))


def _trimmed(lines: Lines) -> Lines:
    return lines[_blank(lines) : len(lines) - _blank(lines[::-1])]
