"""From stored events to handlers, and the maintenance of the inbox."""
