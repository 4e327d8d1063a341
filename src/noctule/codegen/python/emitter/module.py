"""A module of Python source: docstrings, sorted imports, blocks with blank lines between."""

from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.line_breaks import Brackets, Code, columns, joined, lay_out
from noctule.codegen.python.naming import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TRIPLE = '"""'


@dataclass(frozen=True)
class Block:
    """Lines at the top level, after two blank lines for a definition, else one."""

    lines: tuple[str, ...]
    definition: bool = False


class Imports:
    """What a module imports, gathered while it is written; `packages` are the project's own."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self._names: dict[str, set[str]] = {}
        self._hidden: frozenset[str] = frozenset()

    def in_class(self, members: Iterable[str]) -> Imports:
        """The same imports, as seen by annotations in a class that has these members."""
        inside = Imports(*self._packages)
        inside._names = self._names
        inside._hidden = frozenset(members)
        return inside

    def builtin(self, name: str) -> str:
        """A builtin type, by its full name where a member of the class hides the short one."""
        return f"{self.use('', 'builtins')}.{name}" if name in self._hidden else name

    def use(self, module: str, name: str) -> str:
        """`name`, which will be imported from `module` ("" where the module itself is meant): a
        dotted name, or a path of the model."""
        module = dotted(module)
        self._names.setdefault(module or name, set()).add(name if module else "")
        return name

    def blocks(self) -> list[Block]:
        """The import statements, sorted as isort does: standard library, others, the project."""
        sections: list[list[str]] = [[], [], [], []]
        plain = (module for module, names in self._names.items() if "" in names)
        for module in sorted(plain):
            sections[self._section(module)].append(f"import {module}")
        for module in sorted(self._names):
            names = sorted(self._names[module] - {""}, key=_member_order)
            if names:
                sections[self._section(module)] += from_import(module, names)
        return [Block(tuple(section)) for section in sections if section]

    def _section(self, module: str) -> int:
        root = module.split(".")[0]
        if root == "__future__":
            return 0
        return 1 if root in sys.stdlib_module_names else 3 if root in self._packages else 2


def module(doc: Sequence[str], imports: Imports, blocks: Iterable[Block]) -> str:
    """The text of a whole module; `doc` are the paragraphs of its docstring."""
    lines = [*docstring(doc, 0)]
    before = Block(())
    for block in [*imports.blocks(), *blocks]:
        gap = 2 if block.definition or before.definition else 1
        lines += [*[""] * gap, *block.lines]
        before = block
    return "\n".join(lines) + "\n"


def docstring(paragraphs: Sequence[str], indent: int) -> list[str]:
    """Paragraphs as a docstring; one of several lines is kept as it is, line by line."""
    paragraphs = [_harmless(paragraph) for paragraph in paragraphs]
    margin = " " * indent
    single_line = f"{margin}{TRIPLE}{paragraphs[0]}{TRIPLE}"
    if len(paragraphs) == 1 and len(single_line) <= columns():
        return [single_line]
    lines: list[str]
    if len(paragraphs) == 1:
        # A formatter pulls the closing quotes up to a single line, however long that gets.
        head = f"{margin}{TRIPLE}"
        lines = wrap(paragraphs[0], head, margin)
        lines = lines if len(lines) > 1 else wrap(paragraphs[0], head, margin, columns() - 3)
        return [*lines, f"{margin}{TRIPLE}"]
    lines = []
    for number, paragraph in enumerate(paragraphs):
        head = f"{margin}{TRIPLE}" if number == 0 else margin
        lines += [""] if number else []
        if "\n" in paragraph:
            lines += [f"{margin}{line}".rstrip() for line in paragraph.splitlines()]
        else:
            lines += wrap(paragraph, head, margin)
    return [*lines, f"{margin}{TRIPLE}"]


def wrap(text: str, head: str, margin: str, width: int | None = None) -> list[str]:
    """`text` after `head`, further lines after `margin`, no word broken."""
    width = width or columns()
    words = text.split(" ")
    if "" not in words and text.isprintable():
        return _filled(words, head, margin, width)
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]


def _filled(words: Sequence[str], head: str, margin: str, width: int) -> list[str]:
    """What `textwrap` makes of words with one space between them, in a fifth of the time."""
    lines: list[str] = []
    line = head + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= width:
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = margin + word
    return [*lines, line]


def _harmless(text: str) -> str:
    """Text that cannot end a docstring."""
    plain = text.replace('"', "'").replace("\\", "/")
    if plain.replace("\n", "").isprintable():
        return plain
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in plain)


def statement(*pieces: Code, indent: int = 0) -> list[str]:
    return lay_out(joined(*pieces), indent)


def function(
    name: str,
    parameters: Iterable[str],
    returns: str,
    body: Iterable[str],
    *,
    indent: int = 0,
    decorators: Iterable[Code] = (),
    asynchronous: bool = True,
) -> list[str]:
    """A function; `body` is indented already."""
    start = "async def" if asynchronous else "def"
    head = Brackets(f"{start} {name}(", tuple(parameters), f") -> {returns}:", "signature")
    above = (line for code in decorators for line in lay_out(code, indent))
    return [*above, *lay_out(head, indent), *body]


def from_import(module: str, names: Sequence[str], indent: int = 0) -> list[str]:
    margin = " " * indent
    line = f"{margin}from {module} import {', '.join(names)}"
    if len(line) <= columns():
        return [line]
    listed = (f"{margin}    {name}," for name in names)
    return [f"{margin}from {module} import (", *listed, f"{margin})"]


def _member_order(name: str) -> tuple[int, list[tuple[int, str]], str]:
    """Constants, then classes, then the rest; numbers by their value, capitals like the others."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    pieces = re.findall(r"\d+|\D+", name.lower())
    return kind, [(int(piece) if piece.isdigit() else -1, piece) for piece in pieces], name
