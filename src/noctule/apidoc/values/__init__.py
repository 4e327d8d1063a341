"""Values and schemas: which value fits, and an example that does."""
