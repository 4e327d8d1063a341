"""The server of `noctule webhooks serve`: its deliveries, and its health on another address."""
