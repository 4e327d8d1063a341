"""The rules of the agent card, applied to a task."""
