"""An overlay as YAML, for a file beside the task."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def dumps(title: str, actions: Iterable[Mapping[str, Any]], *, extends: str = "") -> str:
    """The text of an Overlay 1.1; equal bytes for equal actions. `extends` names the document,
    relative to the overlay."""
    root: dict[str, Any] = {"overlay": "1.1.0", "info": {"title": title, "version": "1"}}
    if extends:
        root["extends"] = extends
    root["actions"] = [dict(action) for action in actions]
    stream = io.StringIO()
    dumper = _plain_dumper()(stream, sort_keys=False, allow_unicode=True, width=100)
    dumper.open()
    dumper.represent(root)
    dumper.close()
    return stream.getvalue()


def _plain_dumper() -> Any:
    """Without anchors: YAML shares equal values, which people who edit the file do not expect."""
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    return Plain
