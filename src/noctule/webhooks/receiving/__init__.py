"""From an HTTP request to a stored delivery, and its answer."""
