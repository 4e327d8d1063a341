"""One of several processes that call an API under one refresh token.

For each line on its input it makes some calls and prints, as JSON, how they failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from noctule.runtime import (
    JSON,
    OAuth2RefreshToken,
    Operation,
    ServiceConfig,
    ServiceError,
    SyncService,
    env,
)
from noctule.runtime.auth import TokenFile


def main(url: str, folder: str, calls: int) -> None:
    class Api(SyncService):
        config = ServiceConfig(
            name="api",
            base_url=url,
            auth=OAuth2RefreshToken(
                f"{url}/token",
                env("CLIENT_ID"),
                env("CLIENT_SECRET"),
                env("REFRESH_TOKEN"),
                store=TokenFile(Path(folder) / "tokens.json"),
            ),
        )

    read = Operation("read", "GET", "/items", returns=JSON)
    with Api() as api:
        print("ready", flush=True)
        for _ in sys.stdin:
            failures = []
            for _ in range(calls):
                try:
                    api.call(read)
                except ServiceError as error:
                    failures.append(str(error))
            print(json.dumps(failures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
