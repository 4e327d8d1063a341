"""The transports that carry requests: the protocol, and the default on the engine of httpx2."""
