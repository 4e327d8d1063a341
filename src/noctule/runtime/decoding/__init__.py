"""From a response to typed values."""
