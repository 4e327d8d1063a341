"""Runs in the user's Python, beside the user's code, and does as it is told on standard input.

One JSON object per line, each way:

    {"do": "call", "module": "app/services/stripe.py", "method": "create_customer", ...}
    {"do": "deliver", "module": "app/webhooks/stripe.py", "deliveries": [...]}

With `"load": true` the module is imported and nothing else is done.

Whatever the user's code prints or logs goes to standard error; the answers do not mix with it.
"""
