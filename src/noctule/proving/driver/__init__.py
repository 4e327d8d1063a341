"""Runs in the user's Python, next to the user's code, and executes commands from standard input.

One JSON object per line, each way:

    {"do": "call", "module": "app/services/stripe.py", "method": "create_customer", ...}
    {"do": "deliver", "module": "app/webhooks/stripe.py", "deliveries": [...]}

With `"load": true` the module is imported and nothing else is done.

What the user's code prints or logs goes to standard error, apart from the answers.
"""
