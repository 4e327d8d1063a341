"""How a target spells names, and the names that it keeps for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Set


class Naming(Protocol):
    """Every name of the model comes from here. The builders hand in words as a document writes
    them, in any spelling; a target returns a legal name in its own."""

    @property
    def types(self) -> Set[str]:
        """Names that no record and no enumeration gets: what generated code imports."""
        ...

    @property
    def members(self) -> Set[str]:
        """Names that no member of a record gets."""
        ...

    @property
    def parameters(self) -> Set[str]:
        """Names that no parameter of a method gets."""
        ...

    @property
    def methods(self) -> Set[str]:
        """Names that no method of a resource gets."""
        ...

    @property
    def service(self) -> Set[str]:
        """Names that no method and no resource of the service gets: its own attributes."""
        ...

    @property
    def constructor(self) -> Set[str]:
        """Names that no argument of the service gets: those that it has already."""
        ...

    @property
    def handlers(self) -> Set[str]:
        """Names that no webhook handler gets."""
        ...

    def member(self, text: str) -> str:
        """A parameter, a member of a record, a method, a resource or a handler."""
        ...

    def type(self, text: str) -> str:
        """A record or an enumeration."""
        ...

    def constant(self, text: str) -> str:
        """The constant that describes the operation of a method."""
        ...

    def service_type(self, service: str) -> str:
        """The class of a service."""
        ...

    def usable_type(self, name: str, service: str) -> str:
        """`name`, or another with the service's name in it where tools would misread it."""
        ...

    def resource_type(self, resource: str) -> str:
        """The class of a resource."""
        ...

    def resource_module(self, resource: str) -> str:
        """The last part of the path to the module of a resource."""
        ...

    def module(self, path: str) -> str:
        """The path of a file as other modules refer to it, without its ending; "" where none can:
        `app/services/stripe_service`."""
        ...

    def is_key(self, name: str) -> bool:
        """Whether an object in a request can have a member with exactly this name."""
        ...


def free(candidates: Iterable[str], names_in_use: set[str]) -> str:
    """The first candidate that is free, now taken; the last one gets underscores if need be."""
    name = ""
    for name in candidates:
        if name not in names_in_use:
            names_in_use.add(name)
            return name
    while name in names_in_use:
        name += "_"
    names_in_use.add(name)
    return name
