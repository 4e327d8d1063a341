"""The task file: `integration_task` in YAML, read, written and described.

task = read("integrations/stripe.yaml")
task.error_handling.timeout = "10s"
text = dumps(task)          # loads(text) == task, byte-stable
"""

from noctule.manifest.file import card, dumps, loads, read, texts, to_json
from noctule.manifest.schema import json_schema
from noctule.manifest.task import (
    CARD_KEYS,
    DocumentRef,
    EnvVar,
    ErrorHandling,
    Evidence,
    FileRole,
    IntegrationTask,
    PlannedFile,
    PlannedMethod,
    RefusedPart,
    RequestSigning,
    SignedText,
    TaskPart,
    Webhook,
)

__all__ = [
    "CARD_KEYS",
    "DocumentRef",
    "EnvVar",
    "ErrorHandling",
    "Evidence",
    "FileRole",
    "IntegrationTask",
    "PlannedFile",
    "PlannedMethod",
    "RefusedPart",
    "RequestSigning",
    "SignedText",
    "TaskPart",
    "Webhook",
    "card",
    "dumps",
    "json_schema",
    "loads",
    "read",
    "texts",
    "to_json",
]
