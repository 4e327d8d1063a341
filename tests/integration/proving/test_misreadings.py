"""A wrapper that differs from its document in one place is caught there, by a judge that reads the
document by itself: each edit is what a misreading of the generator would have written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from noctule.messages import LANGUAGES
from noctule.proving import table
from support.misreadings import depot, lists

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.proving import PromiseCheck
    from support.misreadings import Generated

BASE = 'base_url="https://api.depot.example/v1"'
STYLES = '"ids": "form", "kinds": "pipeDelimited", "filter": "deepObject"'
GET = "returns=GetParcelResult)"
ACCEPTS = '    accepts="application/vnd.depot+json",\n'
ACCOUNT = '                ApiKeyHeader("X-Account", env("DEPOT_ACCOUNT")),\n'
SCOPED = '                scopes=("reports.write",),\n'
TAGS = '"tags": tags'
TENANT = '"X-Tenant": x_tenant, '
COOKIE = ', "Cookie": {"region": region}'

REQUESTS: dict[str, tuple[str, str, str, str, str]] = {
    "another host": (BASE, BASE.replace("depot", "evil"), "get_parcel", "right_host", "host"),
    "no base path": (BASE, BASE.replace("/v1", ""), "get_parcel", "right_host", "host"),
    "another base path": (BASE, BASE.replace("/v1", "/v2"), "get_parcel", "right_host", "host"),
    "the first server": (
        '    server="upload.depot.example",\n', "", "upload_label", "right_host", "host",
    ),
    "another path": ('"/status"', '"/health"', "get_status", "right_host", "no_operation"),
    "another method": ('"DELETE"', '"PATCH"', "delete_parcel", "right_host", "no_operation"),
    "plain Accept": (ACCEPTS, "", "list_parcels", "right_accept", "accept"),
    "Accept of another operation": (
        GET, 'returns=GetParcelResult, accepts="text/csv")', "get_parcel", "right_accept", "accept",
    ),
    "no credential": (
        GET, 'returns=GetParcelResult, auth="none")', "get_parcel",
        "right_credentials", "credential_missing",
    ),
    "half of two credentials": (
        ACCOUNT, "", "delete_parcel", "right_credentials", "credential_missing",
    ),
    "the usual credential instead": (
        ', auth="key+account"', "", "delete_parcel", "right_credentials", "credential_missing",
    ),
    "one credential too many": (
        ACCOUNT, f'{ACCOUNT}                Bearer(env("DEPOT_TOKEN")),\n', "delete_parcel",
        "right_credentials", "credential_extra",
    ),
    "a credential for everybody": (
        ', auth="none"', "", "get_status", "right_credentials", "credential_public",
    ),
    "no scope": (SCOPED, "", "create_report", "right_scopes", "scope"),
    "another scope": (
        SCOPED, SCOPED.replace("write", "read"), "create_report", "right_scopes", "scope",
    ),
    "a list repeated": (
        STYLES, STYLES.replace('"ids": "form", ', ""), "list_parcels", "right_request", "style",
    ),
    "a list in brackets": (
        STYLES, f'{STYLES}, "tags": "brackets"', "list_parcels", "right_request", "style",
    ),
    "a list joined": (STYLES, f'{STYLES}, "tags": "form"', "list_parcels", "arrives", "altered"),
    "another separator": (
        STYLES, STYLES.replace("pipe", "space"), "list_parcels", "arrives", "altered",
    ),
    "an object joined": (
        STYLES, STYLES.replace('"deepObject"', '"form"'), "list_parcels", "right_request", "style",
    ),
    "an object of plain parameters": (
        STYLES, STYLES.replace('"deepObject"', '"form-explode"'), "list_parcels",
        "right_request", "undeclared",
    ),
    "a parameter under another name": (
        TAGS, '"tag": tags', "list_parcels", "right_request", "undeclared",
    ),
    "an argument forgotten": (f", {TAGS}", "", "list_parcels", "arrives", "not_sent"),
    "an argument for another": (TAGS, '"tags": kinds', "list_parcels", "arrives", "altered"),
    "a header forgotten": (TENANT, "", "list_parcels", "right_request", "missing"),
    "a cookie forgotten": (COOKIE, "", "list_parcels", "right_request", "missing"),
    "a header as a parameter": (
        TAGS, f'{TAGS}, "X-Tenant": x_tenant', "list_parcels", "right_request", "undeclared",
    ),
    "a form for JSON": (
        'body="json"', 'body="form"', "create_parcel", "right_request", "content_type",
    ),
    "a member under another name": (
        '{"name": name, ', '{"label": name, ', "create_parcel", "right_request", "undeclared",
    ),
    "a member of another type": (
        '{"name": name, ', '{"name": [name], ', "create_parcel", "right_request", "value",
    ),
    "a part of another type": (
        '{"rows": "text/csv"}', '{"rows": "text/plain"}', "upload_label",
        "right_request", "part_type",
    ),
    "a part of no type": (
        '    parts={"rows": "text/csv"},\n', "", "upload_label", "right_request", "part_type",
    ),
    "an object as text": (
        '"meta": meta', '"meta": str(meta)', "upload_label", "right_request", "part_type",
    ),
    "a form's list repeated": (
        '    styles={"columns": "form"},\n', "", "create_report", "right_request", "style",
    ),
}  # fmt: skip
"""What is edited, into what, the method, the broken promise and the kind of the finding."""


BOTH = 'returns=GetParcelResult, accepts="application/json, application/xml")'
ANSWERS: dict[str, tuple[str, str, str, str]] = {
    "a second success": (
        "    also={202: CreateParcelAccepted},\n", "", "create_parcel", "other_success",
    ),
    "a second success of another type": (
        "also={202: CreateParcelAccepted}", "also={202: None}", "create_parcel", "other_success",
    ),
    "a media type that was asked for": (GET, BOTH, "get_parcel", "other_media_type"),
    "304 to a condition": (", also={304: None}", "", "get_label", "not_modified"),
    "what a redirect leads to": (
        'returns=bytes, accepts="*/*"', "returns=None", "get_scan", "redirect",
    ),
}  # fmt: skip
"""What is edited, into what, the method and the row."""


OWN = """

