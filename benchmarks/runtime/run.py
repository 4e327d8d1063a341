"""Every figure of the runtime, with one command; redraws docs/runtime/.

    python benchmarks/runtime/run.py            all of them, some fifteen minutes
    python benchmarks/runtime/run.py storm      one part, and the page keeps the others

Peers that are not installed are left out: tenacity, stamina, nopanic, pyresilience, stripe,
openai, httpx. The plot needs matplotlib.

A part is imported when its turn comes: the processes that others start import this file, and one
that finds OpenTelemetry loaded, which `leaks` needs, makes a span for every call.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOCS = Path(__file__).parents[2] / "docs" / "runtime"
Section = tuple[str, str]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def policies() -> Iterable[Section]:
    import overhead

    rows = [(name, f"{us:.1f}") for name, us in overhead.main().items()]
    yield "All policies around a coroutine that does nothing", table(("", "µs"), rows)


def cpu() -> Iterable[Section]:
    import calls

    for kind, figures in calls.main().items():
        rows = [(name, f"{us:.0f}", f"{ratio:.2f}x") for name, (us, ratio) in figures.items()]
        head = "", "µs", "beside bare httpx2"
        yield f"CPU of one typed call over loopback: {kind}", table(head, rows)


def loading() -> Iterable[Section]:
    import imports

    rows = [(name, f"{ms:.0f}", f"{mb:.1f}") for name, (ms, mb) in imports.main().items()]
    yield "Import, in a fresh interpreter", table(("", "ms", "MB"), rows)


def effects() -> Iterable[Section]:
    import duplicates

    count = duplicates.run(20_000)
    row = tuple(str(value) for value in count.values())
    yield "Duplicate effects over random faults", table(tuple(count), [row])


def hanging() -> Iterable[Section]:
    import hang

    figures = hang.main()
    head = "", *next(iter(figures.values()))
    rows = [(name, *(f"{value:.0f}" for value in row.values())) for name, row in figures.items()]
    yield "10,000 calls to a provider that hangs", table(head, rows)


def real() -> Iterable[Section]:
    import storm

    rows = [(name, f"{load:.2f}x", f"{lost:.1%}") for name, (load, lost) in storm.main().items()]
    head = "", "load in the outage", "failed in the 3 s after it"
    yield "A three-second outage in real time, 300 calls a second", table(head, rows)


def simulated() -> Iterable[Section]:
    import outage

    for kind, outcomes in outage.main().items():
        head = "", "load", "failed in the 3 s after it", "all well after", "waiting at most"
        rows = [
            (
                name,
                f"{outcome.load():.4f}x",
                f"{outcome.failed_after():.1%}",
                f"{outcome.recovered():.0f} s",
                str(outcome.most_waiting),
            )
            for name, outcome in outcomes.items()
        ]
        body = table(head, rows)
        if kind == "refuses":
            body += "\n![requests and lost calls, per second](outage.svg)\n"
            try:
                outage.draw(outcomes, DOCS / "outage.svg")
            except ImportError:
                print("matplotlib is not installed: the plot is not redrawn")
        yield f"A ten-minute outage, 1,000 callers, simulated: the provider {kind}", body
    yield "What a recovery costs: twelve outages of forty seconds, all policies", recoveries()


def recoveries() -> str:
    import outage

    rows: list[tuple[str, ...]] = []
    for kind in outage.KINDS:
        outcomes = outage.short(kind)
        lost = [outcome.failed_after() for outcome in outcomes]
        load = max(outcome.load() for outcome in outcomes)
        mean = f"{sum(lost) / len(lost):.1%}"
        rows.append((f"the provider {kind}", f"{load:.4f}x", mean, f"{max(lost):.1%}"))
        print(*rows[-1])
    head = "", "load at most", "failed in the 3 s after it, mean", "most"
    return table(head, rows)


def told() -> Iterable[Section]:
    import leaks

    rows = [
        (
            provider,
            f"{figures['operations'] - figures['not called']} of {figures['operations']}",
            str(figures["calls"]),
            str(sum(figures["texts"].values())),
            str(sum(figures["hits"].values())),
        )
        for provider, figures in leaks.main().items()
    ]
    head = "", "operations", f"calls, {len(leaks.FAULTS)} kinds of answer", "texts searched", "hits"
    body = table(head, rows)
    body += (
        f"\nKinds of answer: {', '.join(leaks.FAULTS)}. Planted: the provider's credentials, a"
        " token, a card number and an idempotency key, in arguments, headers and bodies, and quoted"
        " in the answers. Searched: every logger at DEBUG, events, spans, typed results, errors,"
        " tracebacks, the reprs of what a program holds, and the locals of all frames but those of"
        " the caller and of the generated method, which hold their arguments. Not searched: results"
        " that are plain JSON, text or bytes, since they are the answer.\n"
    )
    yield "Secrets told: whole-API clients of five providers", body


def exact() -> Iterable[Section]:
    import probes

    yield "One probe, whatever happens to it", table(("", ""), probes.main().items())


def at_once() -> Iterable[Section]:
    import together

    yield "Calls at the same time", table(("", ""), together.main().items())


PARTS: dict[str, Callable[[], Iterable[Section]]] = {
    "overhead": policies,
    "calls": cpu,
    "imports": loading,
    "duplicates": effects,
    "hang": hanging,
    "storm": real,
    "outage": simulated,
    "leaks": told,
    "probes": exact,
    "together": at_once,
}


def page(parts: dict[str, str]) -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"# Figures of the runtime\n\nWritten by `benchmarks/runtime/run.py`: {python},"
        f" {os.cpu_count()} cores, shared with other work, so read the ratios.\n"
        + "".join(f"\n<!-- {name} -->\n{text}" for name, text in parts.items())
    )


def keep(name: str, text: str) -> None:
    """Put this part into the page, which keeps the others."""
    path = DOCS / "figures.md"
    kept = re.split(r"\n<!-- (\w+) -->\n", path.read_text()) if path.exists() else []
    known = dict(zip(kept[1::2], kept[2::2], strict=True)) | {name: text}
    DOCS.mkdir(parents=True, exist_ok=True)
    path.write_text(page({part: known[part] for part in PARTS if part in known}))


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    del sys.argv[1:]
    for name in wanted:
        print(f"\n{name}")
        keep(name, "".join(f"\n## {title}\n\n{body}" for title, body in PARTS[name]()))


if __name__ == "__main__":
    main()
