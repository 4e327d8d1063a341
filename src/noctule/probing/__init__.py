"""Where an API document and the provider's sandbox differ."""
