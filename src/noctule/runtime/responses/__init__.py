"""What a provider says in a response besides its result: when to come back, how many calls are
left, what is about to go away, and why it refused.

Every function reads texts of strangers: none raises, and all take time that is linear in the text.
What cannot be read says nothing.
"""
