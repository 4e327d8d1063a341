"""Decisions of a call, each a pure state machine.

No module here does I/O, sleeps, or reads a clock: the present is an argument (`now`, seconds of
any clock that only grows), and so is chance. That is why each can be tested in virtual time,
and why the async and the sync driver share all of it. None locks either: `health.Health` holds
one lock around those that calls share.
"""
