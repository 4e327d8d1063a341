"""Redaction: no secrets in logs, exceptions, traces or stored payloads.

`Redactor` masks the values of every `Secret`, texts that look like a token, values with the name
of a secret, and card numbers. `scrubbed_logs` redacts the logs of other libraries; `log_fields`
limits our own to an allow-list.
"""

from noctule.runtime.redaction.cards import is_card_number
from noctule.runtime.redaction.known_secrets import KNOWN, MASK, KnownSecrets
from noctule.runtime.redaction.log_fields import LOG_FIELDS, log_fields
from noctule.runtime.redaction.loggers import scrubbed_logs
from noctule.runtime.redaction.redactor import REDACTOR, Redactor, redact

__all__ = [
    "KNOWN",
    "LOG_FIELDS",
    "MASK",
    "REDACTOR",
    "KnownSecrets",
    "Redactor",
    "is_card_number",
    "log_fields",
    "redact",
    "scrubbed_logs",
]
