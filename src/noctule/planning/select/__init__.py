"""Which provider, and what it calls for: pack operations, names, credentials."""
