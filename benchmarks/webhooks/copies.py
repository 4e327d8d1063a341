"""64 copies of one event at once, to two hosts on one PostgreSQL: one takes effect.

Both hosts take in (`noctule webhooks serve`) and work (`noctule webhooks work`). Exits 1 if a copy
is not answered 2xx, or an event took effect other than once.

Takes a minute. Needs PostgreSQL.
"""

from __future__ import annotations

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.killing import audit, hosts, work_off
from benchmarks.webhooks.processes import postgres
from benchmarks.webhooks.sender import post

if TYPE_CHECKING:
    from collections.abc import Sequence

COPIES = 64


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.copies", __doc__)
    command_line.add_argument("--rounds", type=int, default=50)
    options = command_line.parse_args(arguments)
    names = [f"evt_{n}" for n in range(options.rounds)]
    statuses: Counter[int] = Counter()
    with (
        postgres() as place,
        hosts(place, 2) as both,
        ThreadPoolExecutor(COPIES) as pool,
    ):
        ports = [host.port for host in both]
        together = Barrier(COPIES)

        def send(copy: int) -> list[int]:
            connection = http.client.HTTPConnection("127.0.0.1", ports[copy % 2], timeout=10)
            statuses_of_copy = []
            for name in names:
                together.wait(30)
                statuses_of_copy.append(post(connection, name)[0])
            connection.close()
            return statuses_of_copy

        for statuses_of_copy in pool.map(send, range(COPIES)):
            statuses.update(statuses_of_copy)
        work_off(place, both[0])
        wrong = audit(place, set(names))
    print("\n".join(wrong) or "each took effect once")
    answers = ", ".join(f"{count} times {status}" for status, count in statuses.items())
    row = (options.rounds, COPIES, answers, len(wrong))
    head = ("events", "copies of each", "answers", "violations")
    report(options, Table("Copies of one event at once, to two hosts", head, [row]))
    return 1 if wrong or set(statuses) != {200} else 0
