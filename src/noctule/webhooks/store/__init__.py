"""Where deliveries rest: one interface, SQLite by default."""
