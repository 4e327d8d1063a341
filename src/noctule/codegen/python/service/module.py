"""The wrapper in one module: aliases, models, typed dicts, operations, and the service class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.module import Block, Imports, docstring, module
from noctule.codegen.python.emitter.types import type_blocks
from noctule.codegen.python.service.config import config_lines
from noctule.codegen.python.service.constructor import constructor_lines
from noctule.codegen.python.service.docstrings import class_doc, common_failures, module_doc
from noctule.codegen.python.service.methods import MethodWriter, operation_block
from noctule.codegen.python.service.mode import Mode

if TYPE_CHECKING:
    from noctule.codegen.model.integration import Wrapper


def wrapper_module(wrapper: Wrapper, package: str) -> str:
    """The source of the wrapper; `package` is the project's own top-level package."""
    imports = Imports(package)
    blocks = [
        *type_blocks(wrapper.records, wrapper.methods, imports, without=frozenset()),
        *(operation_block(method, imports) for method in wrapper.methods),
        _service(wrapper, imports),
    ]
    return module(module_doc(wrapper), imports, blocks)


def _service(wrapper: Wrapper, imports: Imports) -> Block:
    mode = Mode(wrapper.asynchronous)
    writer = MethodWriter(wrapper.methods, imports, mode, common_failures(wrapper))
    lines = [
        f"class {wrapper.name}({imports.use(RUNTIME, mode.service)}):",
        *docstring(class_doc(wrapper), 4),
        "",
        *config_lines(wrapper, imports),
        *constructor_lines(wrapper, imports, mode),
        *writer.lines(),
    ]
    return Block(tuple(lines), definition=True)
