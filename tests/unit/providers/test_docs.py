"""docs/providers.md: its example is a pack, its table has every key, its Python runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from noctule import providers
from support.paths import DOCS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "providers.md"
TEXT = PAGE.read_text(encoding="utf-8")
TABLES = (
    providers.Pack,
    providers.DocumentFacts,
    providers.Environment,
    providers.EnvFact,
    providers.AuthFact,
    providers.IdempotencyFact,
    providers.RetryFact,
    providers.RateLimitFact,
    providers.PaginationFact,
    providers.FailureFact,
    providers.UnsignedFact,
    providers.WebhookFact,
    providers.Need,
    providers.OperationFact,
    providers.EventFact,
    providers.Erratum,
)


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def test_the_whole_pack_is_a_pack(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(block("toml"), encoding="utf-8")
    (tmp_path / "acme.openapi.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "Acme", "version": "1"},'
        ' "components": {"schemas": {"Parcel": {"type": "object"}}},'
        ' "paths": {"/parcels": {"post": {"operationId": "create_parcel",'
        ' "responses": {"201": {"description": "Created."}}}}}}',
        encoding="utf-8",
    )
    assert providers.validate(providers.read(path)) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_is_described(table: type[providers.Pack]) -> None:
    rows = TEXT.split("## The keys")[1].split("\n## ")[0]
    named_by_the_table = {"id", "key", "name", "path"}
    for key in set(table.__struct_fields__) - named_by_the_table:
        assert re.search(rf"\| `{key}[.`]|`{key}`", rows), key


def test_the_python_runs() -> None:
    exec(compile(block("python"), str(PAGE), "exec"), {})
