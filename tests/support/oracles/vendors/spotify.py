from typing import Any

from support.oracles.calls import Call, Vendor

TRACKS = ["4iV5W9uYEdYUVa79Axb7Rh", "1301WleyT98MSxVHPZCA6M"]
URIS = [f"spotify:track:{track}" for track in TRACKS]


def client() -> Any:
    from spotipy import Spotify

    return Spotify(auth="secret", retries=0)


DIFFERS = {
    "query order",
    "query space",
    "query escapes",
    "json spelling",
    "json order",
    "accept",
    "idle type",
}
VENDOR = Vendor("spotify.json", "spotipy", client, [
    Call("GET /search", {"q": "a b&c", "type": ["track", "album"], "limit": 2, "offset": 0},
         lambda sdk: sdk.search("a b&c", limit=2, offset=0, type="track,album")),
    Call("GET /artists/{id}", {"id": "0OdUWJ0sBjDrqHygGUXeCF"},
         lambda sdk: sdk.artist("0OdUWJ0sBjDrqHygGUXeCF")),
    Call("GET /recommendations",
         {"seed_artists": ",".join(TRACKS), "seed_genres": "pop", "seed_tracks": TRACKS[0],
          "limit": 5, "target_energy": 0.25},
         lambda sdk: sdk.recommendations(
             seed_artists=TRACKS, seed_genres=["pop"], seed_tracks=TRACKS[:1], limit=5,
             target_energy=0.25)),
    Call("POST /users/{user_id}/playlists",
         {"user_id": "ada", "name": "Été", "public": True, "collaborative": False,
          "description": ""},
         lambda sdk: sdk.user_playlist_create("ada", "Été")),
    Call("PUT /me/player/play", {"device_id": "d 1", "uris": URIS, "offset": {"position": 1}},
         lambda sdk: sdk.start_playback("d 1", uris=URIS, offset={"position": 1})),
], DIFFERS)  # fmt: skip
