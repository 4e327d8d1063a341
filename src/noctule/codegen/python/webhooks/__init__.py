"""The webhook module and the application it is mounted in."""
