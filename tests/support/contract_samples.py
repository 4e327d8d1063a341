"""A hand-written wrapper, async and sync, with its table of example calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.runtime import (
    JSON,
    Bearer,
    BodyFailure,
    CallOptions,
    LastId,
    Model,
    Operation,
    Policies,
    RateLimitHeaders,
    Service,
    ServiceConfig,
    SyncService,
    env,
    field,
    paginate,
    paginate_sync,
)
from noctule.runtime.testing.contract import ExampleCall, ExamplePages, ServiceProfile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from noctule.runtime import AsyncStream, SyncStream


class Parcel(Model):
    id: str
    weight: int
    sender: str | None = field(name="from", default=None)


class ParcelList(Model):
    data: list[Parcel]
    has_more: bool = False


CREATE: Operation[Parcel] = Operation(
    "create_parcel", "POST", "/v1/parcels", returns=Parcel, body="form", retry="with_key"
)
REFUND: Operation[Parcel] = Operation(
    "refund", "POST", "/v1/refunds", returns=Parcel, body="json", moves_money=True
)
LIST: Operation[ParcelList] = Operation("list_parcels", "GET", "/v1/parcels", returns=ParcelList)
LABEL: Operation[bytes] = Operation("label", "GET", "/v1/parcels/{id}/label", returns=bytes)
NOTE: Operation[None] = Operation("note", "PUT", "/v1/notes", returns=None, body="text")
STATUS: Operation[JSON] = Operation("status", "GET", "/v1/status", returns=JSON)

FAILURE = BodyFailure(flag="meta.ok", code="error", rate_limited=("too_fast",))
CONFIG = ServiceConfig(
    name="parcels",
    base_url="https://api.parcels.test",
    auth=Bearer(env("PARCELS_TOKEN")),
    idempotency_header="Idempotency-Key",
    should_retry_header="Parcels-Retry",
    request_id_header="Request-Id",
    rate_limit=RateLimitHeaders("X-Remaining", "X-Reset", "epoch"),
    failure=FAILURE,
    headers={"Parcels-Version": "2"},
    policies=Policies(timeout=5.0),
)
Options = CallOptions | None


class Parcels(Service):
    config = CONFIG

    async def create_parcel(self, *, weight: int, options: Options = None) -> Parcel:
        return await self.call(CREATE, body={"weight": weight, "unit": "g"}, options=options)

    async def refund(self, *, parcel: str, options: Options = None) -> Parcel:
        return await self.call(REFUND, body={"parcel": parcel}, options=options)

    async def list_parcels(self, *, limit: int, options: Options = None) -> ParcelList:
        return await self.call(LIST, query={"limit": limit}, options=options)

    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> AsyncIterator[Any]:
        query = {"limit": limit}
        return paginate(self, LIST, LastId(), query=query, max_items=max_items, options=options)

    async def label(self, *, parcel: str, options: Options = None) -> bytes:
        return await self.call(LABEL, path={"id": parcel}, options=options)

    def label_stream(self, *, parcel: str) -> AbstractAsyncContextManager[AsyncStream]:
        return self.stream(LABEL, path={"id": parcel})

    async def note(self, *, text: str, options: Options = None) -> None:
        await self.call(NOTE, body=text, options=options)

    async def status(self, *, options: Options = None) -> JSON:
        return await self.call(STATUS, options=options)


class SyncParcels(SyncService):
    config = CONFIG

    def create_parcel(self, *, weight: int, options: Options = None) -> Parcel:
        return self.call(CREATE, body={"weight": weight, "unit": "g"}, options=options)

    def refund(self, *, parcel: str, options: Options = None) -> Parcel:
        return self.call(REFUND, body={"parcel": parcel}, options=options)

    def list_parcels(self, *, limit: int, options: Options = None) -> ParcelList:
        return self.call(LIST, query={"limit": limit}, options=options)

    def list_parcels_all(
        self, *, limit: int, max_items: int | None = None, options: Options = None
    ) -> Iterator[Any]:
        query = {"limit": limit}
        return paginate_sync(
            self, LIST, LastId(), query=query, max_items=max_items, options=options
        )

    def label(self, *, parcel: str, options: Options = None) -> bytes:
        return self.call(LABEL, path={"id": parcel}, options=options)

    def label_stream(self, *, parcel: str) -> AbstractContextManager[SyncStream]:
        return self.stream(LABEL, path={"id": parcel})

    def note(self, *, text: str, options: Options = None) -> None:
        self.call(NOTE, body=text, options=options)

    def status(self, *, options: Options = None) -> JSON:
        return self.call(STATUS, options=options)


PARCEL = {"id": "par_1", "weight": 500, "from": "Ada"}

CALLS: dict[str, ExampleCall[Parcels]] = {
    "create_parcel": ExampleCall(
        lambda parcels, options: parcels.create_parcel(weight=500, options=options),
        "POST /v1/parcels",
        form={"weight": "500", "unit": "g"},
        answer=PARCEL,
        least={"id": "par_1", "weight": 500},
    ),
    "refund": ExampleCall(
        lambda parcels, options: parcels.refund(parcel="par_1", options=options),
        "POST /v1/refunds",
        json={"parcel": "par_1"},
        answer=PARCEL,
        retry="never",
        payment=REFUND,
    ),
    "list_parcels": ExampleCall(
        lambda parcels, options: parcels.list_parcels(limit=2, options=options),
        "GET /v1/parcels?limit=2",
        answer={"data": [PARCEL], "has_more": False},
        pages=ExamplePages(
            lambda parcels, max_items, options: parcels.list_parcels_all(
                limit=2, max_items=max_items, options=options
            ),
            LastId(),
        ),
    ),
    "label": ExampleCall(
        lambda parcels, options: parcels.label(parcel="par_1", options=options),
        "GET /v1/parcels/par_1/label",
        content=b"%PDF",
        stream=lambda parcels: parcels.label_stream(parcel="par_1"),
    ),
    "note": ExampleCall(
        lambda parcels, options: parcels.note(text="fragile", options=options),
        "PUT /v1/notes",
        body=b"fragile",
        status=204,
    ),
    "status": ExampleCall(
        lambda parcels, options: parcels.status(options=options),
        "GET /v1/status",
        answer={"open": True},
    ),
}


def profile_of(service: type[Service | SyncService], **changes: Any) -> ServiceProfile:
    facts: dict[str, Any] = {
        "service": service,
        "name": "parcels",
        "url": "https://api.parcels.test",
        "secrets": ["PARCELS_TOKEN"],
        "authorization": "Bearer {PARCELS_TOKEN}",
        "headers": {"Parcels-Version": "2"},
        "idempotency_header": "Idempotency-Key",
        "request_id_header": "Request-Id",
        "should_retry_header": "Parcels-Retry",
        "rate_limit": RateLimitHeaders("X-Remaining", "X-Reset", "epoch"),
        "failure": FAILURE,
        "timeout": 5.0,
        **changes,
    }
    return ServiceProfile(**facts)
