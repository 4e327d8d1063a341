"""The user's project: where it is, how it is laid out, and how files are written into it."""
