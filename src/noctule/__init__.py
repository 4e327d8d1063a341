"""noctule: third-party API integrations, planned, generated, proven and run."""

__version__ = "0.1.0"
