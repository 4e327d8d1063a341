"""The user's project: edits win, reruns change nothing, and writing is all or nothing."""

import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.codegen.python.language import PYTHON
from noctule.problem import Exit, Problem
from noctule.project import env_file
from noctule.project.merging.three_way import BETWEEN, THEIRS, YOURS
from noctule.project.rendered import Rendered, Role
from noctule.project.turn import ChangedMeanwhile, written
from noctule.project.workspace import Change, Workspace

SERVICE = "app/services/stripe.py"


def file(text: str, path: str = SERVICE, role: Role = "wrapper") -> Rendered:
    return Rendered(path, text, role)


def run(root: Path, *files: Rendered) -> tuple[Change, ...]:
    workspace = Workspace(root, "stripe", PYTHON.merges)
    changes = workspace.compare(files)
    workspace.write(changes)
    return changes


def actions(changes: tuple[Change, ...]) -> dict[str, str]:
    return {change.path: change.action for change in changes}


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_a_first_run_creates_and_a_second_changes_nothing(tmp_path: Path) -> None:
    package = file("", "app/services/__init__.py", "package")
    assert actions(run(tmp_path, file("x = 1\n"), package)) == {
        SERVICE: "create",
        "app/services/__init__.py": "create",
    }
    before = snapshot(tmp_path)
    assert actions(run(tmp_path, file("x = 1\n"), package)) == {SERVICE: "identical"}
    assert snapshot(tmp_path) == before
    assert set(before) == {
        SERVICE,
        "app/services/__init__.py",
        "integrations/.noctule/stripe.lock",
    }


def test_an_untouched_file_is_updated(tmp_path: Path) -> None:
    run(tmp_path, file("x = 1\n"))
    [change] = run(tmp_path, file("x = 2\n"))
    assert (change.action, change.conflict) == ("update", False)
    assert "-x = 1\n+x = 2\n" in change.diff
    assert (tmp_path / SERVICE).read_text() == "x = 2\n"


OLD, NEW = "a\nb\nc\nd\n", "a\nb\nc\nD\n"


def edit(root: Path, text: str) -> None:
    (root / SERVICE).write_text(text)


def test_an_edit_is_kept_and_merged_with_what_is_new(tmp_path: Path) -> None:
    run(tmp_path, file(OLD))
    edit(tmp_path, "mine\na\nb\nc\nd\n")
    [same] = run(tmp_path, file(OLD))
    assert (same.action, same.conflict, same.diff) == ("kept", False, "")
    [newer] = run(tmp_path, file(NEW))
    assert (newer.action, newer.conflict) == ("merge", False)
    assert "-d\n+D\n" in newer.diff
    assert (tmp_path / SERVICE).read_text() == "mine\na\nb\nc\nD\n"
    [again] = run(tmp_path, file(NEW))
    assert (again.action, again.diff) == ("kept", "")


def test_an_overlap_gets_markers_once_and_is_then_left_to_its_owner(tmp_path: Path) -> None:
    run(tmp_path, file(OLD))
    edit(tmp_path, "a\nb\nc\nmine\n")
    [change] = run(tmp_path, file(NEW))
    assert (change.action, change.conflict, change.unresolved) == ("conflict", True, False)
    marked = f"a\nb\nc\n{YOURS}\nmine\n{BETWEEN}\nD\n{THEIRS}\n"
    assert (tmp_path / SERVICE).read_text() == marked
    before = snapshot(tmp_path)
    for newest in (NEW, "e\n"):
        [left] = run(tmp_path, file(newest))
        assert (left.action, left.conflict, left.unresolved) == ("conflict", True, True)
    assert snapshot(tmp_path) == before
    edit(tmp_path, "a\nb\nc\nmine\n")
    [settled] = run(tmp_path, file(f"new\n{NEW}"))
    assert (settled.action, settled.conflict) == ("merge", False)
    assert (tmp_path / SERVICE).read_text() == "new\na\nb\nc\nmine\n"


def test_what_the_user_has_already_is_not_written_again(tmp_path: Path) -> None:
    run(tmp_path, file(OLD))
    edit(tmp_path, f"mine\n{NEW}")
    [change] = run(tmp_path, file(NEW))
    assert (change.action, change.diff) == ("kept", "")


def test_line_ends_and_strange_bytes_survive_a_merge(tmp_path: Path) -> None:
    run(tmp_path, file(OLD))
    (tmp_path / SERVICE).write_bytes(b"# \xff\r\na\r\nb\r\nc\r\nd\r\n")
    assert actions(run(tmp_path, file(NEW))) == {SERVICE: "merge"}
    assert (tmp_path / SERVICE).read_bytes() == b"# \xff\r\na\r\nb\r\nc\r\nD\r\n"


def test_a_file_that_was_there_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / "app/services").mkdir(parents=True)
    (tmp_path / SERVICE).write_text("mine\n")
    [change] = run(tmp_path, file("x = 1\n"))
    assert (change.action, change.conflict) == ("kept", True)
    assert (tmp_path / SERVICE).read_text() == "mine\n"


def test_a_deleted_file_stays_deleted(tmp_path: Path) -> None:
    run(tmp_path, file("x = 1\n"))
    (tmp_path / SERVICE).unlink()
    assert actions(run(tmp_path, file("x = 2\n"))) == {SERVICE: "skip"}
    assert not (tmp_path / SERVICE).exists()


def test_line_ends_of_another_system_are_no_edit(tmp_path: Path) -> None:
    run(tmp_path, file("x = 1\n"))
    (tmp_path / SERVICE).write_bytes(b"x = 1\r\n")
    assert actions(run(tmp_path, file("x = 1\n"))) == {SERVICE: "identical"}


