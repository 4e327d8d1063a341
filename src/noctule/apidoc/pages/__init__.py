"""Whether a response is one page of a list, and how the next one is requested."""
