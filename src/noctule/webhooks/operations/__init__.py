"""The operator's tasks on an inbox."""
