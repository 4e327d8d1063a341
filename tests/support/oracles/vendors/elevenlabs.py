from typing import Any

from noctule.runtime import File
from support.oracles.calls import Call, Vendor


def client() -> Any:
    from elevenlabs import ElevenLabs

    return ElevenLabs(api_key="secret")


def speak(sdk: Any) -> object:
    from elevenlabs import VoiceSettings

    settings = VoiceSettings(stability=0.5, similarity_boost=0.75)
    return b"".join(sdk.text_to_speech.convert("v/é 1", text="Été", voice_settings=settings))


DIFFERS = {"path slashes", "part order", "accept"}
VENDOR = Vendor("elevenlabs.io.json", "elevenlabs", client, [
    Call("POST /v1/text-to-speech/{voice_id}",
         {"voice_id": "v/é 1", "text": "Été",
          "voice_settings": {"stability": 0.5, "similarity_boost": 0.75}}, speak),
    Call("POST /v1/voices/add",
         {"name": "é", "files": [File(b"RIFF1", "a 1.mp3", "audio/mpeg"),
                                 File(b"RIFF2", "b.mp3", "audio/mpeg")], "description": "d",
          "labels": '{"accent": "x"}'},
         lambda sdk: sdk.voices.ivc.create(
             name="é", description="d", labels={"accent": "x"},
             files=[("a 1.mp3", b"RIFF1", "audio/mpeg"), ("b.mp3", b"RIFF2", "audio/mpeg")])),
    Call("GET /v1/voices/{voice_id}", {"voice_id": "v1", "with_settings": True},
         lambda sdk: sdk.voices.get("v1", with_settings=True)),
    Call("DELETE /v1/history/{history_item_id}", {"history_item_id": "h1"},
         lambda sdk: sdk.history.delete("h1")),
], DIFFERS,
   base_url="https://api.elevenlabs.io")  # fmt: skip
