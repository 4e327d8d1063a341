"""The tables of the SQLite inbox, as the steps from one version to the next."""

APPLICATION = 0x6E6F6374
"""`PRAGMA application_id` of an inbox: "noct"."""

MIGRATIONS = (
    """
    CREATE TABLE delivery (
        seq         INTEGER PRIMARY KEY,
        route       TEXT NOT NULL,
        provider    TEXT NOT NULL,
        method      TEXT NOT NULL,
        url         TEXT NOT NULL,
        headers     TEXT NOT NULL,
        body        BLOB,
        received_at REAL NOT NULL,
        signed_at   REAL,
        key         TEXT NOT NULL,
        grade       TEXT NOT NULL
    );
    CREATE INDEX delivery_age ON delivery (received_at) WHERE body IS NOT NULL;
    CREATE TABLE event (
        seq      INTEGER PRIMARY KEY,
        delivery INTEGER NOT NULL REFERENCES delivery (seq),
        position INTEGER,
        route    TEXT NOT NULL,
        identity TEXT,
        id       TEXT,
        type     TEXT NOT NULL,
        state    TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due      REAL NOT NULL,
        reason   TEXT NOT NULL DEFAULT '',
        copies   INTEGER NOT NULL DEFAULT 0,
        UNIQUE (route, identity)
    );
    CREATE INDEX event_due ON event (route, due) WHERE state IN ('pending', 'leased');
    CREATE INDEX event_delivery ON event (delivery);
    CREATE INDEX event_id ON event (id);
    """,
)
