"""Three-way merge of an edited file, the diff below it, and the lock that keeps the base texts."""
