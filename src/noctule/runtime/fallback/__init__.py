"""What to do when the provider is not available."""
