"""Every figure of the runtime, with one command; redraws docs/runtime/.

    python benchmarks/runtime/run.py

Peers that are not installed are left out: tenacity, stamina, nopanic, pyresilience, stripe,
openai, httpx. The plot needs matplotlib.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import calls
import duplicates
import hang
import imports
import outage
import overhead
import storm

DOCS = Path(__file__).parents[2] / "docs" / "runtime"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def sections() -> list[tuple[str, str]]:
    count = duplicates.run(20_000)
    simulated = outage.figures()
    try:
        outage.draw(simulated, DOCS / "outage.svg")
    except ImportError:
        print("matplotlib is not installed: the plot is not redrawn")
    return [
        (
            "All policies around a coroutine that does nothing (microseconds, least of 150 rounds)",
            table(("", "µs"), [(k, f"{v:.1f}") for k, v in overhead.main().items()]),
        ),
        *(
            (
                f"CPU of one typed call over loopback: {kind}",
                table(
                    ("", "µs", "beside bare httpx2"),
                    [(k, f"{us:.0f}", f"{ratio:.2f}x") for k, (us, ratio) in rows.items()],
                ),
            )
            for kind, rows in calls.main().items()
        ),
        (
            "Import, in a fresh interpreter",
            table(
                ("", "ms", "MB"),
                [(k, f"{ms:.0f}", f"{mb:.1f}") for k, (ms, mb) in imports.main().items()],
            ),
        ),
        (
            "Duplicate effects over random faults",
            table(tuple(count), [tuple(str(value) for value in count.values())]),
        ),
        (
            "10,000 calls to a provider that hangs",
            table(("", ""), [(name, f"{value:.0f}") for name, value in hang.main().items()]),
        ),
        (
            "A three-second outage in real time, 300 calls a second",
            table(
                ("", "load in the outage", "failed in the 3 s after it"),
                [(k, f"{a:.2f}x", f"{b:.1%}") for k, (a, b) in storm.main().items()],
            ),
        ),
        (
            "A ten-minute outage, 1,000 callers, simulated",
            table(
                ("", "load in the outage", "failed in the 3 s after it", "all well after"),
                [
                    (k, f"{o.load():.4f}x", f"{o.failed_after():.1%}", f"{o.recovered():.0f} s")
                    for k, o in simulated.items()
                ],
            )
            + "\n![requests and lost calls, per second](outage.svg)\n",
        ),
    ]


def main() -> None:
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores"
    )
    text = (
        "# Figures of the runtime\n\nWritten by `benchmarks/runtime/run.py`:"
        f" {machine}, shared with other work, so read the ratios.\n"
    )
    for title, body in sections():
        text += f"\n## {title}\n\n{body}"
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "figures.md").write_text(text)


if __name__ == "__main__":
    main()
