"""Compares observations with the document: path, status, media type and body of each answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.apidoc.model.node import escape
from noctule.probing.credentials import credential_differences
from noctule.probing.differences import Difference, body_differences
from noctule.probing.headers import header_differences
from noctule.probing.observation import NOT_JSON
from noctule.sandbox.checks.routing import Router

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, ApiResponse, Media
    from noctule.probing.observation import Observation

DEEPEST_PREFIX = 4
"""Segments in front of a documented path that may be a base path nobody documented."""


@dataclass(frozen=True)
class Judged:
    """An observation with the operation that it called, and what of it differs."""

    observation: Observation
    operation: ApiOperation | None
    """None if the document has no such path and method."""
    differences: Mapping[Difference, list[object]] = field(repr=False)
    """Each with the values that show it."""


def compare(document: ApiDocument, observations: Iterable[Observation]) -> list[Judged]:
    """Every observation, judged; those to paths that the document lacks as well."""
    observations = list(observations)
    router = Router(document)
    prefixes = sorted({_path_of(server.url) for server in document.servers} | {""}, key=len)[::-1]
    found = _undocumented_prefix(router, observations, prefixes)
    judged = [
        _judge(document, router, observation, [found, *prefixes] if found else prefixes)
        for observation in observations
    ]
    if found:
        base = Difference("base_path", "", "#/servers", prefixes[0] or "/", found)
        judged = [
            Judged(each.observation, each.operation, {base: [], **each.differences})
            if each.operation is not None and each.observation.path.startswith(f"{found}/")
            else each
            for each in judged
        ]
    return judged


def _path_of(address: str) -> str:
    return urlsplit(address).path.rstrip("/")


def _undocumented_prefix(
    router: Router, observations: list[Observation], prefixes: list[str]
) -> str:
    """The base path that the document lacks: what stands in front of documented paths in most of
    the observations that no operation matches; "" if there is none."""
    counts: Counter[str] = Counter()
    unmatched = [e for e in observations if router.match(e.method, e.path, prefixes) is None]
    for observation in unmatched:
        segments = observation.path.split("/")
        for length in range(2, min(len(segments), DEEPEST_PREFIX + 2)):
            prefix = "/".join(segments[:length])
            if router.match(observation.method, observation.path, [prefix]) is not None:
                counts[prefix] += 1
                break
    (prefix, count), *_ = counts.most_common(1) or [("", 0)]
    return prefix if count * 2 > len(unmatched) and count * 2 > len(observations) else ""


def _judge(
    document: ApiDocument, router: Router, observation: Observation, prefixes: list[str]
) -> Judged:
    match = router.match(observation.method, observation.path, prefixes)
    if match is None:
        lost = Difference("undocumented_path", "", "#/paths", "", str(observation.status))
        return Judged(observation, None, {lost: []})
    operation = match.operation
    credentials = credential_differences(document, operation, observation)
    differences: dict[Difference, list[object]] = {each: [] for each in credentials}
    response = response_for(operation, observation.status)
    if response is None:
        listed = ", ".join(operation.responses)
        pointer = f"{operation.pointer}/responses"
        status = Difference("undocumented_status", "", pointer, listed, str(observation.status))
        differences[status] = [observation.json()]
    else:
        differences |= _body(observation, response)
        differences |= {each: [] for each in header_differences(observation, response)}
    return Judged(observation, operation, differences)


def response_for(operation: ApiOperation, status: int) -> ApiResponse | None:
    """What the document says of an answer with this status; None if it says nothing."""
    for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
        if key in operation.responses:
            return operation.responses[key]
    return None


def _body(observation: Observation, response: ApiResponse) -> Mapping[Difference, list[object]]:
    place = response.pointer
    if observation.method == "HEAD" or not (observation.body or response.media):
        return {}
    documented = ", ".join(response.media) or "no content"
    if not observation.body:
        return {Difference("no_body", "", place, documented, "nothing"): []}
    media = _media_for(response, observation.media)
    if media is None:
        came = observation.media or "no media type"
        return {Difference("media_type", "", place, documented, came): [observation.json()]}
    if not media.is_json or media.schema is None:
        return {}
    value = observation.json()
    if value is NOT_JSON:
        return {Difference("not_json", "", place, documented, "not JSON"): []}
    return body_differences(media.schema, value, _schema_place(response, media))


def _schema_place(response: ApiResponse, media: Media) -> str:
    """Where the schema of a response stands: Swagger 2.0 has one for all media types."""
    for node in media.schema.nodes if media.schema else ():
        if node.pointer.startswith(response.pointer):
            return node.pointer
    return f"{response.pointer}/content/{escape(media.type)}/schema"


def _media_for(response: ApiResponse, essence: str) -> Media | None:
    family = f"{essence.partition('/')[0]}/*"
    by_essence = {media.essence: media for media in response.media.values()}
    return by_essence.get(essence) or by_essence.get(family) or by_essence.get("*/*")
