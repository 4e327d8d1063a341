"""A user edits generated files, and a later version of the task has other operations."""

import ast
import random
import re
from collections.abc import Callable

import pytest

from noctule import apidoc
from noctule.codegen import render
from noctule.codegen.python.merge import combine_definitions, merge_imports
from noctule.project.merging.three_way import merge
from noctule.project.rendered import Rendered
from noctule.providers import pack, packs
from support.codegen_tasks import task_of

Edit = Callable[[str, random.Random], str]
PAIRS = 120
PROVIDERS = sorted(name for name, known in packs().items() if len(known.operations) >= 6)


def versions(provider: str, chance: random.Random) -> tuple[list[Rendered], list[Rendered]]:
    """The same integration before and after operations came, and one went at times."""
    known = pack(provider)
    document = apidoc.parse(known.document_bytes(), source=f"pack:{provider}")
    operations = {fact.name: key for key, fact in known.operations.items()}
    names = chance.sample(sorted(operations), 6)
    events = sorted(known.events)[:2] if known.webhook else []
    before, after = names[:4], [*names[: chance.choice([3, 4, 4, 4])], *names[4:]]
    chance.shuffle(after) if chance.random() < 0.05 else None
    made = []
    for chosen in (before, after):
        task = task_of(provider, {name: operations[name] for name in chosen}, tuple(events))
        files = render(task, document, known)
        made.append([file for file in files if file.role in ("wrapper", "webhook", "tests")])
    return made[0], made[1]


def add_method(text: str, chance: random.Random) -> str:
    """At the end of the class, or in front of one of its methods."""
    places = [found.start() for found in re.finditer(r"^    (?:async )?def ", text, re.MULTILINE)]
    method = "    async def mine(self, key: str) -> int:\n        return len(key)\n"
    if not places or chance.random() < 0.5:
        return f"{text}\n{method}" if places else text
    at = chance.choice(places)
    return f"{text[:at]}{method}\n{text[at:]}"


def edit_docstring(text: str, chance: random.Random) -> str:
    places = [found.start() for found in re.finditer(r'(?<=""")[A-Z]', text)]
    at = chance.choice(places)
    return f"{text[:at]}Mind the shop: {text[at].lower()}{text[at + 1 :]}"


def add_body(text: str, chance: random.Random) -> str:
    """A line of the user's own in the body of a function."""
    places = list(re.finditer(r"^( +)(?:return|assert|logger\.info)\b", text, re.MULTILINE))
    found = chance.choice(places) if places else None
    start = found.start() if found else 0
    return f"{text[:start]}{found[1]}print('mine')\n{text[start:]}" if found else text


def add_function(text: str, _: random.Random) -> str:
    return f'{text}\n\ndef helper(name: str) -> str:\n    """Mine."""\n    return name.title()\n'


def add_import(text: str, _: random.Random) -> str:
    return re.sub(r"^((?:import|from) )", r"import decimal\n\1", text, count=1, flags=re.MULTILINE)


def change_value(text: str, chance: random.Random) -> str:
    """A line of the user's taste instead of one that was generated."""
    places = list(re.finditer(r" = None,$| == .*$", text, re.MULTILINE))
    at = chance.choice(places).end() if places else len(text)
    return f"{text[:at]}  # mine{text[at:]}" if places else text


EDITS: list[Edit] = [
    add_method, edit_docstring, add_body, add_function, add_import, change_value
]  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_upgrade_over_edits_compiles_and_rarely_conflicts(provider: str) -> None:
    chance = random.Random(provider)
    pairs = conflicts = 0
    while pairs < PAIRS // len(PROVIDERS):
        for old, new in zip(*versions(provider, chance), strict=True):
            mine = old.text
            for edit in chance.sample(EDITS, chance.randint(1, 3)):
                mine = edit(mine, chance)
            ast.parse(mine)
            merged = merge(*merge_imports(old.text, mine, new.text, "app"), combine_definitions)
            pairs += 1
            conflicts += merged.conflicts > 0
            if not merged.conflicts:
                ast.parse(merged.text)
                added = set(mine.split("\n")) - set(old.text.split("\n"))
                assert not {line for line in added if "import" not in line} - set(
                    merged.text.split("\n")
                )
    assert conflicts <= pairs * 0.15
