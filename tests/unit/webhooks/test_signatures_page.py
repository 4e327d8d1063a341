"""docs/signatures.md is what the packs say, and the fuzzer runs as it says."""

from __future__ import annotations

import runpy
import subprocess
import sys

from noctule.providers import packs
from support.paths import BENCHMARKS, DOCS


def test_the_page_is_that_of_the_packs():
    page = runpy.run_path(str(DOCS / "signatures.py"))["page"]()
    assert (DOCS / "signatures.md").read_text(encoding="utf-8") == page
    assert all(pack.name in page for pack in packs().values())


def test_the_fuzzer_finds_nothing_in_a_few_thousand():
    program = BENCHMARKS / "webhooks" / "fuzz.py"
    done = subprocess.run(
        [sys.executable, str(program), "--deliveries", "500", "--seed", "7"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    families = {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert {"hmac", "hmac-timestamped", "ed25519", "ecdsa", "rsa", "jwt"} < families
