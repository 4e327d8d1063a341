"""Pagination: lists that providers return in pages."""
