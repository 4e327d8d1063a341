"""Which operations of a document a request needs."""
