"""Schemas of the document as types of the model."""
