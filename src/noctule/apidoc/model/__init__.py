"""The document itself: nodes, schemas, operations, and the dialects they are written in."""
