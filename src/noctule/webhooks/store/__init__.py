"""The storage of deliveries: one interface, SQLite by default, PostgreSQL if shared."""
