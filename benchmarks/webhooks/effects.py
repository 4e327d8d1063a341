"""The application of `killing.py` and `copies.py`: its effect is a row beside the inbox.

The row and `event.complete` are one transaction, in the database that the inbox lies in.
"""

from __future__ import annotations

import os

from noctule.webhooks import Event, Inbox, Receiver

receiver = Receiver("stripe", secrets=["STRIPE_WEBHOOK_SECRET"], inbox=Inbox())


@receiver.on("*")
def take_effect(event: Event) -> None:
    place = os.environ["NOCTULE_INBOX"]
    if place.startswith("postgresql://"):
        import psycopg

        with psycopg.connect(place) as database:
            database.execute("INSERT INTO effect VALUES (%s)", [event.id])
            event.complete(database)
        return
    import apsw

    database = apsw.Connection(place)
    try:
        database.set_busy_timeout(5000)
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO effect VALUES (?)", [event.id])
        event.complete(database)
        database.execute("COMMIT")
    finally:
        database.close()
