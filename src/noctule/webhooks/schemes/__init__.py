"""Signature schemes: how a provider signs, as data."""
