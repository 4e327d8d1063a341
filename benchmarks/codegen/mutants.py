"""Do the generated tests fail when the wrapper is broken?

Writes the integration of each provider's pack, or of slices of a document: six operations each,
drawn by a seed so that nobody picks those that suit, for FastAPI and Flask in turn. Templates are
improved by what survives, so that a score is honest only for slices that nobody has looked at:
`--first` begins at another one. Measures the branch coverage of the wrapper and webhook handler
under the generated tests, and then breaks the wrapper in one place after the other. Each mutant
runs in a fork of this process. Prints every survivor, and the score of each and of all.

Takes five minutes a wrapper.
"""

import ast
import copy
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.codegen.generate import generate
from benchmarks.shared import Table, parser, report
from noctule import apidoc
from noctule.codegen import render
from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod, Webhook
from noctule.providers import pack, packs

PLUGINS = ["-p", "anyio.pytest_plugin", "-p", "noctule.runtime.testing.plugin"]
OTHERS = {"int": "str", "str": "int", "bool": "str", "float": "str"}
"""A type of a model's member -> one that its example does not fit."""

OPERATIONS = 6
"""Of a slice."""
HUNG = 60
"""Seconds after which a mutant counts as found."""
TARGETS = ("fastapi", "flask")

Mutation = tuple[str, ast.Module]


def task_of(provider: str) -> IntegrationTask:
    """Seven operations and two events of the pack."""
    facts = pack(provider)
    name = f"{provider}_service"
    return IntegrationTask(
        service=facts.name,
        provider=provider,
        files=[
            PlannedFile(path=f"app/{name}.py", purpose="", role="wrapper"),
            PlannedFile(path=f"app/{provider}_hooks.py", purpose="", role="webhook"),
            PlannedFile(path=f"tests/test_{name}.py", purpose="", role="tests"),
        ],
        env_vars=[EnvVar(name=v.name, description="", role=v.role) for v in facts.env],
        methods=[
            PlannedMethod(name=fact.name, does="", operation=key)
            for key, fact in list(facts.operations.items())[:7]
        ],
        webhooks=[
            Webhook(event=event, endpoint="/hooks", signature=provider)
            for event in list(facts.events)[:2]
        ],
    )


def write(root: Path, provider: str) -> IntegrationTask:
    facts, task = pack(provider), task_of(provider)
    document = apidoc.parse(facts.document_bytes(), source=f"pack:{provider}")
    for file in render(task, document, facts):
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return task


def sample_operations(document: Path, number: int) -> list[str]:
    """Six operations of the document; another six for each number."""
    operations = list(apidoc.load(str(document)).operations)
    return random.Random(f"{document.stem} {number}").sample(
        operations, min(OPERATIONS, len(operations))
    )


def wrapper_and_tests(root: Path, task: IntegrationTask) -> tuple[Path, Path]:
    """Its wrapper and its tests, under the names that Python imports."""
    paths = {file.role: root / file.path for file in task.files}
    return paths["wrapper"], paths["tests"]


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Every single change, as a whole module."""
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        # The values of an open enumeration are for people and type checkers: any text is taken.
        # So is what a typed dict is: a plain dict, when the code runs.
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            docs |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.ClassDef) and "TypedDict" in map(ast.unparse, node.bases):
            docs |= {id(part) for part in ast.walk(node)}
    nodes = list(ast.walk(tree))
    for at, node in enumerate(nodes):
        for description, change in changes(node, docs):
            twin = copy.deepcopy(tree)
            change(list(ast.walk(twin))[at])
            yield f"line {getattr(node, 'lineno', 0)}: {description}", twin


Change = tuple[str, Callable[[ast.AST], None]]


def changes(node: ast.AST, docs: set[int]) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and id(node) not in docs and node.value is not None:
        yield f"{node.value!r} is another value", _other_value
    if isinstance(node, ast.Call):
        for at, keyword in enumerate(node.keywords):
            yield f"without {keyword.arg}=", lambda n, at=at: n.keywords.pop(at)
    if isinstance(node, ast.Dict):
        for at, key in enumerate(node.keys):
            name = ast.unparse(key) if key else "**"
            yield f"without the key {name}", lambda n, at=at: (n.keys.pop(at), n.values.pop(at))
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", _returns_none
    if isinstance(node, ast.ClassDef) and any(ast.unparse(b) == "Model" for b in node.bases):
        for at, item in enumerate(node.body):
            if isinstance(item, ast.AnnAssign) and ast.unparse(item.annotation) in OTHERS:
                yield f"{ast.unparse(item)} of another type", lambda n, at=at: _retype(n.body[at])


def _other_value(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    value = node.value
    node.value = (
        not value if isinstance(value, bool) else value + ("x" if isinstance(value, str) else 1)
    )  # type: ignore[operator]


def _returns_none(node: ast.AST) -> None:
    assert isinstance(node, ast.Return)
    assert node.value is not None
    node.value = ast.BoolOp(ast.And(), [node.value, ast.Constant(None)])


def _retype(node: ast.AST) -> None:
    assert isinstance(node, ast.AnnAssign)
    node.annotation = ast.Name(OTHERS[ast.unparse(node.annotation)])


def survives(root: Path, tests: Path) -> bool:
    """Whether the generated tests pass, in a fork that has imported everything but the project."""
    child = os.fork()
    if child == 0:
        code = 3
        signal.alarm(HUNG)
        try:
            code = _run(root, tests)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _run(root: Path, tests: Path) -> int:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    os.chdir(root)
    options = ["-q", "-x", "-p", "no:cacheprovider", "-W", "error", "--rootdir", str(root)]
    return int(pytest.main([*options, *PLUGINS, str(tests)]))


def coverage(root: Path, tests: Path) -> tuple[str, float]:
    """The total line of coverage's report over the project's code, and the seconds of the tests."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = [sys.executable, "-m", "coverage", "run", "--branch", "--source=app", "-m", "pytest"]
    start = time.perf_counter()
    subprocess.run([*run, "-q", *PLUGINS, str(tests)], cwd=root, env=environment,
                   capture_output=True, check=True)  # fmt: skip
    seconds = time.perf_counter() - start
    report = subprocess.run([sys.executable, "-m", "coverage", "report"], cwd=root, text=True,
                            capture_output=True, check=True)  # fmt: skip
    return report.stdout.strip().splitlines()[-1], seconds


