"""Nothing secret in any text: logs, exception texts, traces, stored payloads.

`Redactor` masks what `Secret` made known, what looks like a token, what its name says is secret,
and card numbers. `scrubbed_logs` does it to the logs of other libraries, `log_fields` keeps our
own to an allow-list.
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
