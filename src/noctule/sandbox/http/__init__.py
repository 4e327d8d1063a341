"""The HTTP side of the fake: connections, faults, tokens, webhook deliveries."""
