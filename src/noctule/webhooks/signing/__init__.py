"""The provider's side: signed deliveries for tests and replays."""
