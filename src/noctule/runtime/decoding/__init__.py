"""Decoding: from the body of a response to typed values."""
