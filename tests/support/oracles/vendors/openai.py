from typing import Any

from noctule.runtime import File
from support.oracles.calls import Call, Vendor

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Été ?"}], "temperature": 0.5,
        "stop": ["a", "b"], "logit_bias": {"50256": -100}}  # fmt: skip
LINES = b'{"prompt": "a"}\n'


def client() -> Any:
    from openai import OpenAI

    return OpenAI(api_key="secret", max_retries=0)


DIFFERS = {"path escapes", "json order", "part order", "idle type"}
VENDOR = Vendor("openai.com.json", "openai", client, [
    Call("POST /chat/completions", CHAT, lambda sdk: sdk.chat.completions.create(**CHAT)),
    Call("POST /embeddings", {"model": "m", "input": ["a", "é"], "user": "u"},
         lambda sdk: sdk.post("/embeddings", cast_to=object, body={
             "model": "m", "input": ["a", "é"], "user": "u"})),
    Call("POST /files",
         {"file": File(LINES, "été 1.jsonl", "application/jsonl"), "purpose": "fine-tune"},
         lambda sdk: sdk.files.create(
             file=("été 1.jsonl", LINES, "application/jsonl"), purpose="fine-tune")),
    Call("GET /models/{model}", {"model": "ft:gpt-4o/a b"},
         lambda sdk: sdk.models.retrieve("ft:gpt-4o/a b")),
    Call("DELETE /files/{file_id}", {"file_id": "file-1"}, lambda sdk: sdk.files.delete("file-1")),
], DIFFERS)  # fmt: skip
