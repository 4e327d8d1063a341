"""A delivery as an ASGI server hands it over."""


class Call:
    """One ASGI call with a body in chunks."""

    def __init__(self, *chunks, headers=None, ends=True, **scope):
        self.messages = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        if ends and self.messages:
            self.messages[-1]["more_body"] = False
        self.scope = {
            "type": "http",
            "method": "POST",
            "scheme": "https",
            "path": "/hooks/a b",
            "raw_path": b"/hooks/a%20b",
            "query_string": b"x=1",
            "headers": [(n.encode(), v.encode()) for n, v in (headers or {}).items()],
        } | scope
        self.sent = []

    async def receive(self):
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    async def to(self, receiver):
        await receiver(self.scope, self.receive, self.send)
        return self.sent[0]["status"] if self.sent else None
