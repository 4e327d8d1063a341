"""Whether the provider would accept a request."""
