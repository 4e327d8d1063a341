"""Packs that users bring: found, read strictly, and explained when broken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from noctule import providers
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

ACME = """\
id = "acme"
name = "Acmé"
homepage = "https://acme.example"
aliases = ["acme corp"]

[document]
compact = "acme.openapi.json"
official = "https://acme.example/openapi.json"
compared = "2026-11-24"
compared_with = "acme-python 3.1.0"

[environments.live]
base_url = "https://api.acme.example"
note_en = "Real."
note_fr = "Réel."

[auth]
kind = "bearer"
env = { token = "ACME_TOKEN" }

[env.ACME_TOKEN]
role = "token"
en = "Token"
fr = "Jeton"

[needs.parcels]
en = "Send parcels"
fr = "Envoyer des colis"
words_en = ["parcel"]
words_fr = ["colis"]
operations = ["POST /parcels"]

[operations."POST /parcels"]
name = "create_parcel"
en = "Create a parcel"
fr = "Créer un colis"
"""
DOCUMENT = """\
{"openapi": "3.1.0", "info": {"title": "Acme", "version": "1"},
 "paths": {"/parcels": {"post": {"operationId": "create_parcel",
  "responses": {"201": {"description": "Created."}}}}}}
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOCTULE_PACKS", raising=False)


def write(folder: Path, text: str = ACME, name: str = "acme.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("acme.openapi.json").write_text(DOCUMENT, encoding="utf-8")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def broken(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        providers.read(path)
    problem = caught.value
    assert problem.place == str(path)
    assert problem.exit is Exit.USAGE
    for language in ("en", "fr"):
        assert str(path) in problem.cause(language)
    return problem


class TestBringingOnesOwn:
    def test_a_pack_in_the_project_is_found(self, tmp_path: Path) -> None:
        write(tmp_path / "integrations" / "packs")
        assert "acme" in providers.packs()
        assert providers.validate(providers.pack("acme")) == []

    def test_a_pack_is_found_by_its_accented_name(self, tmp_path: Path) -> None:
        write(tmp_path / "integrations" / "packs")
        found = providers.find("ACME")
        assert found is not None
        assert found.name == "Acmé"

    @pytest.mark.parametrize("as_file", [True, False])
    def test_a_pack_is_found_by_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_file: bool
    ) -> None:
        path = write(tmp_path / "shared")
        entry = path if as_file else path.parent
        monkeypatch.setenv("NOCTULE_PACKS", f"{tmp_path / 'missing'}{os.pathsep}{entry}")
        assert providers.pack("acme").path == path

    def test_the_project_wins_over_the_environment_over_the_shipped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listed = write(tmp_path / "shared", ACME.replace('"acme"', '"stripe"'), "stripe.toml")
        monkeypatch.setenv("NOCTULE_PACKS", str(listed.parent))
        assert providers.pack("stripe").path == listed
        own = write(
            tmp_path / "integrations" / "packs", ACME.replace('"acme"', '"stripe"'), "stripe.toml"
        )
        assert providers.pack("stripe").path == own

    def test_the_events_of_a_pack_without_a_list_are_the_described_ones(
        self, tmp_path: Path
    ) -> None:
        event = '\n[events."parcel.sent"]\nschema = "Parcel"\nen = "Sent"\nfr = "Parti"\n'
        pack = providers.read(write(tmp_path, ACME + event))
        assert pack.event_names == {"parcel.sent"}

    def test_a_broken_pack_harms_no_other(self, tmp_path: Path) -> None:
        write(tmp_path / "integrations" / "packs", "id = ")
        assert providers.pack("stripe").name == "Stripe"
        with pytest.raises(Problem):
            providers.packs()


class TestBrokenPacks:
    @pytest.mark.parametrize(
        ("old", "new", "key", "named"),
        [
            ('name = "Acmé"', 'name = "Acmé"\ncolour = "red"', "unknown_key", "colour"),
            ('kind = "bearer"', 'kind = "bearer"\nhost = "x"', "unknown_key", "auth.host"),
            ('fr = "Jeton"', "", "missing_key", 'env."ACME_TOKEN".fr'),
            ('en = "Create a parcel"', "", "missing_key", 'operations."POST /parcels".en'),
            ('note_fr = "Réel."', "", "missing_key", 'environments."live".note_fr'),
            ('homepage = "https://acme.example"', "", "missing_key", "homepage"),
            ('role = "token"', 'role = "tokn"', "wrong_value", 'env."ACME_TOKEN".role'),
            ('kind = "bearer"', 'kind = "magic"', "wrong_value", "auth.kind"),
            ('aliases = ["acme corp"]', "event_names = 3", "wrong_type", "event_names"),
            ('aliases = ["acme corp"]', "needs = 3", "not_toml", ""),
            ('aliases = ["acme corp"]', "events = 3", "wrong_type", "events"),
            ('aliases = ["acme corp"]', "events.sent = 3", "wrong_type", 'events."sent"'),
            ('aliases = ["acme corp"]', 'path = "/etc"', "unknown_key", "path"),
            ('name = "create_parcel"', 'name = "x"\nkey = "y"', "unknown_key", ".key"),
            ('id = "acme"', 'id = "other"', "wrong_name", "other.toml"),
            ('id = "acme"', "id = acme", "not_toml", "line 1"),
        ],
    )
    def test_the_file_the_key_and_the_cause_are_named(
        self, tmp_path: Path, old: str, new: str, key: str, named: str
    ) -> None:
        assert old in ACME
        problem = broken(write(tmp_path, ACME.replace(old, new, 1)))
        assert problem.key == f"providers.{key}"
        assert named in problem.cause("en")
        assert named in problem.cause("fr")

    def test_a_pack_that_is_not_text(self, tmp_path: Path) -> None:
        path = write(tmp_path)
        path.write_bytes(b'id = "\xff"')
        assert broken(path).key == "providers.not_toml"

    def test_a_pack_that_is_too_large(self, tmp_path: Path) -> None:
        assert broken(write(tmp_path, "#" * 1_000_001)).key == "providers.too_large"

    def test_a_pack_that_is_not_there(self, tmp_path: Path) -> None:
        assert broken(tmp_path / "gone.toml").key == "providers.unreadable"

    @pytest.mark.parametrize("compact", ["gone.json", "../acme.openapi.json", ""])
    def test_a_document_that_is_not_beside_the_pack(self, tmp_path: Path, compact: str) -> None:
        path = write(tmp_path / "packs", ACME.replace("acme.openapi.json", compact, 1))
        write(tmp_path)
        with pytest.raises(Problem, match="there is no such file next to the pack"):
            providers.read(path).document_bytes()


