"""Documents of several files and documents behind addresses: what is read, and what never is."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from noctule.apidoc import bounds, load, parse, sample
from noctule.apidoc.loading import download
from noctule.apidoc.model.node import Node
from noctule.problem import Exit, Problem

TEXT = {"type": "string"}
GOOD = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}}


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def referring(reference: str) -> dict[str, object]:
    return {**GOOD, "components": {"schemas": {"It": {"properties": {"a": {"$ref": reference}}}}}}


def broken(path: Path | str) -> str:
    return load(path).schemas["It"].properties["a"].broken


# -- files


def test_a_document_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "pet.yaml").write_text(
        "type: object\nproperties:\n  owner: {$ref: '../common.json#/definitions/Owner'}\n"
        "  self: {$ref: '#'}\n",
        encoding="utf-8",
    )
    write(tmp_path / "common.json", {"definitions": {"Owner": {"properties": {"name": TEXT}}}})
    write(tmp_path / "paths.json", {"get": {"responses": {"200": {"$ref": "answers.json#/fine"}}}})
    write(
        tmp_path / "answers.json",
        {"fine": {"content": {"a/json": {"schema": {"$ref": "schemas/pet.yaml"}}}}},
    )
    main = write(tmp_path / "openapi.json", {**GOOD, "paths": {"/pets": {"$ref": "paths.json"}}})
    document = load(main)
    operation = document.operations["GET /pets"]
    assert operation.pointer == "paths.json#/get"
    assert operation.success is not None
    schema = operation.success.schema
    assert schema is not None
    assert (schema.name, schema.pointer) == ("pet", "schemas/pet.yaml#")
    owner = schema.properties["owner"]
    assert (owner.name, owner.pointer) == ("Owner", "common.json#/definitions/Owner")
    assert owner.properties["name"].type == "string"
    assert schema.properties["self"] == schema
    assert sample(schema)["owner"] == {"name": "string"}


def test_the_main_file_named_from_outside_is_the_same_file(tmp_path: Path) -> None:
    write(tmp_path / "part.json", {"back": {"$ref": "openapi.json#/components/schemas/It"}})
    document = load(write(tmp_path / "openapi.json", referring("part.json#/back")))
    schema = document.schemas["It"]
    assert schema.properties["a"] == schema


def test_a_file_is_read_once_and_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "part.json", {"a": TEXT, "b": TEXT})
    schemas = {"A": {"$ref": "part.json#/a"}, "B": {"$ref": "part.json#/b"}}
    main = write(tmp_path / "openapi.json", {**GOOD, "components": {"schemas": schemas}})
    opened: list[str] = []
    original = Path.open

    def spy(self: Path, *args: object, **kwargs: object) -> object:
        opened.append(self.name)
        return original(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", spy)
    document = load(main)
    assert document.operations == {}
    assert opened == ["openapi.json"]
    assert [document.schemas[name].type for name in "AB"] == ["string", "string"]
    assert opened == ["openapi.json", "part.json"]


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.json",
        "../secret.json#/a",
        "sub/../../secret.json",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:9/x.json",
        "link.json",
    ],
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, reference: str) -> None:
    write(tmp_path / "secret.json", {"a": {"const": "s3cret"}})
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    main = write(folder / "openapi.json", referring(reference))
    schema = load(main).schemas["It"].properties["a"]
    assert schema.type == "any"
    assert reference in schema.broken
    assert "s3cret" not in schema.broken


def test_a_document_without_a_folder_reads_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "part.json", TEXT)
    monkeypatch.chdir(tmp_path)
    document = parse(json.dumps(referring("part.json")).encode(), source="-")
    assert "no folder" in document.schemas["It"].properties["a"].broken


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), ("[1,", "not valid"), ("", "empty"), ("<html>", "web page")],
)
def test_a_part_that_cannot_be_read_says_why(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "part.json").write_text(content, encoding="utf-8")
    assert why in broken(write(tmp_path / "openapi.json", referring("part.json#/a")))


def test_files_are_counted_and_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "part.json", TEXT)
    main = write(tmp_path / "openapi.json", referring("part.json"))
    assert broken(main) == ""
    monkeypatch.setattr(bounds, "MAX_FILES", 1)
    assert "more than 1 files" in broken(main)
    monkeypatch.setattr(bounds, "MAX_FILES", 9)
    monkeypatch.setattr(bounds, "MAX_BYTES", main.stat().st_size)
    (tmp_path / "part.json").write_text(" " * main.stat().st_size + "{}", encoding="utf-8")
    assert "larger than" in broken(main)


def test_circles_over_files_end(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"$ref": "b.json"})
    write(tmp_path / "b.json", {"$ref": "a.json"})
    assert "circle" in broken(write(tmp_path / "openapi.json", referring("a.json")))


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "openapi.json", GOOD)
    assert load("~/openapi.json").title == "T"


# -- addresses


class Pages(BaseHTTPRequestHandler):
    """Serves `pages`: path -> (status, headers, body), or hangs on /silent."""

    pages: dict[str, tuple[int, dict[str, str], bytes]]
    seen: list[str]
    hang: threading.Event

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if self.path == "/silent":
            self.hang.wait(5)
            return
        status, headers, body = self.pages.get(self.path, (404, {}, b"no"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Site:
    def __init__(self, server: ThreadingHTTPServer, handler: type[Pages]) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.pages = handler.pages
        self.seen = handler.seen

    def put(self, path: str, body: object, status: int = 200, **headers: str) -> str:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.pages[path] = (status, headers, raw)
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    handler = type("Handler", (Pages,), {"pages": {}, "seen": [], "hang": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Site(server, handler)
    handler.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


def failed(address: str) -> Problem:
    with pytest.raises(Problem) as raised:
        load(address)
    assert raised.value.next_step("en")
    return raised.value


def test_a_document_behind_an_address(site: Site) -> None:
    site.put("/api/parts/it.json", {"a": TEXT})
    address = site.put(
        "/api/openapi.json", {**referring("parts/it.json#/a"), "servers": [{"url": "../v1"}]}
    )
    document = load(address)
    assert document.title == "T"
    assert document.source == address
    assert [server.url for server in document.servers] == [f"{site.url}/v1"]
    schema = document.schemas["It"].properties["a"]
    assert (schema.type, schema.pointer) == ("string", f"{site.url}/api/parts/it.json#/a")
    assert site.seen == ["/api/openapi.json", "/api/parts/it.json"]


def test_only_the_documents_own_origin_is_asked(site: Site) -> None:
    other = "http://127.0.0.1:9/secret.json"
    for reference in (other, "//127.0.0.1:9/x.json", "file:///etc/passwd"):
        address = site.put("/openapi.json", referring(reference))
        assert "own origin" in broken(address)


def test_a_part_behind_an_address_that_fails_says_why(site: Site) -> None:
    properties = {name: {"$ref": "gone.json"} for name in "ab"} | {"c": {"$ref": "http://[bad"}}
    address = site.put(
        "/openapi.json", {**GOOD, "components": {"schemas": {"It": {"properties": properties}}}}
    )
    found = load(address).schemas["It"].properties
    assert "the server answered 404" in found["a"].broken
    assert "the server answered 404" in found["b"].broken
    assert "not an address" in found["c"].broken
    assert site.seen == ["/openapi.json", "/gone.json"], "a failure is asked for once"


def test_redirects_are_followed_over_http_alone(site: Site) -> None:
    site.put("/real.json", GOOD)
    assert load(site.put("/moved", b"", 302, Location="/real.json")).title == "T"
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        problem = failed(site.put("/evil", b"", 302, Location=target))
        assert problem.exit is Exit.OUTSIDE
    looped = failed(site.put("/loop", b"", 302, Location="/loop"))
    assert looped.exit is Exit.OUTSIDE


def test_a_redirect_leaves_no_origin(site: Site) -> None:
    """Neither a document's nor a reference's: the other machine may be one that only we reach."""
    elsewhere = site.url.replace("127.0.0.1", "127.0.0.2")
    outside = (f"{elsewhere}/real.json", "http://127.0.0.1:9/x", "http://169.254.169.254/latest")
    for target in (*outside, f"{site.url.replace('//', '//a:b@')}/real.json"):
        site.put("/real.json", GOOD)
        problem = failed(site.put("/away", b"", 302, Location=target))
        assert "another origin" in problem.cause("en")
        site.put("/part.json", b"", 307, Location=target)
        assert "another origin" in broken(site.put("/openapi.json", referring("part.json")))
        site.put("/hop", b"", 301, Location="/away")
        assert "another origin" in failed(f"{site.url}/hop").cause("en")


@pytest.mark.parametrize(
    ("start", "target", "followed"),
    [
        ("http://a.test/x", "https://a.test/x", True),
        ("http://a.test/x", "https://a.test:443/x", True),
        ("https://a.test/x", "https://A.test:443/y", True),
        ("https://a.test/x", "/y?z", True),
        ("https://a.test/x", "http://a.test/x", False),
        ("http://a.test/x", "https://a.test:8443/x", False),
        ("https://a.test/x", "https://b.test/x", False),
        ("https://a.test/x", "https://a.test.b.test/x", False),
        ("https://a.test/x", "//10.0.0.1/x", False),
        ("https://a.test/x", "https://localhost/x", False),
        ("https://a.test/x", "ftp://a.test/x", False),
    ],
)
def test_where_a_redirect_may_lead(start: str, target: str, followed: bool) -> None:
    if followed:
        assert download.redirected(start, start, target).startswith("https://")
    else:
        with pytest.raises(Problem, match="another origin"):
            download.redirected(start, start, target)


@pytest.mark.parametrize(
    "secret",
    [
        "user:pa55@",
        "?token=T0k3n",
        "?api_key=1",
        "?v=ghp_1234567890abcdef",
        "?sig=a",
        "?x=1&SECRET=a",
    ],
)
def test_an_address_with_a_secret_is_refused(site: Site, secret: str) -> None:
    site.put("/openapi.json", GOOD)
    user = secret if secret.endswith("@") else ""
    query = secret if not user else ""
    problem = failed(f"{site.url.replace('//', f'//{user}')}/openapi.json{query}")
    assert (problem.key, problem.exit) == ("apidoc.secret_address", Exit.REFUSED)
    value = secret.rpartition("=")[2].removesuffix("@")
    assert len(value) == 1 or value not in problem.cause("en")
    assert site.seen == []


def test_an_address_with_an_innocent_query_is_read(site: Site) -> None:
    site.put("/openapi.json?version=2&lang=fr", GOOD)
    assert load(f"{site.url}/openapi.json?version=2&lang=fr").title == "T"


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_answer_that_is_no_document(site: Site, status: int) -> None:
    problem = failed(site.put("/x", b"nope", status))
    assert (problem.key, problem.exit) == ("apidoc.unreachable", Exit.OUTSIDE)
    assert str(status) in problem.cause("fr")


def test_a_web_page_is_no_document(site: Site) -> None:
    problem = failed(site.put("/docs", b"<html>Docs</html>"))
    assert (problem.key, problem.exit) == ("apidoc.markup", Exit.USAGE)


def test_what_is_secret_in_an_address_is_not_shown(site: Site) -> None:
    address = site.url.replace("//", "//user:pa55@") + "/x?token=t0ken"
    problem = failed(address)
    for text in (
        problem.cause("en"),
        problem.place,
        repr(problem),
        json.dumps(problem.as_json("fr")),
    ):
        assert "pa55" not in text
        assert "t0ken" not in text
    assert problem.place == f"{site.url}/x?…"


def test_a_server_that_is_silent_or_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "TIMEOUT", 0.05)
    assert "timed out" in failed(f"{site.url}/silent").cause("en")
    for address in ("http://127.0.0.1:9/x", "http://[bad/x", "http://name.invalid/x", "http:///x"):
        assert failed(address).exit is Exit.OUTSIDE


def test_a_download_without_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    address = site.put("/big", b"x" * 5000)
    monkeypatch.setattr(bounds, "MAX_BYTES", 1000)
    assert failed(address).key == "apidoc.too_large"
    monkeypatch.setattr(bounds, "MAX_BYTES", 10_000)
    monkeypatch.setattr(bounds, "TOTAL", -1.0)
    assert "took more than" in failed(address).cause("en")


def test_an_own_way_to_fetch() -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return json.dumps(referring("other.json") if len(asked) == 1 else TEXT).encode()

    document = load("https://a.example/openapi.json", fetch=fetch)
    assert document.schemas["It"].properties["a"].type == "string"
    assert asked == ["https://a.example/openapi.json", "https://a.example/other.json"]


def test_pointers_are_places() -> None:
    document = parse(json.dumps(GOOD).encode(), source="x")
    assert isinstance(document.root, Node)
    assert document.root.at("info", "title").pointer == "#/info/title"