async def own_pages(service):
    cursor = None
    while True:
        page = await service.list_cursors(cursor=cursor)
        {first}
        for item in page.data or ():
            yield item
        if not page.has_more:
            return
        cursor = page.next_cursor
"""
ENDLESS, TRUSTING = OWN.format(first="pass"), OWN.format(first="page.data[0]")
ITERATES = "return paginate(\n            self,\n            LIST_CURSORS,"
CURSOR, NUMBER = 'Cursor(more="has_more")', 'PageNumber(pages="total_pages")'
PAGES: dict[str, tuple[str, str, str, str]] = {
    "another parameter": (
        CURSOR, 'Cursor(parameter="after", more="has_more")', "list_cursors", "pages",
    ),
    "another member": (CURSOR, 'Cursor(next_at="next")', "list_cursors", "pages"),
    "numbers for offsets": (
        'Offset(total="total")', 'PageNumber(parameter="offset", total="total")',
        "list_offsets", "pages",
    ),
    "offsets for numbers": (NUMBER, 'Offset(parameter="page")', "list_numbers", "pages"),
    "numbers from 0": (NUMBER, 'PageNumber(first=0, pages="total_pages")', "list_numbers", "pages"),
    "one page": ('NextUrl(next_at="next")', 'NextUrl(next_at="nxt")', "list_addresses", "pages"),
    "the same page for ever": (ITERATES, "return own_pages(self)", "list_cursors", "pages_repeat"),
    "no empty page": (ITERATES, "return own_pages(self)", "list_cursors", "pages_lie"),
}  # fmt: skip
"""What is edited, into what, the method and the row."""


def broken(
    folder: Path,
    before: str,
    after: str,
    method: str,
    *faults: str,
    project: Generated | None = None,
) -> list[PromiseCheck]:
    project = project or depot()
    assert before in project.wrapper
    wrapper = project.wrapper.replace(before, after, 1)
    matrix = project.proven(folder, wrapper, *faults, methods=[method])
    text = {language: table(matrix, language) for language in LANGUAGES}
    checks = [check for row in matrix.rows for check in row.broken]
    for finding in (finding for check in checks for finding in check.findings):
        for language in LANGUAGES:
            assert finding.text(language) in text[language]
        assert finding.operation in text["en"]
        assert finding.pointer.startswith("#/")
    return checks


@pytest.mark.parametrize("name", REQUESTS)
def test_a_misread_request_is_caught(name: str, tmp_path: Path) -> None:
    before, after, method, promise, kind = REQUESTS[name]
    checks = broken(tmp_path, before, after, method, "none", "every_argument")
    findings = {(check.promise, finding.kind) for check in checks for finding in check.findings}
    assert (promise, kind) in findings


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_not_read_is_caught(name: str, tmp_path: Path) -> None:
    before, after, method, fault = ANSWERS[name]
    checks = broken(tmp_path, before, after, method, fault)
    assert {check.promise for check in checks} == {"reads_answer"}
    assert {finding.kind for check in checks for finding in check.findings} == {"unread"}


PAGED = {"pages": "reads_pages", "pages_repeat": "stops_repeating", "pages_lie": "survives_lie"}


@pytest.mark.parametrize("name", PAGES)
def test_a_misread_page_is_caught(name: str, tmp_path: Path) -> None:
    before, after, method, fault = PAGES[name]
    project = lists()
    if "own_pages" in after:
        own = TRUSTING if fault == "pages_lie" else ENDLESS
        project = replace(project, wrapper=project.wrapper + own)
        after = f"{after}\n        {before}"
    checks = broken(tmp_path, before, after, method, fault, project=project)
    assert PAGED[fault] in {check.promise for check in checks}
    assert "pages" in {finding.kind for check in checks for finding in check.findings}


def test_lists_in_pages_hold(tmp_path: Path) -> None:
    matrix = lists().proven(tmp_path, lists().wrapper, *PAGED)
    assert matrix.held, table(matrix, "en")
    assert len(matrix.rows) == 4 * len(PAGED)


ROWS = ("none", "every_argument", "other_success", "other_media_type", "redirect", "not_modified")


def test_the_wrapper_that_they_misread_holds(tmp_path: Path) -> None:
    project = depot()
    matrix = project.proven(tmp_path, project.wrapper, *ROWS)
    assert {row.fault for row in matrix.rows} == {*ROWS} - {"other_media_type"}
    assert matrix.held, table(matrix, "en")
