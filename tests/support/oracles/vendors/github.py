from typing import Any

from support.oracles.calls import Call, Vendor

AT = {"owner": "octo", "repo": "hello"}


def client() -> Any:
    from github import Auth, Github

    return Github(auth=Auth.Token("secret"), retry=None).get_repo("octo/hello", lazy=True)


DIFFERS = {
    "query order",
    "query space",
    "json spelling",
    "json order",
    "accept",
    "version header",
    "auth scheme",
}
VENDOR = Vendor("github.json", "PyGithub", client, [
    Call("POST /repos/{owner}/{repo}/issues",
         {**AT, "title": "Bug", "body": "é", "labels": ["a", "b c"], "assignees": ["ada"]},
         lambda sdk: sdk.create_issue("Bug", body="é", labels=["a", "b c"], assignees=["ada"])),
    Call("POST /repos/{owner}/{repo}/labels", {**AT, "name": "a b", "color": "ff0000"},
         lambda sdk: sdk.create_label("a b", "ff0000")),
    Call("GET /repos/{owner}/{repo}/labels/{name}", {**AT, "name": "good first/é?"},
         lambda sdk: sdk.get_label("good first/é?").color),
    Call("GET /repos/{owner}/{repo}/contents/{path}", {**AT, "path": "docs/a b.md", "ref": "v1/é"},
         lambda sdk: sdk.get_contents("docs/a b.md", ref="v1/é")),
    Call("GET /repos/{owner}/{repo}/issues",
         {**AT, "state": "closed", "labels": "bug,a b", "sort": "created"},
         lambda sdk: sdk.get_issues(state="closed", labels=["bug", "a b"], sort="created")[0]),
    Call("PUT /repos/{owner}/{repo}/topics", {**AT, "names": ["a", "b"]},
         lambda sdk: sdk.replace_topics(["a", "b"])),
    Call("PUT /repos/{owner}/{repo}/contents/{path}",
         {**AT, "path": "a.txt", "message": "é", "content": "aGk=", "branch": "main",
          "committer": {"name": "Ada", "email": "a@example.com"}},
         lambda sdk: _write(sdk)),
], DIFFERS)  # fmt: skip


def _write(repo: Any) -> object:
    from github import InputGitAuthor

    ada = InputGitAuthor("Ada", "a@example.com")
    return repo.create_file("a.txt", "é", "hi", branch="main", committer=ada)
