"""The tests; a package, because others install one called `tests` too."""
