"""docs/signatures.md equals the packs, and the fuzzer finds nothing."""

from __future__ import annotations

import runpy

from benchmarks.webhooks import fuzz
from noctule.providers import packs
from support.paths import DOCS


def test_the_page_equals_the_packs():
    page = runpy.run_path(str(DOCS / "signatures.py"))["page"]()
    assert (DOCS / "signatures.md").read_text(encoding="utf-8") == page
    assert all(pack.name in page for pack in packs().values())


def test_the_fuzzer_finds_nothing_in_a_few_thousand(capsys):
    assert fuzz.main(["--deliveries", "500", "--seed", "7"]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    families = {line.split("|")[1].strip() for line in table[2:]}
    assert {"hmac", "hmac-timestamped", "ed25519", "ecdsa", "rsa", "jwt"} < families
