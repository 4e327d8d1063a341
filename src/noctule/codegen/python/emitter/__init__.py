"""Python source: literals, annotations, line breaks, modules."""