@dataclass
class Score:
    """Of all that was measured."""

    killed: int = 0
    of: int = 0
    coverage: list[str] = field(default_factory=list[str])
    seconds: list[float] = field(default_factory=list[float])


def part(killed: int, of: int) -> str:
    return f"{killed / of:.0%}" if of else "none tried"


def measure(label: str, root: Path, task: IntegrationTask, most: int, score: Score) -> None:
    wrapper, tests = wrapper_and_tests(root, task)
    total, seconds = coverage(root, tests)
    share = total.split()[-1]
    print(f"{label}: branch coverage {share}, tests in {seconds:.1f} s")
    text = wrapper.read_text()
    every = list(mutations(ast.parse(text)))
    import_what_they_stand_on(wrapper, tests)
    if not survives(root, tests):
        raise SystemExit(f"{label}: the tests fail without any change")
    sample = random.Random(7).sample(every, min(most, len(every)))
    alive: list[str] = []
    for description, tree in sample:
        wrapper.write_text(ast.unparse(ast.fix_missing_locations(tree)))
        if survives(root, tests):
            alive.append(description)
    killed = len(sample) - len(alive)
    description = f"{killed} of {len(sample)} mutants found ({part(killed, len(sample))})"
    print(f"  {description}; {len(every)} in all")
    score.killed, score.of = score.killed + killed, score.of + len(sample)
    score.coverage.append(share)
    score.seconds.append(seconds)
    for description in sorted(alive):
        print(f"  alive  {description}", flush=True)


def import_what_they_stand_on(*files: Path) -> None:
    """Once, before the forks: all that is not the project's own."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and not (node.module or "app").startswith("app"):
                import_module(node.module or "")


def measure_all(subject: str, numbers: range, most: int, score: Score) -> None:
    """A pack by its name, or a document by its path."""
    document = Path(subject)
    for number in numbers if document.is_file() else (None,):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            if number is None:
                measure(subject, root, write(root, subject), most, score)
            else:
                target = TARGETS[number % len(TARGETS)]
                task = generate(str(document), root, sample_operations(document, number), target)
                measure(f"{document.stem} {number}, {target}", root, task, most, score)


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("codegen.mutants", __doc__)
    command_line.add_argument("subjects", nargs="*", default=["stripe"], metavar="PACK|DOCUMENT")
    command_line.add_argument("--slices", type=int, default=2, help="slices of a document")
    command_line.add_argument("--first", type=int, default=0, help="the number of the first slice")
    command_line.add_argument("--most", type=int, default=400, help="mutants per wrapper")
    options = command_line.parse_args(arguments)
    unknown = [
        name for name in options.subjects if name not in packs() and not Path(name).is_file()
    ]
    if unknown:
        command_line.error(f"neither a pack nor a document: {', '.join(unknown)}")
    numbers = range(options.first, options.first + options.slices)
    scores: dict[str, Score] = {}
    for subject in options.subjects:
        scores[subject] = Score()
        measure_all(subject, numbers, options.most, scores[subject])
    rows: list[tuple[str | int | float, ...]] = [
        (
            Path(subject).stem,
            len(score.coverage),
            f"{score.killed} of {score.of}",
            part(score.killed, score.of),
            min(score.coverage, key=lambda share: int(share.rstrip("%"))),
            f"{max(score.seconds):.1f}",
        )
        for subject, score in scores.items()
    ]
    head = (
        "",
        "wrappers",
        "mutants found",
        "share",
        "branch coverage at least",
        "tests, s at most",
    )
    report(options, Table("Mutants that the generated tests find", head, rows))
    return 0
