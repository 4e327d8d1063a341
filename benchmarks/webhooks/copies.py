"""64 copies of one event at once, to two hosts on one PostgreSQL: one takes effect.

    python benchmarks/webhooks/copies.py [--rounds 50]

Both hosts take in (`noctule webhooks serve`) and work (`noctule webhooks work`). Exits 1 if a copy
is not answered 2xx, or an event took effect other than once.
"""

from __future__ import annotations

import argparse
import http.client
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from killing import audit, hosts, work_off
from machinery import postgres
from sender import post

COPIES = 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
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
            found = []
            for name in names:
                together.wait(30)
                found.append(post(connection, name)[0])
            connection.close()
            return found

        for found in pool.map(send, range(COPIES)):
            statuses.update(found)
        work_off(place, both[0])
        wrong = audit(place, set(names))
    print(f"{options.rounds} events, {COPIES} copies each: answers {dict(statuses)}")
    print("\n".join(wrong) or "each took effect once")
    return 1 if wrong or set(statuses) != {200} else 0


if __name__ == "__main__":
    sys.exit(main())
