"""Who carries requests: the protocol and its default on httpx2."""
