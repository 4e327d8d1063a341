"""The tests of an integration."""
