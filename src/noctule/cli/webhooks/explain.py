"""`noctule webhooks explain`: why a delivery was rejected, and the fix."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noctule.cli import options
from noctule.cli.output import Output
from noctule.cli.webhooks.common import find_event, inbox, opened, trouble
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.messages import Language
    from noctule.webhooks.explain.causes import Cause
    from noctule.webhooks.store.base import RejectedDelivery


@click.command("explain", short_help="Say why a delivery was rejected, and the fix.")
@click.argument("target", metavar="FILE|rNUMBER|NUMBER|ID")
@click.option("--provider", metavar="ID", help="Whose delivery the file holds.")
@click.option("--secret", "names", metavar="VARIABLE", multiple=True, help="Repeatable.")
@click.option("--retired", metavar="VARIABLE", multiple=True, help="Earlier secrets; repeatable.")
@click.option("--url", default="", help="The address the provider was given.")
@click.option("--at", metavar="TIME", help="As of then: ISO 8601, or 2h (ago); now by default.")
@inbox
@options.as_json
@options.lang
def command(
    target: str, as_json: bool, lang: Language | None, inbox: str | None, **given: Any
) -> int:
    """Say why a delivery was rejected, and the fix.

    TARGET is a file with the whole HTTP request (with --provider), a rejection as `list --rejected`
    numbers them (r7), or a stored event. Ends with 1 when there is something to fix.
    """
    output = Output(lang or "en", as_json=as_json)
    path = Path(target)
    if path.is_file():
        with trouble():
            causes = _of_file(path, **given)
        return _tell(output, causes, target)
    with opened(inbox) as store:
        if target[:1] == "r" and target[1:].isdecimal():
            found = [r for r in store.rejections(1000) if r.seq == int(target[1:])]
            if not found:
                raise Problem("webhooks.no_rejection", exit=Exit.USAGE, place=target)
            return _tell(output, _of_rejection(found[0]), target)
        event = find_event(store, target)
    output.say("webhooks.genuine", name=f"#{event.seq}", secret=event.key, coverage=event.coverage)
    output.say(f"webhooks.state_{event.state}", reason=event.reason)
    output.json({"event": event.seq, "state": event.state, "reason": event.reason, "causes": []})
    return int(Exit.DONE if event.state in ("done", "pending", "leased") else Exit.FINDINGS)


def _tell(output: Output, causes: Sequence[Cause], target: str) -> int:
    if not causes:
        output.say("webhooks.accepted", name=target)
    for cause in causes:
        sure = "certain" if cause.certain else "likely"
        output.say(f"webhooks.cause_{sure}", why=cause.why(output.language))
        output.say("webhooks.fix", fix=cause.fix(output.language))
    output.json(
        {
            "causes": [
                {
                    "cause": cause.key,
                    "place": cause.place,
                    "detail": cause.detail,
                    "certain": cause.certain,
                    "why": cause.why(output.language),
                    "fix": cause.fix(output.language),
                }
                for cause in causes
            ]
        }
    )
    return int(Exit.FINDINGS if causes else Exit.DONE)


def _of_rejection(rejected: RejectedDelivery) -> list[Cause]:
    from noctule.webhooks.explain.causes import Cause

    kept = [Cause(key, place, detail) for key, place, detail in rejected.causes]
    return kept or [Cause(rejected.reason, rejected.place, certain=True)]


def _of_file(path: Path, **given: Any) -> list[Cause]:
    from noctule.cli.webhooks.common import time_of
    from noctule.runtime.secrets import require_env
    from noctule.stages.webhooks.routes import route_of
    from noctule.webhooks.explain import explain
    from noctule.webhooks.formats.http_message import read_capture
    from noctule.webhooks.schemes.registry import scheme_of

    if not given["provider"]:
        raise Problem("webhooks.whose", exit=Exit.USAGE, place=str(path))
    try:
        request = read_capture(path.read_bytes(), url=given["url"])
    except (ValueError, OSError) as error:
        raise Problem(
            "webhooks.no_capture", exit=Exit.USAGE, place=str(path), cause=str(error)
        ) from error
    route = route_of(given["provider"])
    names = given["names"] or route.secrets
    secrets = [secret.reveal() for secret in require_env(*names).values()]
    retired = [secret.reveal() for secret in require_env(*given["retired"]).values()]
    at = time_of(given["at"], "--at") or time.time()
    return explain(scheme_of(route.provider), request, secrets, at, retired=retired)
