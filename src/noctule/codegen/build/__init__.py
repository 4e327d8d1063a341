"""From a task and a document to the model."""
