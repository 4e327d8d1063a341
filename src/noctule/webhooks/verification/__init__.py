"""Whether a delivery is the provider's, unchanged and recent."""
