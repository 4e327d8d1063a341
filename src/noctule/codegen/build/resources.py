"""The resources of a whole API: which operations belong together, and the names of methods."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from noctule.apidoc.naming.operation_names import OperationNames, statics
from noctule.codegen.build.method_names import plain_name, resource_method
from noctule.codegen.model.integration import Resource, named
from noctule.codegen.model.naming import Naming, free

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiOperation
    from noctule.codegen.model.integration import Method, Record, Wrapper

_DIGITS = re.compile(r"\d{2}")
MOST_TAGS = 200


@dataclass(frozen=True)
class MethodPlace:
    """An operation, the resource it belongs to ("" in a slice), and its method there."""

    operation: ApiOperation
    resource: str
    name: str
    does: str
    label: str = ""
    """The method's name without its resource: `list_customers`; "" if it is the same."""


def method_places(
    operations: Iterable[ApiOperation], task_names: Mapping[str, str], naming: Naming
) -> list[MethodPlace]:
    """Every operation in its resource; `task_names` are the names that the task gives, by
    operation key."""
    operations = tuple(operations)
    groups = _groups(operations)
    operation_names = OperationNames(operations)
    resources: dict[str, str] = {}
    taken_resources = {*naming.service}
    for group in dict.fromkeys(groups[operation.key] for operation in operations):
        name = _resource(group)
        names_of_group = (naming.member(name), naming.member(f"{name}_api"))
        resources[group] = free(names_of_group, taken_resources)
    names_in_use = {group: {*naming.methods} for group in resources}
    names: dict[str, str] = {}
    # A short path takes its name first: `list` is GET /projects, not GET /groups/{id}/projects.
    for operation in sorted(operations, key=lambda operation: operation.path.count("/")):
        group = groups[operation.key]
        task_name = task_names.get(operation.key, "")
        names[operation.key] = resource_method(
            operation_names, operation, group, names_in_use[group], task_name, naming
        )
    return [
        MethodPlace(
            operation,
            resources[groups[operation.key]],
            names[operation.key],
            "",
            plain_name(operation_names, operation),
        )
        for operation in operations
    ]


def _groups(operations: tuple[ApiOperation, ...]) -> dict[str, str]:
    """Operation key -> its resource: the first tag, else the first word of the path."""
    tags = {operation.key: next(iter(operation.tags), "") for operation in operations}
    different = {*tags.values()}
    plain = sum(not _DIGITS.search(tag) for tag in different)
    if all(tags.values()) and 1 < len(different) <= MOST_TAGS and plain > len(different) / 2:
        return tags
    common = _common(operations)
    return {operation.key: _first(operation.path, common) for operation in operations}


def _resource(group: str) -> str:
    """The group's name without "API" at its end."""
    return re.sub(r"\W*\bAPI\W*$", "", group, flags=re.IGNORECASE) or group


def _first(path: str, common: frozenset[str]) -> str:
    parts = statics(path)
    resource = next((part for part in parts if part not in common), (parts or ["root"])[0])
    return re.split(r"[.:(]", resource)[0] or resource


def _common(operations: tuple[ApiOperation, ...]) -> frozenset[str]:
    """Words at the start of nearly every path, which distinguish nothing."""
    words = Counter(part for op in operations for part in {*statics(op.path)[:2]})
    return frozenset(word for word, count in words.items() if count > 0.8 * len(operations) > 4)


def without_clashes(methods: Iterable[Method]) -> tuple[Method, ...]:
    """The methods, without iterators and streams whose names other methods have."""
    all_methods = tuple(methods)
    names = {(method.resource, method.name) for method in all_methods}

    def free_of(method: Method, ending: str) -> bool:
        return (method.resource, f"{method.name}_{ending}") not in names

    return tuple(
        replace(
            method,
            pages=method.pages
            if free_of(method, "all") and "max_items" not in {p.name for p in method.params}
            else None,
            streams=method.streams and free_of(method, "stream"),
        )
        for method in all_methods
    )


def in_resources(wrapper: Wrapper, titles: Mapping[str, str], naming: Naming) -> Wrapper:
    """The wrapper in resources, each with the records that only it refers to; `titles` name their
    classes. A wrapper of named operations stays as it is."""
    if not titles:
        return wrapper
    records = {record.name: record for record in wrapper.records}
    methods: dict[str, list[Method]] = {}
    for method in wrapper.methods:
        methods.setdefault(method.resource, []).append(method)
    used_records = {name: _reached(own_methods, records) for name, own_methods in methods.items()}
    users = Counter(record for names in used_records.values() for record in names)
    resources = tuple(
        Resource(
            name=name,
            title=titles[name],
            module=f"{wrapper.module}/{naming.resource_module(name)}",
            methods=tuple(own_methods),
            records=tuple(
                record
                for record in wrapper.records
                if users[record.name] == 1 and record.name in used_records[name]
            ),
        )
        for name, own_methods in methods.items()
    )
    shared = tuple(record for record in wrapper.records if users[record.name] != 1)
    return replace(wrapper, resources=resources, records=shared)


def _reached(methods: Iterable[Method], records: Mapping[str, Record]) -> set[str]:
    """Names of the records that the methods refer to, directly or through others."""
    pending = [name for method in methods for name in named(method.types)]
    reachable: set[str] = set()
    while pending:
        name = pending.pop()
        if name in records and name not in reachable:
            reachable.add(name)
            pending += named(records[name].parts)
    return reachable
