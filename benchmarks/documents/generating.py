"""One document made into a whole-API client: planned, rendered, written and imported."""

from __future__ import annotations

import importlib
import resource
import sys
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks.documents.reading import Phases
from noctule.apidoc import load
from noctule.checks.choices import Said
from noctule.codegen import render
from noctule.planning import plan
from noctule.problem import Problem
from noctule.project.layout import Layout

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.project.rendered import Rendered

REQUEST = "Integrate the whole API"


@dataclass(frozen=True)
class Generator:
    """Writes the client of each document below `out`, in a package of its own."""

    folder: Path
    out: Path

    def package(self, path: Path) -> str:
        """A name for the document's package, unlike every other's."""
        inside = path.relative_to(self.folder).with_suffix("")
        return "c_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in str(inside))

    def __call__(self, path: Path) -> dict[str, Any]:
        phases = Phases()
        try:
            with phases.time("load"):
                document = load(path)
            if not document.operations:
                return {"outcome": "refused", "reason": "the document has no operation"}
            files = self.rendered(document, self.package(path), phases)
        except Problem as problem:
            return {"outcome": "refused", "reason": f"{problem.key}: {problem.cause('en')}"}
        except Exception as error:
            return {"outcome": "crashed", "reason": where(error)}
        with phases.time("import"):
            self.write(files)
            broken = self.imported(files)
        return {
            "outcome": "broken" if broken else "made",
            "reason": broken,
            "package": self.package(path),
            "operations": len(document.operations),
            "lines": sum(file.text.count("\n") for file in files),
            "phases": phases.seconds,
            "seconds": round(sum(phases.seconds.values()), 3),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }

    def rendered(self, document: ApiDocument, package: str, phases: Phases) -> tuple[Rendered, ...]:
        layout = Layout(
            services=package,
            webhooks=package,
            tests=f"{package}/tests",
            new_app=f"{package}/main.py",
        )
        planning = partial(
            plan,
            REQUEST,
            layout=layout,
            document=document,
            language="en",
            operations=list(document.operations),
            accepted="the corpus is measured, not used",
        )
        with phases.time("plan"):
            planned = planning()
            if planned.question is not None:  # which server; any of them will do here
                planned = planning(said=Said(server=planned.question.choices[0].value))
        assert planned.task is not None
        with phases.time("render"):
            return render(planned.task, document, planned.pack)

    def write(self, files: tuple[Rendered, ...]) -> None:
        for file in files:
            place = self.out / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text, encoding="utf-8")

    def imported(self, files: tuple[Rendered, ...]) -> str:
        """Import every module, tests as well, and let msgspec read the types of each model, as a
        first call does; the first thing that Python refuses, or "". The process is this document's
        alone."""
        sys.path.insert(0, str(self.out))
        for file in files:
            if not file.path.endswith(".py"):
                continue
            name = file.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            try:
                module = importlib.import_module(name)
                for model in vars(module).values():
                    if isinstance(model, type) and issubclass(model, msgspec.Struct):
                        msgspec.json.Decoder(model)
            except Exception as error:
                return f"{type(error).__name__} in {file.role}: {error}"[:300]
        return ""


def where(error: Exception) -> str:
    """Type, place and message of a crash: the innermost place in noctule."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "noctule" in f.filename]
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}: {error}"[:300]
