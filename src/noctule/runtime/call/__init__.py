"""One call, from its arguments to its response, under all policies."""
