"""The decisions of a call, each a pure state machine or function.

No module here does I/O, sleeps, or reads a clock: the present is an argument (`now`, seconds of
any clock that only grows), and so is chance. So each can be tested in virtual time, and the async
and the sync driver share all of it. None locks either: `call.provider_state.ProviderState` holds
one lock around those that calls share.
"""
