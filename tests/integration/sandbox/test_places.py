"""The fake provider judges where a request was sent, and which credential came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.sandbox.checks.address import ADDRESSED
from support.sandbox_samples import SCHEMES, document, operation, play

if TYPE_CHECKING:
    import httpx2

    from noctule.sandbox import FakeProvider

UPLOAD = "https://upload.parcels.example/2"
USUAL = "api.parcels.example"
PATHS: Any = {
    "/me": {"get": operation(security=[{"bearer": []}])},
    "/status": {"get": operation(security=[])},
    "/both": {"get": operation(security=[{}, {"bearer": []}])},
    "/files": {"servers": [{"url": UPLOAD}], "get": operation(security=[{"bearer": []}])},
    "/own": {
        "servers": [{"url": UPLOAD}],
        "get": operation(security=[{"bearer": []}], servers=[{"url": "https://own.example"}]),
    },
}
BEARER = {"Authorization": "Bearer k"}


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/v1/me", USUAL, 204),
        ("/v1/me", f"https://{USUAL}", 204),
        ("/v1/me", f"http://{USUAL}", 421),
        ("/me", USUAL, 421),
        ("/v1/me", "self-hosted.example", 421),
        ("/v1/me", "upload.parcels.example", 421),
        ("/2/files", "upload.parcels.example", 204),
        ("/2/files", "UPLOAD.parcels.example", 204),
        ("/2/files", USUAL, 421),
        ("/v1/files", USUAL, 421),
        ("/2/files", "evil.example", 421),
        ("/own", "own.example", 204),
        ("/2/own", "upload.parcels.example", 421),
        ("/2/files", "", 204),
    ],
)
def test_a_request_goes_to_a_server_of_its_operation(path: str, host: str, status: int) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        headers = {**BEARER, ADDRESSED: host} if host else BEARER
        answer = await client.get(fake.origin + path, headers=headers)
        assert answer.status_code == status, answer.text
        kinds = [finding.kind for finding in fake.ledger.exchanges[0].findings]
        assert kinds == ([] if status == 204 else ["host"])

    play(scene, document(PATHS, schemes=SCHEMES))


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/status", {}, 204),
        ("/status", BEARER, 400),
        ("/status", {"X-Api-Key": "k"}, 400),
        ("/both", {}, 204),
        ("/both", BEARER, 204),
        ("/me", {}, 401),
        ("/me", {"X-Api-Key": "k"}, 401),
        ("/me", {**BEARER, "X-Api-Key": "k"}, 400),
    ],
)
def test_an_operation_gets_the_credentials_that_it_wants(
    path: str, headers: dict[str, str], status: int
) -> None:
    async def scene(_fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        assert (await client.get(path, headers=headers)).status_code == status

    play(scene, document(PATHS, schemes=SCHEMES))


@pytest.mark.parametrize(("headers", "kinds"), [({}, []), (BEARER, ["credential_elsewhere"])])
def test_a_credential_that_follows_a_redirect_to_another_host_is_told(
    headers: dict[str, str], kinds: list[str]
) -> None:
    path: Any = {"get": operation(security=[{"bearer": []}])}
    path["get"]["responses"]["302"] = {"description": "elsewhere"}

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        (answer,) = fake.answers("GET /file", "redirect")
        fake.serve([answer])
        moved = await client.get("/file", headers=BEARER)
        assert moved.status_code == answer.status == 302
        origin, _, name = moved.headers["location"].rpartition("/")
        there = {**headers, ADDRESSED: origin}
        assert (await client.get(f"{fake.origin}/{name}", headers=there)).status_code == 200
        assert [finding.kind for finding in fake.ledger.exchanges[1].findings] == kinds

    play(scene, document({"/file": path}, schemes=SCHEMES))
