"""The service wrapper."""