class TestValidation:
    @pytest.mark.parametrize(
        ("old", "new", "complaint"),
        [
            ('"POST /parcels"]', '"POST /letters"]', "POST /letters is not described"),
            (
                '[operations."POST /parcels"]',
                '[operations."POST /boxes"]',
                "is not in acme.openapi",
            ),
            ('name = "create_parcel"', 'name = "send"', "is create_parcel in the document"),
            ('fr = "Jeton"', 'fr = " "', "has no text in 'fr'"),
            ('words_fr = ["colis"]', "words_fr = []", "words are needed in both languages"),
            ('{ token = "ACME_TOKEN" }', '{ token = "ACME_KEY" }', "ACME_KEY is used and not"),
            ('kind = "bearer"', 'kind = "basic"', "basic takes ['password', 'username']"),
            ('role = "token"', 'role = "token"\nshape = "("', "not a regular expression"),
            ("[environments.live]", "[environments.other]", "`live` is missing"),
            ('aliases = ["acme corp"]', 'event_names = "a.b"', "nothing says how they are signed"),
        ],
    )
    def test_a_contradiction_is_told(
        self, tmp_path: Path, old: str, new: str, complaint: str
    ) -> None:
        assert old in ACME
        complaints = providers.validate(providers.read(write(tmp_path, ACME.replace(old, new, 1))))
        assert any(complaint in told for told in complaints)

    def test_an_event_outside_the_list_is_told(self, tmp_path: Path) -> None:
        text = 'event_names = "parcel.lost"\n' + ACME
        text += '\n[events."parcel.sent"]\nschema = "Parcel"\nen = "Sent"\nfr = "Parti"\n'
        complaints = providers.validate(providers.read(write(tmp_path, text)))
        assert "events: parcel.sent is not in event_names" in complaints
        assert "events: parcel.sent: no schema Parcel in acme.openapi.json" in complaints


class TestCost:
    def test_importing_the_room_is_light(self) -> None:
        code = (
            "import sys, noctule.providers as p; p.packs();"
            "heavy = {'yaml', 'httpx2', 'asyncio', 'noctule.apidoc', 'jsonschema_rs'};"
            "print(sorted(heavy & set(sys.modules)))"
        )
        told = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert told.stdout.strip() == "[]"

    def test_reading_all_packs_stays_cheap(self) -> None:
        """20 ms on an idle core; the bound leaves room for a busy machine."""
        shipped = [pack.path for pack in providers.packs().values()]
        assert min(self._once(shipped) for _ in range(9)) < 0.120

    def _once(self, paths: list[Path]) -> float:
        begin = time.process_time()
        for path in paths:
            providers.read(path)
        return time.process_time() - begin

    def test_finding_by_id_reads_one_pack(self, tmp_path: Path) -> None:
        write(tmp_path / "integrations" / "packs", "id = ")
        found = providers.find("Stripe")
        assert found is not None
        assert found.id == "stripe"


@pytest.mark.parametrize(
    ("pagination", "cause"),
    [
        ('style = "cursor"', "needs `next`"),
        ('style = "page_token"', "needs `next`"),
        ('style = "next_uri"', "needs `next`"),
        ('style = "offset"\nnext = "a"', "does not read `next`"),
        ('style = "last_id"\nnext = "header:Next"', "does not read `next`"),
        ('style = "link_header"\nmore = "a"', "does not read `more`"),
        ('style = "cursor"\nnext = "header:"', "nor header:NAME"),
        ('style = "cursor"\nnext = "body:a"', "nor header:NAME"),
        ('style = "cursor"\nnext = "header:Next Page"', "nor header:NAME"),
        ('style = "offset"\nmore = "query:a"', "nor header:NAME"),
    ],
)
def test_a_style_of_pages_that_cannot_be_kept(tmp_path: Path, pagination: str, cause: str) -> None:
    text = f'{ACME}\n[pagination]\nparameter = "at"\n{pagination}\n'
    with pytest.raises(Problem) as caught:
        providers.read(write(tmp_path, text))
    assert cause in caught.value.cause("en")
    assert "pagination" in caught.value.cause("en")
