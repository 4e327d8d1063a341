"""The changes that generated files make in the user's project, computed first, then written.

A file is compared with the text that noctule last wrote (the lock). The user's edits are kept: an
edited file is merged with the new version, and lines that both changed get conflict markers.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from noctule.problem import Exit, Problem
from noctule.project import env_file
from noctule.project.atomic_write import write_all
from noctule.project.merging import lock
from noctule.project.merging.three_way import has_conflict_markers, merge
from noctule.project.turn import ChangedMeanwhile, turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.project.merging.three_way import FileMerge
    from noctule.project.rendered import Rendered

Action = Literal["create", "identical", "update", "merge", "conflict", "kept", "skip"]
WRITTEN = frozenset({"create", "update", "merge", "conflict"})


@dataclass(frozen=True)
class Change:
    """What happens to one file.

    "create" and "update" (not edited by the user) are written, and so are "merge" (edited by the
    user, with a new version) and "conflict" (both changed the same lines, which get markers).
    "identical" needs nothing; "kept" was edited by the user and has no new version, or was there
    before noctule; "skip" was deleted by the user.
    """

    path: str
    action: Action
    diff: str
    """Unified diff from the project's file to the new text, also for a file that was there before
    noctule and is not written; "" without a new version."""
    conflict: bool = False
    """The user must decide: the file has markers, or lacks the new version."""
    unresolved: bool = False
    """The file still has markers of an earlier merge, so it is not written."""
    text: str = field(default="", repr=False)
    pristine: str | None = field(default=None, repr=False)
    """Its text in the lock from now on; None leaves the lock as it is."""
    compared: str | None = field(default=None, repr=False)
    """The text that was there when it was compared; None without a file."""

    def as_json(self, *, diffs: bool) -> dict[str, Any]:
        """The diff is included for a conflict, and always with `diffs`."""
        data = {"path": self.path, "action": self.action, "conflict": self.conflict}
        return data | ({"diff": self.diff} if diffs or self.conflict else {})


class Workspace:
    """The project at `root`; `service` names its lock (a provider id such as "stripe").

    `merges` maps a file suffix (".py") to the merge of its language; other files are merged line
    by line.
    """

    def __init__(
        self, root: Path, service: str, merges: Mapping[str, FileMerge] | None = None
    ) -> None:
        self.root = root.resolve()
        self._merges = merges or {}
        self._lock = f"{lock.FOLDER}/{service}.lock"

    def compare(self, files: Iterable[Rendered]) -> tuple[Change, ...]:
        """One change per file, in order; writes nothing. Raises `Problem` for a path outside the
        project, a folder in place of a file or the reverse, and a broken lock."""
        pristine = lock.read(self._inside(self._lock), self._lock)
        changes = (self._compared(file, pristine.get(file.path)) for file in files)
        return tuple(change for change in changes if change is not None)

    def write(self, changes: Iterable[Change]) -> None:
        """Write the changes, all or none.

        Raises `ChangedMeanwhile` if a file is no longer what it was compared with, and `Problem`
        when a file cannot be written.
        """
        with turn(self.root):
            self._write(tuple(changes))

    def _write(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if self._read(self._inside(change.path), change.path) != change.compared:
                raise ChangedMeanwhile(
                    "project.changed_meanwhile", exit=Exit.OUTSIDE, place=change.path
                )
        texts = {
            (path := self._inside(change.path)): _with_newlines_of(path, change.text)
            for change in changes
            if change.action in WRITTEN and not change.unresolved
        }
        place = self._inside(self._lock)
        before = lock.read(place, self._lock)
        after = before | {c.path: c.pristine for c in changes if c.pristine is not None}
        if after != before:
            texts[place] = lock.dump(after)
        if texts:
            write_all(self.root, texts)

    def _compared(self, file: Rendered, pristine: str | None) -> Change | None:
        path = self._inside(file.path)
        current = self._read(path, file.path)
        if file.role == "package":
            if current is not None or path.parent.is_dir():
                return None
            return Change(file.path, "create", "", text=file.text)
        return replace(self._change(file, current, pristine), compared=current)

    def _change(self, file: Rendered, current: str | None, pristine: str | None) -> Change:
        if current is None:
            if pristine is not None and file.role != "task":
                return Change(file.path, "skip", "")
            return _written(file, "create", "", file.text)
        if file.role == "env":
            merged = env_file.merge(current, file.text, pristine or "")
            return _written(file, "identical" if merged == current else "update", current, merged)
        if current == file.text:
            return _written(file, "identical", current, file.text)
        if current == pristine:
            return _written(file, "update", current, file.text)
        if has_conflict_markers(current):
            diff = _diff(file.path, pristine or "", file.text)
            return Change(file.path, "conflict", diff, conflict=True, unresolved=True)
        if pristine == file.text:
            return Change(file.path, "kept", "")
        if pristine is None:
            return Change(file.path, "kept", _diff(file.path, current, file.text), conflict=True)
        return self._merged(file, current, pristine)

    def _merged(self, file: Rendered, current: str, pristine: str) -> Change:
        """The user's file with the changes of the new version."""
        merge_file = self._merges.get(PurePosixPath(file.path).suffix)
        if merge_file is None:
            merged = merge(pristine, current, file.text)
        else:
            merged = merge_file(file.path, pristine, current, file.text)
        if merged.text == current:
            return Change(file.path, "kept", "", pristine=file.text)
        change = _written(file, "conflict" if merged.conflicts else "merge", current, merged.text)
        return replace(change, conflict=merged.conflicts > 0)

    def _inside(self, path: str) -> Path:
        """`path` with symbolic links resolved. Raises `Problem` if it is outside the project."""
        pure = PurePosixPath(path)
        legal = path.isprintable() and "\\" not in path and ":" not in path and pure.name
        if not legal or pure.is_absolute() or ".." in pure.parts:
            raise Problem("project.path_outside", exit=Exit.USAGE, place=path)
        try:
            real = (self.root / pure).resolve()
        except (OSError, RuntimeError) as error:
            raise Problem("project.path_outside", exit=Exit.USAGE, place=path) from error
        if not real.is_relative_to(self.root) or real == self.root:
            raise Problem("project.path_outside", exit=Exit.USAGE, place=path)
        return real

    def _read(self, path: Path, place: str) -> str | None:
        """The file's text with `\\n` line ends; None when there is no such file."""
        try:
            if path.is_dir():
                raise Problem("project.path_is_folder", exit=Exit.USAGE, place=place)
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise Problem("project.folder_is_file", exit=Exit.USAGE, place=place) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problem = Problem("project.unreadable", exit=Exit.OUTSIDE, place=place, reason=reason)
            raise problem from error
        return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def _written(file: Rendered, action: Action, current: str, text: str) -> Change:
    diff = "" if action == "identical" else _diff(file.path, current, text)
    return Change(file.path, action, diff, text=text, pristine=file.text)


def _with_newlines_of(path: Path, text: str) -> str:
    """`text` with the line ends of the existing file."""
    windows = path.is_file() and b"\r\n" in path.read_bytes()
    return text.replace("\n", "\r\n") if windows else text


def _diff(path: str, before: str, after: str) -> str:
    old, new = (
        text.encode("utf-8", "replace").decode().splitlines(keepends=True)
        for text in (before, after)
    )
    source = f"a/{path}" if before else "/dev/null"
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, source, f"b/{path}")
    )
