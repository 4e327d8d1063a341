"""The wrapper of a whole API: a service that imports its resources on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.naming.word_split import split_words
from noctule.codegen.model.integration import SHARED, named
from noctule.codegen.python.emitter.annotations import RUNTIME
from noctule.codegen.python.emitter.module import (
    Block,
    Imports,
    docstring,
    from_import,
    function,
    module,
)
from noctule.codegen.python.emitter.types import aliases, type_blocks
from noctule.codegen.python.naming import dotted
from noctule.codegen.python.service.config import config_lines
from noctule.codegen.python.service.constructor import constructor_lines
from noctule.codegen.python.service.docstrings import class_doc, common_failures, module_doc
from noctule.codegen.python.service.methods import MethodWriter, operation_block
from noctule.codegen.python.service.mode import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.codegen.model.integration import Failure, Resource, Wrapper


def package_modules(wrapper: Wrapper, package: str) -> Iterator[tuple[str, str]]:
    """Name of each module ("" for the package itself) and its source."""
    yield "", _service_module(wrapper, package)
    shared = _shared_names(wrapper)
    if shared:
        yield SHARED, _shared_module(wrapper, package)
    common = common_failures(wrapper)
    for resource in wrapper.resources:
        name = resource.module.rpartition("/")[2]
        yield name, _resource_module(wrapper, resource, shared, common, package)


def _service_module(wrapper: Wrapper, package: str) -> str:
    imports = Imports(package)
    mode = Mode(wrapper.asynchronous)
    imports.use("__future__", "annotations")
    imports.use("functools", "cached_property")
    imports.use("typing", "TYPE_CHECKING")
    lines = [
        f"class {wrapper.name}({imports.use(RUNTIME, mode.service)}):",
        *docstring(class_doc(wrapper), 4),
        "",
        *config_lines(wrapper, imports),
        *constructor_lines(wrapper, imports, mode),
    ]
    for resource in wrapper.resources:
        body = [
            *from_import(dotted(resource.module), [resource.title], 8),
            "",
            f"        return {resource.title}(self)",
        ]
        lines += [
            "",
            *function(
                resource.name,
                ["self"],
                resource.title,
                body,
                indent=4,
                decorators=["@cached_property"],
                asynchronous=False,
            ),
        ]
    typed = [
        "if TYPE_CHECKING:",
        *(
            line
            for part in sorted(wrapper.resources, key=lambda part: part.module)
            for line in from_import(dotted(part.module), [part.title], 4)
        ),
    ]
    blocks = [Block(tuple(typed)), Block(tuple(lines), definition=True)]
    return module(module_doc(wrapper), imports, blocks)


def _shared_module(wrapper: Wrapper, package: str) -> str:
    imports = Imports(package)
    first = f"{wrapper.service}: models that several resources share."
    blocks = type_blocks(wrapper.records, (), imports, without=frozenset())
    return module([first], imports, list(blocks))


def _shared_names(wrapper: Wrapper) -> frozenset[str]:
    """Records and enumerations of the shared module."""
    records = {record.name for record in wrapper.records}
    return frozenset(records | aliases(wrapper.records, ()).keys())


def _resource_module(
    wrapper: Wrapper,
    resource: Resource,
    shared: frozenset[str],
    common: frozenset[Failure],
    package: str,
) -> str:
    imports = Imports(package)
    mode = Mode(wrapper.asynchronous)
    fields = [part for record in resource.records for part in record.parts]
    signed = [kind for method in resource.methods for kind in method.types]
    for name in shared.intersection(named([*fields, *signed])):
        imports.use(f"{wrapper.module}/{SHARED}", name)
    writer = MethodWriter(resource.methods, imports, mode, common, "self._service")
    title = " ".join(split_words(resource.name))
    lines = [
        f"class {resource.title}:",
        *docstring([f"{title.capitalize()}: `{wrapper.name}().{resource.name}`."], 4),
        "",
        f"    def __init__(self, service: {imports.use(RUNTIME, mode.service)}) -> None:",
        "        self._service = service",
        *writer.lines(),
    ]
    blocks = [
        *type_blocks(resource.records, resource.methods, imports, without=shared),
        *(operation_block(method, imports) for method in resource.methods),
        Block(tuple(lines), definition=True),
    ]
    return module([f"{wrapper.service}: {title}."], imports, blocks)
