"""The rules of signing on the page can be read, and say what the runtime does."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from noctule import manifest
from noctule.checks.signing import read_signing, rule_of, signing_of, variables_of
from noctule.manifest import IntegrationTask
from noctule.problem import Problem
from noctule.providers import AuthFact
from support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/request-signing.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_of_the_page_are_rules(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 3
    variables: list[str] = []
    for example in EXAMPLES:
        (tmp_path / "sign.toml").write_text(example)
        signing = read_signing(tmp_path / "sign.toml")
        task = IntegrationTask(service="Acme", auth="signed", signing=signing)
        assert manifest.loads(manifest.dumps(task)).signing == signing
        variables += variables_of(signing)
    assert variables == [
        "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "OVH_APPLICATION_KEY",
        "BINANCE_SECRET", "BINANCE_KEY", "KRAKEN_SECRET", "KRAKEN_KEY",
    ]  # fmt: skip


def test_a_pack_says_the_same(tmp_path: Path) -> None:
    for example in EXAMPLES:
        (tmp_path / "sign.toml").write_text(example)
        auth = AuthFact(kind="signed", sign=tomllib.loads(example))
        of_pack = rule_of(signing_of(auth.sign, "pack"), "pack")
        assert of_pack == rule_of(read_signing(tmp_path / "sign.toml"), "file")
    with pytest.raises(ValueError, match="go together"):
        AuthFact(kind="signed")
    with pytest.raises(Problem, match="does not say how to sign"):
        signing_of({"algorithm": "sha1", "signed": "", "headers": {"S": "{x}"}}, "pack")
