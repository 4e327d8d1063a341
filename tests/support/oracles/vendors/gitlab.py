from typing import Any

from support.oracles.calls import Call, Vendor

GROUP = "group/project é"


def client() -> Any:
    from gitlab import Gitlab

    return Gitlab("https://gitlab.com", private_token="secret").projects.get(GROUP, lazy=True)


DIFFERS = {"version", "query space", "accept", "idle type"}
VENDOR = Vendor("gitlab.json", "python-gitlab", client, [
    Call("GET /v3/projects/{id}/issues",
         {"id": GROUP, "state": "opened", "labels": "bug,a b", "page": 2, "per_page": 5},
         lambda sdk: sdk.issues.list(state="opened", labels=["bug", "a b"], page=2, per_page=5)),
    Call("GET /v3/projects/{id}/repository/branches/{branch}",
         {"id": GROUP, "branch": "feature/x.1"}, lambda sdk: sdk.branches.get("feature/x.1")),
    Call("DELETE /v3/projects/{id}/repository/branches/{branch}",
         {"id": GROUP, "branch": "a b#c"}, lambda sdk: sdk.branches.delete("a b#c")),
    Call("GET /v3/projects/{id}/merge_requests", {"id": GROUP, "state": "all", "sort": "desc"},
         lambda sdk: sdk.mergerequests.list(state="all", sort="desc", get_all=False)),
], DIFFERS,
   renamed=("/v4/", "/v3/"))  # fmt: skip
