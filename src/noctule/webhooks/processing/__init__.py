"""From stored events to handlers."""
