"""The files of a document: the main one and those that it refers to, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from noctule.apidoc import bounds
from noctule.apidoc.loading.decode import decode
from noctule.apidoc.model.node import DocumentFile, UnreadableError
from noctule.json_types import as_dict, as_text
from noctule.problem import Problem

Fetch = Callable[[str], bytes]


class Library:
    """Opens the files of one document, each once.

    A document read from a folder may name files of that folder and below; one fetched from an
    address may name addresses of the same origin. Anything else is out of bounds.
    """

    def __init__(
        self, *, folder: Path | None = None, address: str = "", fetch: Fetch | None = None
    ) -> None:
        self._folder = folder.resolve() if folder else None
        self._address = address
        self._fetch = fetch
        self._files: dict[str, DocumentFile] = {}
        self._failed: dict[str, str] = {}
        self._bytes = 0
        self._memory: dict[object, object] = {}
        self._own = ""

    def main(self, root: Any, name: str) -> DocumentFile:
        """The document's main file; `name` is its own in the folder, or its address. What it calls
        itself (`$self`, OpenAPI 3.2) leads to it too."""
        file = DocumentFile("", root, lambda reference: self._open(name, reference), self._memory)
        self._own = as_text(as_dict(root).get("$self"))
        self._files[self._own] = self._files[self._locate(name, name)] = file
        return file

    def _open(self, seen_from: str, reference: str) -> DocumentFile:
        where = reference if reference == self._own else self._locate(seen_from, reference)
        if where in self._failed:
            raise UnreadableError(self._failed[where])
        if where not in self._files:
            try:
                self._files[where] = self._read(where)
            except UnreadableError as error:
                self._failed[where] = str(error)
                raise
        return self._files[where]

    def _locate(self, seen_from: str, reference: str) -> str:
        """The target of a reference, as a path or an address."""
        if self._address:
            try:
                return urljoin(urljoin(self._address, seen_from), reference)
            except ValueError:
                raise UnreadableError("not an address") from None
        if "://" in reference:
            raise UnreadableError("a document on disk may not name an address")
        folder = self._folder or Path()
        return str((folder / seen_from).parent.joinpath(reference).resolve())

    def _read(self, where: str) -> DocumentFile:
        if len(self._files) >= bounds.MAX_FILES:
            raise UnreadableError(f"more than {bounds.MAX_FILES} files")
        data = self._get(where)
        self._bytes += len(data)
        if self._bytes > bounds.MAX_BYTES:
            raise UnreadableError(
                f"the files are larger than {bounds.MAX_BYTES // 2**20} MB together"
            )
        try:
            root = decode(data, place=where).value
        except Problem as problem:
            raise UnreadableError(problem.cause("en")) from None
        label = where if self._address else str(Path(where).relative_to(self._folder or Path()))
        return DocumentFile(
            label, root, lambda reference: self._open(where, reference), self._memory
        )

    def _get(self, where: str) -> bytes:
        if self._address:
            if urlsplit(where)[:2] != urlsplit(self._address)[:2] or self._fetch is None:
                raise UnreadableError("only addresses of the document's own origin are read")
            try:
                return self._fetch(where)
            except Problem as problem:
                raise UnreadableError(problem.cause("en")) from None
        if self._folder is None:
            raise UnreadableError("the document has no folder to look in")
        path = Path(where)
        if not path.is_relative_to(self._folder):
            raise UnreadableError("outside the document's folder")
        return file_bytes(path)


def file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(bounds.MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(error.strerror or "cannot be read") from None
