"""Limits for documents. A document beyond a limit is refused, never truncated."""

MAX_BYTES = 64 * 1024 * 1024
"""One document, and all files of one document together."""
MAX_YAML_BYTES = 24 * 1024 * 1024
"""YAML costs ten times JSON's time; a document this large exists as JSON too."""
MAX_FLOW_BYTES = 2 * 1024 * 1024
"""Broken JSON larger than this is not tried as YAML."""
MAX_NESTING = 200
"""Levels of mappings and arrays."""
MAX_ALIASED = 1_000_000
"""Values that the aliases of one YAML text may stand for, all together."""
MAX_FILES = 2_000
"""Files of one document."""
MAX_OPERATIONS = 30_000
"""Operations of one document; the largest known (Microsoft Graph, beta) has 22,361."""
MAX_HOPS = 50
"""A longer chain of references counts as a cycle."""
TIMEOUT = 10.0
"""Seconds without a byte of the response."""
TOTAL = 60.0
"""Seconds for a whole download."""
