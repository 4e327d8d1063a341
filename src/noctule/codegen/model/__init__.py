"""What is generated, as plain data."""
