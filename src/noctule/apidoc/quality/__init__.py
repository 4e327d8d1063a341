"""Gaps and flaws of a document, and its score."""
