"""What exists at the fake provider, and what each operation does to it."""
