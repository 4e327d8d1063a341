"""What operations are called, in words: no language and no spelling yet."""
