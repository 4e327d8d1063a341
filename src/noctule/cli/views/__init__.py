"""What several commands show: stages, changes, errors."""
