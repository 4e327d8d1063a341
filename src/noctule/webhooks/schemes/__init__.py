"""How a provider signs, as data."""
