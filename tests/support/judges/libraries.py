"""The providers' own libraries, and how they are asked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.judges.cases import Delivery

INSTALLED = ROOT / ".golden" / "judges"
PYTHON = INSTALLED / "python"
NPM = {
    "adyen": "@adyen/api-library",
    "adyen-platform": "@adyen/api-library",
    "aws-sns": "sns-validator",
    "bigcommerce": "standardwebhooks",  # as BigCommerce's documents tell to
    "clerk": "@clerk/backend",
    "coinbase-commerce": "coinbase-commerce-node",
    "contentful": "@contentful/node-apps-toolkit",
    "discord": "discord-interactions",
    "dropbox-sign": "@dropbox/sign",
    "github": "@octokit/webhooks-methods",
    "gocardless": "gocardless-nodejs",
    "hubspot": "@hubspot/api-client",
    "line": "@line/bot-sdk",
    "linear": "@linear/sdk",
    "mux": "@mux/mux-node",
    "notion": "@notionhq/client",
    "openai": "openai",
    "paddle": "@paddle/paddle-node-sdk",
    "razorpay": "razorpay",
    "replicate": "replicate",
    "resend": "resend",
    "sanity": "@sanity/webhook",
    "shopify": "@shopify/shopify-api",
    "square": "square",
    "telnyx": "telnyx",
    "x": "twitter-autohook",
    "zoom": "@zoom/rivet",
}
PYPI = {"mailgun": "mailgun"}
LIBRARIES = NPM | PYPI
"""Who judges a pack's signatures: a package that the provider publishes itself."""


def version(name: str) -> str:
    """Which library judges the pack, as it is installed."""
    if name in PYPI:
        (found,) = (one for one in distributions(path=[str(PYTHON)]) if one.name == PYPI[name])
        return f"{found.name} {found.version} (PyPI)"
    package = INSTALLED / "node_modules" / NPM[name] / "package.json"
    return f"{NPM[name]} {json.loads(package.read_text())['version']} (npm)"


def asked(name: str, ask: str, deliveries: Iterable[Delivery]) -> list[Any]:
    """The library's answers, in order: of "judge" true or false, of "sign" the headers or None."""
    if name in PYPI:
        return [ask == "judge" and mailgun(one) for one in deliveries]
    questions = [
        {"scheme": name, "ask": ask, "now": one.now, "url": one.url, "method": "POST",
         "headers": one.headers, "body": one.body, "secret": one.key.secret,
         "document": one.key.document.decode()}
        for one in deliveries
    ]  # fmt: skip
    done = subprocess.run(
        ["node", INSTALLED / "judges.mjs"],
        input="\n".join(map(json.dumps, questions)) + "\n",
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def mailgun(one: Delivery) -> bool:
    if str(PYTHON) not in sys.path:
        sys.path.append(str(PYTHON))
    from mailgun.security import SecurityGuard

    said = json.loads(one.body)["signature"]
    with patch.object(time, "time", lambda: float(one.now)):
        return SecurityGuard.verify_webhook(
            one.key.secret, said["token"], said["timestamp"], said["signature"]
        )
