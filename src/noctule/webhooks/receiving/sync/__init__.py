"""A receiver for threads: Django, Flask and any WSGI server."""
