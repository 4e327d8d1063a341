"""`.env.example`: entries are added, nothing that is there changes."""

from hypothesis import given
from hypothesis import strategies as st

from noctule.project.env_file import merge, render

NAMES = st.from_regex(r"[A-Z][A-Z_]{1,12}", fullmatch=True)
VARIABLES = st.dictionaries(NAMES, st.text(max_size=40), min_size=1, max_size=6)


def entries(text: str) -> list[str]:
    return [line.partition("=")[0] for line in text.splitlines() if line and line[0] != "#"]


def test_a_section_names_and_describes_and_holds_no_value() -> None:
    section = render("Stripe", {"STRIPE_SECRET_KEY": "Clé API secrète"})
    assert section == "# --- Stripe ---\n# Clé API secrète\nSTRIPE_SECRET_KEY=\n"


def test_what_is_there_stays_as_it_is() -> None:
    section = render("Stripe", {"A": "first", "B": "second"})
    assert merge("X=1\nA=mine", section) == "X=1\nA=mine\n\n# --- Stripe ---\n# second\nB=\n"
    assert merge("# A=off\nexport B=2\n", section) == "# A=off\nexport B=2\n"


def test_a_deleted_entry_stays_deleted() -> None:
    before = render("Stripe", {"A": "first"})
    after = render("Stripe", {"A": "first", "B": "second"})
    assert merge("# --- Stripe ---\n", after, before) == "# --- Stripe ---\n# second\nB=\n"


def test_neither_names_nor_descriptions_can_add_a_line() -> None:
    section = render("S\nX=1", {"A": "first\nEVIL=1", "B\nEVIL": "no name", "C=1": "no name"})
    assert entries(section) == ["A"]


@given(st.text(max_size=80), VARIABLES)
def test_merging_keeps_every_byte_and_happens_once(current: str, variables: dict[str, str]) -> None:
    section = render("Service", variables)
    merged = merge(current, section)
    assert merged.startswith(current)
    assert merge(merged, section) == merged
    assert set(variables) <= set(entries(merged)) | set(entries(f"{current}\n")) | {
        name for name in variables if f"{name}=" in current or f"{name} " in current
    }
