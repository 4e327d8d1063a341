"""Nothing secret in a text: see `Redactor`."""

from noctule.runtime.redaction.known import KNOWN, MASK, KnownSecrets

__all__ = ["KNOWN", "MASK", "KnownSecrets"]
