"""Webhook use cases: what a face calls to receive, process and inspect webhooks."""
