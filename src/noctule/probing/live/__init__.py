"""Calls to a provider's sandbox, made like a careful guest: bounded, paced, and only to what it
made itself."""
