"""Whether a wrapper does what the document says, faults aside: arguments, requests, responses."""
