"""The provider's side: signed deliveries for tests, samples and forwarding."""
