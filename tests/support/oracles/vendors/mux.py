from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    import mux_python

    configuration = mux_python.Configuration()
    configuration.username = configuration.password = "secret"
    return mux_python.ApiClient(configuration)


def assets(sdk: Any) -> Any:
    import mux_python

    return mux_python.AssetsApi(sdk)


def create(sdk: Any) -> object:
    import mux_python as mux

    clip = mux.InputSettings(url="https://a.example/é.mp4", start_time=5, end_time=10)
    asset = mux.CreateAssetRequest(input=[clip], playback_policy=["public"], passthrough="é")
    asset.normalize_audio = asset.copy_overlays = None  # defaults that the SDK says aloud
    return assets(sdk).create_asset(asset)


def playback(sdk: Any) -> object:
    import mux_python as mux

    policy = mux.CreatePlaybackIDRequest(policy="signed")
    return assets(sdk).create_asset_playback_id("a b/é", policy)


DIFFERS = {"query space", "json spelling", "json order", "accept", "idle type"}
VENDOR = Vendor("mux.com.json", "mux_python", client, [
    Call("POST /video/v1/assets",
         {"input": [{"url": "https://a.example/é.mp4", "start_time": 5, "end_time": 10}],
          "playback_policy": ["public"], "passthrough": "é"}, create),
    Call("GET /video/v1/assets", {"limit": 5, "page": 2, "upload_id": "a b"},
         lambda sdk: assets(sdk).list_assets(limit=5, page=2, upload_id="a b")),
    Call("POST /video/v1/assets/{ASSET_ID}/playback-ids",
         {"asset_id": "a b/é", "policy": "signed"}, playback),
    Call("DELETE /video/v1/assets/{ASSET_ID}", {"asset_id": "a1"},
         lambda sdk: assets(sdk).delete_asset("a1")),
], DIFFERS)  # fmt: skip
