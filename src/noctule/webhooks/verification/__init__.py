"""Verify that a delivery is the provider's, unchanged and recent."""
