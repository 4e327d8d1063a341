"""What the tests of this room share: schemes, published vectors, a clock."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import settings

from noctule.webhooks import Scheme

_DATA = Path(__file__).parents[2] / "data" / "webhooks" / "vectors.toml"
_TOML = tomllib.loads(_DATA.read_text(encoding="utf-8"))
SCHEMES = {name: Scheme.parse(table, name) for name, table in _TOML["schemes"].items()}
VECTORS: list[dict[str, Any]] = _TOML["vectors"]
NOW = 1_800_000_000.0
URL = "https://shop.example/webhooks?tenant=1"

samples = settings(deadline=None, max_examples=40)
"""For properties: the machine may be busy, so no example has a deadline."""