def test_a_package_is_only_made_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    assert run(tmp_path, file("", "tests/__init__.py", "package")) == ()
    assert not (tmp_path / "tests/__init__.py").exists()


def test_the_env_file_gains_entries(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("DEBUG=1\n")
    section = "# --- Stripe ---\n# Key\nSTRIPE_SECRET_KEY=\n"
    [change] = run(tmp_path, file(section, ".env.example", "env"))
    assert change.action == "update"
    assert (tmp_path / ".env.example").read_text() == f"DEBUG=1\n\n{section}"
    assert actions(run(tmp_path, file(section, ".env.example", "env"))) == {
        ".env.example": "identical"
    }


@pytest.mark.parametrize(
    "path",
    ["../x.py", "/etc/x.py", "a/../../x.py", "", ".", "a\x00.py", "a\nb.py", "c:x.py", "a\\..\\b"],
)
def test_a_path_that_leaves_the_project_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Problem) as caught:
        run(tmp_path / "project", file("x = 1\n", path))
    assert (caught.value.key, caught.value.exit) == ("project.path_outside", Exit.USAGE)
    assert not list(tmp_path.iterdir())


@given(st.text(max_size=30))
def test_no_path_whatever_reaches_outside(path: str) -> None:
    root = Path("/nonexistent/project")
    try:
        [change] = Workspace(root, "stripe").compare([file("x\n", path)])
    except Problem as problem:
        assert problem.key == "project.path_outside"  # noqa: PT017
    else:
        assert (root / change.path).resolve().is_relative_to(root)


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "app").symlink_to(outside)
    with pytest.raises(Problem) as caught:
        run(root, file("x = 1\n"))
    assert caught.value.key == "project.path_outside"
    assert not list(outside.iterdir())


def test_a_link_inside_the_project_keeps_being_one(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("")
    (tmp_path / "app/services").mkdir(parents=True)
    (tmp_path / SERVICE).symlink_to(tmp_path / "real.py")
    (tmp_path / "real.py").unlink()
    run(tmp_path, file("x = 1\n"))
    assert (tmp_path / SERVICE).is_symlink()
    assert (tmp_path / "real.py").read_text() == "x = 1\n"


def test_a_folder_where_a_file_belongs(tmp_path: Path) -> None:
    (tmp_path / SERVICE).mkdir(parents=True)
    with pytest.raises(Problem) as caught:
        run(tmp_path, file("x = 1\n"))
    assert caught.value.key == "project.path_is_folder"


def test_a_file_where_a_folder_belongs(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("")
    with pytest.raises(Problem) as caught:
        run(tmp_path, file("x = 1\n"))
    assert caught.value.key == "project.folder_is_file"


def test_nothing_is_half_written_when_one_file_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: Path, *rest: int) -> int:
        if "second" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Problem) as caught:
        run(tmp_path, file("x = 1\n"), file("y = 1\n", "app/second/x.py"))
    assert (caught.value.key, caught.value.exit) == ("project.unwritable", Exit.OUTSIDE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"files": 1}', '{"files": {"a": {"sha256": "0", "text": "eJw="}}}', "\x00"],
)
def test_a_broken_lock_is_one_clear_problem(tmp_path: Path, text: str) -> None:
    run(tmp_path, file("x = 1\n"))
    place = tmp_path / "integrations/.noctule/stripe.lock"
    place.write_text(text)
    with pytest.raises(Problem) as caught:
        run(tmp_path, file("x = 2\n"))
    assert (caught.value.key, caught.value.exit) == ("project.lock_unreadable", Exit.USAGE)
    assert caught.value.next_step("fr")
    assert (tmp_path / SERVICE).read_text() == "x = 1\n"


def test_a_file_that_changed_since_it_was_compared_is_not_written_over(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "stripe", PYTHON.merges)
    changes = workspace.compare([file("x = 1\n")])
    other = tmp_path / SERVICE
    other.parent.mkdir(parents=True)
    other.write_text("y = 1\n", "utf-8")
    before = snapshot(tmp_path)
    with pytest.raises(ChangedMeanwhile):
        workspace.write(changes)
    assert snapshot(tmp_path) == before


def test_runs_at_the_same_time_lose_nothing_of_each_other(tmp_path: Path) -> None:
    """Each process adds its own variables to one file, all of them at once, several times."""
    services = ["stripe", "github", "slack", "adyen"]
    context = multiprocessing.get_context("spawn")
    for round_ in range(3):
        runs = [context.Process(target=write_env, args=(tmp_path, s, round_)) for s in services]
        for process in runs:
            process.start()
        for process in runs:
            process.join()
            assert process.exitcode == 0
    lines = (tmp_path / ".env.example").read_text("utf-8").splitlines()
    names = [line for line in lines if line.endswith("=")]
    assert sorted(names) == sorted(f"{s.upper()}_{n}=" for s in services for n in range(3))


def write_env(root: Path, service: str, last: int) -> None:
    names = {f"{service.upper()}_{number}": "A key" for number in range(last + 1)}
    lines = env_file.render(service, names)

    def compute() -> Run:
        workspace = Workspace(root, service)
        return Run(workspace, workspace.compare([file(lines, ".env.example", "env")]))

    written(compute(), compute)


@dataclass(frozen=True)
class Run:
    workspace: Workspace
    changes: tuple[Change, ...]

    def write(self) -> None:
        self.workspace.write(self.changes)
