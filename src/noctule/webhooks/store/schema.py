"""The tables of an inbox, as migrations from one version to the next, for both engines."""

OPEN = "state != 'done'"
"""The condition of a partial index. A query must contain this exact text, or SQLite ignores the
index."""

MIGRATIONS = (
    """
    CREATE TABLE noctule_delivery (
        seq         {serial},
        route       TEXT NOT NULL,
        provider    TEXT NOT NULL,
        method      TEXT NOT NULL,
        url         TEXT NOT NULL,
        headers     TEXT NOT NULL,
        body        {bytes},
        received_at {real} NOT NULL,
        signed_at   {real},
        key         TEXT NOT NULL,
        coverage    TEXT NOT NULL
    );
    CREATE INDEX noctule_delivery_age ON noctule_delivery (received_at) WHERE body IS NOT NULL;
    CREATE TABLE noctule_event (
        seq      {serial},
        delivery BIGINT NOT NULL REFERENCES noctule_delivery (seq),
        position INTEGER,
        route    TEXT NOT NULL,
        identity TEXT,
        id       TEXT,
        type     TEXT NOT NULL,
        state    TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due      {real} NOT NULL,
        reason   TEXT NOT NULL DEFAULT '',
        copies   INTEGER NOT NULL DEFAULT 0,
        UNIQUE (route, identity)
    );
    CREATE INDEX noctule_event_due ON noctule_event (route, due)
        WHERE state IN ('pending', 'leased');
    CREATE INDEX noctule_event_delivery ON noctule_event (delivery);
    CREATE INDEX noctule_event_id ON noctule_event (id);
    CREATE TABLE noctule_rejection (
        seq    {serial},
        route  TEXT NOT NULL,
        at     {real} NOT NULL,
        reason TEXT NOT NULL,
        place  TEXT NOT NULL,
        size   INTEGER NOT NULL,
        digest TEXT NOT NULL,
        names  TEXT NOT NULL,
        causes TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE noctule_event ADD COLUMN subject TEXT;
    ALTER TABLE noctule_event ADD COLUMN version {real};
    CREATE INDEX noctule_event_subject ON noctule_event (route, subject, state, version)
        WHERE subject IS NOT NULL;
    CREATE INDEX noctule_event_aside ON noctule_event (state, seq)
        WHERE state IN ('dead', 'quarantined');
    ALTER TABLE noctule_delivery ADD COLUMN cipher_key TEXT NOT NULL DEFAULT '';
    ALTER TABLE noctule_delivery ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX noctule_delivery_uncopied ON noctule_delivery (seq)
        WHERE copied = 0 AND body IS NOT NULL;
    CREATE INDEX noctule_delivery_cipher ON noctule_delivery (cipher_key) WHERE cipher_key != '';
    CREATE INDEX noctule_delivery_route ON noctule_delivery (route, received_at, key);
    {search};
    """,
    f"""
    DROP INDEX noctule_event_aside;
    CREATE INDEX noctule_event_open ON noctule_event (state, seq) WHERE {OPEN};
    CREATE INDEX noctule_event_type ON noctule_event (type, seq);
    """,
    """
    CREATE TABLE noctule_progress (
        task     TEXT PRIMARY KEY,
        position BIGINT NOT NULL,
        details  TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE noctule_event ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
    {forgetting};
    """,
    """
    CREATE TABLE noctule_alias (
        route    TEXT NOT NULL,
        alias    TEXT NOT NULL,
        identity TEXT NOT NULL,
        until    {real} NOT NULL,
        PRIMARY KEY (route, alias)
    );
    CREATE INDEX noctule_alias_until ON noctule_alias (until);
    """,
    """
    ALTER TABLE noctule_event ADD COLUMN traceback TEXT NOT NULL DEFAULT '';
    ALTER TABLE noctule_rejection ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE noctule_start (
        route    TEXT NOT NULL,
        at       {real} NOT NULL,
        retiring TEXT NOT NULL
    );
    CREATE INDEX noctule_start_route ON noctule_start (route, at);
    """,
    """
    {compression};
    DROP INDEX noctule_event_due;
    CREATE INDEX noctule_event_waiting ON noctule_event (route, due, seq)
        WHERE state IN ('pending', 'leased');
    """,
)


def completion(seq: int, claim: int) -> str:
    """A statement that ends an attempt, for a connection of any driver.

    Drivers differ in how they mark parameters, so the two integers are part of the text.
    """
    update = "UPDATE noctule_event SET state = 'done', reason = '', traceback = '', due = 0"
    return f"{update} WHERE seq = {seq:d} AND claim = {claim:d} AND state = 'leased'"
