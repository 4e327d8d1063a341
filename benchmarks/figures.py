"""Write the pages of figures from the kept results: `make figures`.

Each page holds the results of some benchmarks, in the order below. A result says which command gave
it, at which commit, when and on what; one that is not kept yet is named at the end of its page. A
run of a benchmark changes no page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.shared import RESULTS, ROOT, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCS = ROOT / "docs"
PLOTS = {
    "runtime.jitter": (DOCS / "runtime" / "jitter.svg", "calls that outlast a blip"),
    "runtime.outage": (DOCS / "runtime" / "outage.svg", "requests and failed calls, per second"),
}
"""Result -> its plot, and what the plot shows."""
PAGES = {
    DOCS / "runtime" / "figures.md": (
        "Figures of the runtime",
        (
            "runtime.overhead",
            "runtime.calls",
            "runtime.imports",
            "runtime.duplicates",
            "runtime.hang",
            "runtime.jitter",
            "runtime.storm",
            "runtime.outage",
            "runtime.operations",
            "runtime.leaks",
            "runtime.trial_calls",
            "runtime.together",
        ),
    ),
    DOCS / "webhooks" / "figures.md": (
        "Figures of the webhook receiver",
        (
            "webhooks.verifying",
            "webhooks.intake",
            "webhooks.overload.sqlite",
            "webhooks.overload.postgres",
            "webhooks.killing.sqlite",
            "webhooks.killing.postgres",
            "webhooks.copies",
            "webhooks.faults",
            "webhooks.replaying",
            "webhooks.million",
            "webhooks.fuzz",
        ),
    ),
    DOCS / "documents" / "figures.md": (
        "Figures of planning, documents and generated code",
        (
            "planner",
            "documents.corpus.read",
            "documents.corpus.clients",
            "documents.peers",
            "documents.tolerance",
            "documents.readings",
            "codegen.generators.stripe",
            "codegen.whole",
            "codegen.mutants",
        ),
    ),
}


def result(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def section(name: str, entry: dict[str, Any]) -> str:
    tables = [
        Table(
            table["title"],
            tuple(table["head"]),
            [tuple(row) for row in table["rows"]],
            table["note"],
        )
        for table in entry["tables"]
    ]
    text = "\n".join(table.text() for table in tables)
    if name in PLOTS:
        path, description = PLOTS[name]
        text += f"\n![{description}]({path.name})\n"
    source = f"`{entry['command']}` at {entry['commit']}, {entry['date']}, {entry['machine']}"
    return f"{text}\n<sub>{source}</sub>\n"


def page(title: str, names: tuple[str, ...]) -> str:
    """The whole page, "" where none of its results is kept."""
    entries = {name: entry for name in names if (entry := result(name))}
    if not entries:
        return ""
    sections = "\n".join(section(name, entry) for name, entry in entries.items())
    text = (
        f"# {title}\n\nWritten by `make figures` from `benchmarks/results`. The machine was shared"
        " with other work: read the ratios. `python -m benchmarks` lists how to measure again.\n\n"
        f"{sections}"
    )
    missing = [f"`{name}`" for name in names if name not in entries]
    return text + (f"\nNot kept yet: {', '.join(missing)}.\n" if missing else "")


def pages() -> dict[Path, str]:
    """Page -> its text, of the pages that have a result."""
    texts = {path: page(title, names) for path, (title, names) in PAGES.items()}
    return {path: text for path, text in texts.items() if text}


def plotting() -> Any:
    """matplotlib, set up to write the same bytes for the same data."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "noctule"  # else every drawing has other ids
    from matplotlib import pyplot as plt

    return plt


def outage(data: dict[str, Any]) -> Any:
    """The simulated outage, stack by stack."""
    stacks = data["stacks"]
    figure, axes = plotting().subplots(len(stacks), 1, figsize=(8, 1.7 * len(stacks)), sharex=True)
    for axis, (name, stack) in zip(axes, stacks.items(), strict=True):
        axis.axvspan(data["down"], data["up"], color="0.93")
        axis.plot(stack["requests"], label="requests", lw=1)
        axis.plot(stack["failed"], label="failed calls", lw=1)
        axis.set_title(f"{name}: load {stack['load']:.3f}x", fontsize=9, loc="left")
        axis.set_ylim(0, 1250)
    axes[0].legend(fontsize=8, loc="upper right", ncols=2)
    axes[-1].set_xlabel("seconds; the provider is down where it is grey; 300 calls a second")
    return figure


def jitter(data: dict[str, Any]) -> Any:
    """Survival by the length of the blip, and the waves of callers that fail at one instant."""
    figure, (left, right) = plotting().subplots(1, 2, figsize=(9, 3.4))
    for name, shares in data["survival"].items():
        left.plot(data["blips"], [100 * share for share in shares], label=name, lw=1.5)
    left.set(xlabel="length of the blip, s", ylabel="calls that outlast it, %", ylim=(0, 104))
    left.legend(title="jitter", fontsize=8, title_fontsize=8, loc="lower left")
    for name, counts in data["herd"].items():
        seconds = [slot * data["slot"] for slot in range(len(counts))]
        right.step(seconds, counts, label=name, lw=1)
    right.set(xlabel="s after 1,000 callers failed at once", ylabel="their retries per 0.1 s")
    return figure


DRAWINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "runtime.jitter": jitter,
    "runtime.outage": outage,
}


def draw(name: str, data: dict[str, Any], path: Path) -> None:
    """The plot of a result, the same bytes for the same data."""
    figure = DRAWINGS[name](data)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    for name, (path, _) in PLOTS.items():
        entry = result(name)
        if entry is None:
            continue
        try:
            draw(name, entry["data"], path)
            print(path.relative_to(ROOT))
        except ImportError:
            print(f"matplotlib is not installed: {path.name} is not drawn again")


if __name__ == "__main__":
    main()
